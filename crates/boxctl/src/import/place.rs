//! Where the tools keep their credentials.

use std::path::PathBuf;

use super::{box_cli, missing::missing, source::Source};
use crate::{args::Kind, failure::Failure};

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

/// The first file that rclone itself would take (rclone: `makeConfigPath`).
fn rclone() -> Result<Source, Failure> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(file) = variable("RCLONE_CONFIG") {
        return Source::read(&file);
    }
    let places: Vec<PathBuf> = [
        variable("APPDATA").filter(|_folder| cfg!(windows)).map(|folder| folder.join("rclone/rclone.conf")),
        variable("XDG_CONFIG_HOME").map(|folder| folder.join("rclone/rclone.conf")),
        std::env::home_dir().map(|home| home.join(".config/rclone/rclone.conf")),
        std::env::home_dir().map(|home| home.join(".rclone.conf")),
    ]
    .into_iter()
    .flatten()
    .collect();
    match places.iter().find(|file| file.exists()) {
        Some(file) => Source::read(file),
        None => Err(missing("rclone.conf", &places, "rclone config file says where it is: name that file")),
    }
}
