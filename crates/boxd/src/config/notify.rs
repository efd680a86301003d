//! `[notify]`: the command that is run when a person is needed.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

use super::{
    ConfigError,
    document::{Keys, Value},
};

const NOTIFY: Keys = Keys { known: &["command"], elsewhere: &[] };
/// Where programs are looked for if nobody says.
pub(crate) const USUAL_PATH: &str =
    if cfg!(windows) { r"C:\Windows\System32;C:\Windows" } else { "/usr/local/bin:/usr/bin:/bin" };

/// A command that gets each event as JSON on its standard input. It is run without a shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// The program: a name that is looked up in `PATH`, or a path.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
}

/// A command of `[notify]` that would not run.
#[derive(Debug, thiserror::Error)]
pub enum NotRunnable {
    /// No such file.
    #[error("[notify] command: there is no program {} (looked for {place})", program.display())]
    Missing {
        /// As configured.
        program: PathBuf,
        /// Where it was looked for.
        place: &'static str,
    },
    /// A file without the right to run it.
    #[error("[notify] command: {} cannot be run: `chmod +x` it", .0.display())]
    NotExecutable(PathBuf),
}

impl Hook {
    pub(super) fn read(value: &Value<'_, '_>, base: &Path) -> Result<Self, ConfigError> {
        let table = value.table(NOTIFY)?;
        let Some(value) = table.get("command") else {
            return Err(value.invalid("has no `command`, such as command = [\"page-me\"]"));
        };
        let mut words = value.strings()?.into_iter();
        let program = words.next().filter(|program| !program.is_empty());
        let program = program.ok_or_else(|| value.invalid("names no program"))?;
        let arguments: Vec<String> = words.collect();
        if arguments.iter().chain([&program]).any(|word| word.contains('\0')) {
            return Err(value.invalid("holds a NUL character"));
        }
        // A bare name is looked up in PATH, a path is relative to the config file, as all file names are.
        let program = if program.contains(std::path::is_separator) {
            base.join(program)
        } else {
            PathBuf::from(program)
        };
        Ok(Self { program, arguments })
    }

    /// The file that would be run, going by this `PATH`.
    ///
    /// # Errors
    /// Where there is none, or it cannot be run.
    pub fn locate(&self, path: Option<&OsStr>) -> Result<PathBuf, NotRunnable> {
        let missing = |place| NotRunnable::Missing { program: self.program.clone(), place };
        if self.program.components().count() > 1 {
            let file = file_of(self.program.clone()).ok_or_else(|| missing("there"))?;
            return if is_executable(&file) { Ok(file) } else { Err(NotRunnable::NotExecutable(file)) };
        }
        let path = path.unwrap_or(OsStr::new(USUAL_PATH));
        std::env::split_paths(path)
            .filter_map(|directory| file_of(directory.join(&self.program)))
            .find(|file| is_executable(file))
            .ok_or_else(|| missing("in PATH"))
    }
}

/// The file that is meant by a path: Windows finds `x.exe` for `x`, too.
fn file_of(path: PathBuf) -> Option<PathBuf> {
    let with_ending = path.with_extension("exe");
    if cfg!(windows) && path.extension().is_none() && with_ending.is_file() {
        return Some(with_ending);
    }
    path.is_file().then_some(path)
}

#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok()
}

/// Elsewhere its name says so; starting it tells.
#[cfg(not(unix))]
fn is_executable(_file: &Path) -> bool {
    true
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    fn hook(program: impl Into<PathBuf>) -> Hook {
        Hook { program: program.into(), arguments: Vec::new() }
    }

    #[test]
    fn a_program_is_found_by_name_or_by_path() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("page-me");
        fs::write(&file, "#!/bin/sh\n").unwrap();
        let path = Some(place.path().as_os_str());
        assert!(matches!(hook(&file).locate(None), Err(NotRunnable::NotExecutable(_))));
        assert!(hook("page-me").locate(path).is_err());
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(hook(&file).locate(None).unwrap(), file);
        assert_eq!(hook("page-me").locate(path).unwrap(), file);
        assert!(matches!(hook("page-you").locate(path), Err(NotRunnable::Missing { .. })));
        assert!(hook(place.path()).locate(None).is_err(), "a directory is no program");
        assert!(hook("sh").locate(None).is_ok());
    }
}
