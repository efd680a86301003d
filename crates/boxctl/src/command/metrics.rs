//! `boxctl metrics`: prints what Prometheus reads, or puts it where `node_exporter` looks.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use boxd_client::Code;

use crate::{args::Metrics, daemon, failure::Failure, global::Global, output::print};

pub(super) fn run(global: &Global, options: &Metrics) -> Result<(), Failure> {
    let text = daemon::connect_any(global)?.metrics()?;
    let Some(file) = &options.output else { return print(&text) };
    replace(file, &text).map_err(|error| {
        let detail = format!("{} cannot be written: {error}", file.display());
        Failure::of(
            Code::Internal,
            detail,
            "check its directory: who may write there, and how much room is left",
        )
    })
}

/// Writes a file beside, then puts it in the place of the old one.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    let beside = beside(file)?;
    let written = write(&beside, text).and_then(|()| fs::rename(&beside, file));
    if written.is_err() {
        // It may not even exist; the reason for the failure is told anyway.
        drop(fs::remove_file(&beside));
    }
    written
}

/// A name that no collector takes for its own: they read `*.prom`.
fn beside(file: &Path) -> io::Result<PathBuf> {
    let mut name = file.file_name().ok_or(io::ErrorKind::InvalidFilename)?.to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    Ok(file.with_file_name(name))
}

fn write(file: &Path, text: &str) -> io::Result<()> {
    let mut opened = OpenOptions::new().write(true).create_new(true).open(file)?;
    readable_by_all(&opened)?;
    opened.write_all(text.as_bytes())?;
    opened.sync_all()
}

/// The collector is another user, whatever the umask here says; there is no secret in it.
#[cfg(unix)]
fn readable_by_all(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

/// On Windows it is as readable as its directory.
#[cfg(windows)]
#[expect(clippy::unnecessary_wraps, reason = "the other systems can fail here")]
fn readable_by_all(_file: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside() {
        let directory = tempfile::TempDir::new().unwrap();
        let file = directory.path().join("boxd.prom");
        replace(&file, "old and longer\n").unwrap();
        replace(&file, "new\n").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new\n");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);
        }
    }

    #[test]
    fn what_cannot_be_replaced_leaves_nothing_beside() {
        let directory = tempfile::TempDir::new().unwrap();
        let occupied = directory.path().join("boxd.prom");
        fs::create_dir(&occupied).unwrap();
        assert!(replace(&occupied, "text").is_err());
        assert!(replace(&directory.path().join("missing/boxd.prom"), "text").is_err());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        assert!(replace(Path::new("/"), "text").is_err());
    }
}
