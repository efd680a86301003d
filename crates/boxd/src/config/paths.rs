//! Where the config file and the state directory are.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// The config file of a system service.
const SYSTEM_CONFIG: &str = "/etc/boxd/config.toml";

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub struct PathFlags {
    /// `--config FILE`.
    pub config: Option<PathBuf>,
    /// `--state-dir DIR`.
    pub state_dir: Option<PathBuf>,
}

/// The directories that the platform sets aside for this user's boxd; `None` without a home.
#[derive(Clone, Debug, Default)]
pub struct PlatformDirs {
    /// Linux: `~/.config/boxd`.
    pub config: Option<PathBuf>,
    /// Linux: `~/.local/state/boxd`; where a platform knows no such place, that of local data.
    pub state: Option<PathBuf>,
}

/// The places in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The config file.
    pub config: PathBuf,
    /// Whether flag or environment named it: then it must exist.
    pub config_explicit: bool,
    /// The state directory.
    pub state_dir: PathBuf,
    /// Whether flag or environment named it: then the socket is in it.
    pub state_explicit: bool,
    /// Run as a system service: systemd gave us a state directory (the user unit asks for none).
    pub system: bool,
}

/// There is no home directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no home directory is known: name the places with --config FILE and --state-dir DIR")]
pub struct Homeless;

impl PlatformDirs {
    /// Those of the user that runs this process.
    pub fn of_this_user() -> Self {
        let dirs = directories::ProjectDirs::from("", "", "boxd");
        Self {
            config: dirs.as_ref().map(|dirs| dirs.config_dir().to_owned()),
            state: dirs.map(|dirs| dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_owned()),
        }
    }
}

impl Paths {
    /// Flag, then environment, then the service manager's, then the platform's.
    pub fn locate(
        flags: PathFlags,
        variable: impl Fn(&str) -> Option<OsString>,
        platform: PlatformDirs,
    ) -> Result<Self, Homeless> {
        let path = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let service_state = path("STATE_DIRECTORY").map(|list| first_of(&list));
        let system = service_state.is_some();

        let config = flags.config.or_else(|| path("BOXD_CONFIG"));
        let config_explicit = config.is_some();
        let default_config = || {
            if system {
                Some(PathBuf::from(SYSTEM_CONFIG))
            } else {
                platform.config.map(|dir| dir.join("config.toml"))
            }
        };
        let state_dir = flags.state_dir.or_else(|| path("BOXD_STATE_DIR"));
        let state_explicit = state_dir.is_some();
        Ok(Self {
            config: config.or_else(default_config).ok_or(Homeless)?,
            config_explicit,
            state_dir: state_dir.or(service_state).or(platform.state).ok_or(Homeless)?,
            state_explicit,
            system,
        })
    }
}

/// systemd separates several directories with colons (systemd.exec(5), `StateDirectory=`).
fn first_of(list: &Path) -> PathBuf {
    match list.to_str().and_then(|list| list.split_once(':')) {
        Some((first, _)) => first.into(),
        None => list.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locate(flags: PathFlags, variables: &[(&str, &str)]) -> Result<Paths, Homeless> {
        let home = PlatformDirs { config: Some("/h/.config/boxd".into()), state: Some("/h/state".into()) };
        let variable = |name: &str| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
        };
        Paths::locate(flags, variable, home)
    }

    #[test]
    fn a_user_has_the_platforms_places() {
        let paths = locate(PathFlags::default(), &[("BOXD_CONFIG", "")]).unwrap();
        assert_eq!(paths.config, Path::new("/h/.config/boxd/config.toml"));
        assert_eq!(paths.state_dir, Path::new("/h/state"));
        assert!(!paths.config_explicit && !paths.state_explicit && !paths.system);
    }

    #[test]
    fn a_system_service_has_systemds_places() {
        let paths =
            locate(PathFlags::default(), &[("STATE_DIRECTORY", "/var/lib/boxd:/var/lib/other")]).unwrap();
        assert_eq!(paths.config, Path::new("/etc/boxd/config.toml"));
        assert_eq!(paths.state_dir, Path::new("/var/lib/boxd"));
        assert!(paths.system && !paths.state_explicit && !paths.config_explicit);
    }

    #[test]
    fn flags_win_over_the_environment_which_wins_over_defaults() {
        let environment =
            [("BOXD_CONFIG", "/e/c"), ("BOXD_STATE_DIR", "/e/s"), ("STATE_DIRECTORY", "/var/lib/boxd")];
        let paths = locate(PathFlags::default(), &environment).unwrap();
        assert_eq!((paths.config, paths.state_dir), ("/e/c".into(), "/e/s".into()));
        assert!(paths.config_explicit && paths.state_explicit);

        let flags = PathFlags { config: Some("/f/c".into()), state_dir: Some("/f/s".into()) };
        let paths = locate(flags, &environment).unwrap();
        assert_eq!((paths.config, paths.state_dir), ("/f/c".into(), "/f/s".into()));
    }

    #[test]
    fn without_a_home_the_places_must_be_named() {
        let none = |_: &str| None;
        assert_eq!(Paths::locate(PathFlags::default(), none, PlatformDirs::default()), Err(Homeless));
        let flags = PathFlags { config: Some("/f/c".into()), state_dir: Some("/f/s".into()) };
        assert!(Paths::locate(flags, none, PlatformDirs::default()).is_ok());
    }
}
