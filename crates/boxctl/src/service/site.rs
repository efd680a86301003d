//! What of this machine and its caller decides what a plan says.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use boxd_client::{Code, Environment};

use crate::failure::Failure;

/// A service manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manager {
    Systemd,
    Launchd,
    TaskScheduler,
}

/// Whose service it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    User,
    System,
}

/// Where everything is.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) manager: Manager,
    pub(crate) scope: Scope,
    /// The boxd beside this boxctl.
    pub(crate) boxd: PathBuf,
    pub(crate) boxctl: PathBuf,
    pub(crate) home: PathBuf,
    /// `$XDG_CONFIG_HOME`, or `~/.config`.
    pub(crate) config_home: PathBuf,
    pub(crate) uid: u32,
    /// `DOMAIN\name`, on Windows only.
    pub(crate) windows_user: String,
    /// `%LOCALAPPDATA%`, on Windows only.
    pub(crate) local_app_data: PathBuf,
    /// Where a daemon of this scope serves; none where that cannot be known yet.
    pub(crate) socket: Option<PathBuf>,
}

// === impl Manager ===

impl Manager {
    /// The one of the platform that this was built for.
    fn of_this_platform() -> Option<Self> {
        if cfg!(target_os = "linux") {
            Some(Self::Systemd)
        } else if cfg!(target_os = "macos") {
            Some(Self::Launchd)
        } else if cfg!(windows) {
            Some(Self::TaskScheduler)
        } else {
            None
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Systemd => "systemd",
            Self::Launchd => "launchd",
            Self::TaskScheduler => "task-scheduler",
        }
    }

    /// Within a sentence.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Systemd => "systemd",
            Self::Launchd => "launchd",
            Self::TaskScheduler => "the task scheduler",
        }
    }
}

// === impl Scope ===

impl Scope {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::System => "system",
        }
    }
}

// === impl Site ===

impl Site {
    /// As this process sees it.
    pub(crate) fn of_this_process(scope: Scope) -> Result<Self, Failure> {
        let manager = Manager::of_this_platform().ok_or_else(|| {
            failure(
                "boxctl knows no service manager of this platform",
                "have the system's own start `boxd`, which stays in the foreground",
            )
        })?;
        if (manager, scope) == (Manager::TaskScheduler, Scope::System) {
            return Err(Failure::usage(
                "on Windows boxd is a task of yours: there is no system service",
                "leave --system out",
            ));
        }
        let boxctl = this_program()?;
        let variable = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home_name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
        let home = match (variable(home_name), scope) {
            (Some(home), _) => home,
            // Nothing of a system service is there.
            (None, Scope::System) => PathBuf::from("/"),
            (None, Scope::User) => {
                return Err(failure(
                    format!("no home directory is known: {home_name} is not set"),
                    format!("set {home_name}, or install it for the system with --system"),
                ));
            }
        };
        let config_home = variable("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"));
        let local_app_data = variable("LOCALAPPDATA").unwrap_or_else(|| home.join("AppData").join("Local"));
        let word = |name: &str| env::var(name).unwrap_or_default();
        Ok(Self {
            manager,
            scope,
            boxd: boxctl.with_file_name(if cfg!(windows) { "boxd.exe" } else { "boxd" }),
            boxctl,
            home,
            config_home,
            uid: uid(),
            windows_user: format!("{}\\{}", word("USERDOMAIN"), word("USERNAME")),
            local_app_data,
            socket: socket(scope),
        })
    }

    /// The words that make `boxctl` mean this very service.
    pub(crate) fn command(&self, verb: &str) -> String {
        match self.scope {
            Scope::User => format!("boxctl service {verb}"),
            Scope::System => format!("sudo boxctl service {verb} --system"),
        }
    }
}

/// The path of this program that outlives an upgrade: package managers link from a directory that stays into one that
/// has the version in its name.
fn this_program() -> Result<PathBuf, Failure> {
    let real = env::current_exe().map_err(|error| {
        failure(format!("boxctl does not know where it is: {error}"), "start it by its full path")
    })?;
    let search = env::var_os("PATH").unwrap_or_default();
    let name = real.file_name().unwrap_or_default().to_owned();
    let canonical = fs::canonicalize(&real).ok();
    let linked = env::split_paths(&search)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(&name))
        .find(|path| canonical.is_some() && fs::canonicalize(path).ok() == canonical);
    let beside = |path: &Path| path.with_file_name(if cfg!(windows) { "boxd.exe" } else { "boxd" }).exists();
    Ok(linked.filter(|path| beside(path)).unwrap_or(real))
}

/// The service does not see the variables of this shell.
fn socket(scope: Scope) -> Option<PathBuf> {
    let environment = Environment { socket: None, state_dir: None, ..Environment::of_this_process() };
    environment.client_socket(None, None, scope == Scope::System, |_| true).ok()
}

#[cfg(unix)]
fn uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn uid() -> u32 {
    0
}

fn failure(detail: impl Into<String>, next_step: impl Into<String>) -> Failure {
    Failure::of(Code::Internal, detail, next_step)
}
