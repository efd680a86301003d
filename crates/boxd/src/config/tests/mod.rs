//! Config files as people write them, and secrets where they keep them.

mod access;
mod accounts;
mod bindings;
mod exposed;
mod faults;
mod resolving;
mod secrets;

use std::path::PathBuf;

use super::{Config, ConfigError};

/// A directory with a config file that only we can read.
struct Home {
    directory: tempfile::TempDir,
}

impl Home {
    fn with(text: &str) -> Self {
        let home = Self { directory: tempfile::tempdir().unwrap() };
        home.write("config.toml", text);
        home.mode("config.toml", 0o600);
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    #[cfg(unix)]
    fn mode(&self, name: &str, mode: u32) {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[cfg(windows)]
    #[expect(clippy::unused_self, reason = "as on other systems")]
    fn mode(&self, _name: &str, _mode: u32) {}

    fn load(&self) -> Result<Config, ConfigError> {
        Config::load(&self.path("config.toml"), true)
    }
}

fn config(text: &str) -> Config {
    Home::with(text).load().unwrap()
}

/// The error without the directory.
fn fault(text: &str) -> String {
    let home = Home::with(text);
    let error = home.load().unwrap_err().to_string();
    assert!(!error.contains("canary"), "a secret in {error}");
    error.replace(home.directory.path().to_str().unwrap(), "").trim_start_matches('/').to_owned()
}
