//! Where the tools keep their credentials.

use std::path::PathBuf;

use super::kind::Kind;
use super::{box_cli, missing::missing, source::Source};
use crate::failure::Failure;

/// What a tool keeps where it usually does.
pub(super) fn of(kind: Kind) -> Result<Source, Failure> {
    match kind {
        Kind::Rclone => rclone(),
        Kind::BoxCli => box_cli::environments(),
        Kind::Postman | Kind::BoxApp | Kind::JavaSdk | Kind::Token | Kind::Json => Err(Failure::usage(
            "no file is given, and this kind has no usual place",
            "boxctl import --from KIND FILE, or - for stdin",
        )),
    }
}

/// The same; `None` where the tool keeps nothing.
pub(super) fn of_if_there(kind: Kind) -> Option<Result<Source, Failure>> {
    let is_there = match kind {
        Kind::Rclone => rclone_places().iter().any(|file| file.exists()),
        Kind::BoxCli => box_cli::is_there(),
        Kind::Postman | Kind::BoxApp | Kind::JavaSdk | Kind::Token | Kind::Json => false,
    };
    is_there.then(|| of(kind))
}

fn rclone() -> Result<Source, Failure> {
    let places = rclone_places();
    match places.iter().find(|file| file.exists()).or(places.first().filter(|_first| places.len() == 1)) {
        Some(file) => Source::read(file),
        None => Err(missing("rclone.conf", &places, "rclone config file says where it is: name that file")),
    }
}

/// The files of which rclone itself takes the first that is there (rclone: `makeConfigPath`).
fn rclone_places() -> Vec<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(file) = variable("RCLONE_CONFIG") {
        return vec![file];
    }
    [
        variable("APPDATA").filter(|_folder| cfg!(windows)).map(|folder| folder.join("rclone/rclone.conf")),
        variable("XDG_CONFIG_HOME").map(|folder| folder.join("rclone/rclone.conf")),
        std::env::home_dir().map(|home| home.join(".config/rclone/rclone.conf")),
        std::env::home_dir().map(|home| home.join(".rclone.conf")),
    ]
    .into_iter()
    .flatten()
    .collect()
}
