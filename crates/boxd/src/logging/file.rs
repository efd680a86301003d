//! A log file that does not grow for ever: for where nobody keeps what boxd writes to stderr.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// From this size on, in bytes, a new file is begun. One old one is kept, so twice as much is used at most.
const LARGEST: u64 = 4 * 1024 * 1024;

/// The file, and how much is in it.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    /// `None` only within [`LogFile::turn_over`], or where it could not be opened again.
    file: Option<File>,
    size: u64,
    largest: u64,
}

// === impl LogFile ===

impl LogFile {
    /// Goes on where an earlier process ended.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Self::with_largest(path, LARGEST)
    }

    fn with_largest(path: &Path, largest: u64) -> io::Result<Self> {
        let file = append_to(path)?;
        let size = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file: Some(file), size, largest })
    }

    /// Puts the file aside as `NAME.1`, in the place of an older one. Where that cannot be done now, as somebody else has
    /// it open (Windows), the file goes on for as long again.
    fn turn_over(&mut self) -> io::Result<()> {
        // Windows would not move it while it is open.
        self.file = None;
        let mut old = self.path.clone().into_os_string();
        old.push(".1");
        let moved = fs::rename(&self.path, old);
        self.file = Some(append_to(&self.path)?);
        self.size = 0;
        moved
    }
}

impl Write for LogFile {
    /// Writes one line whole: a file is never changed within one.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.size >= self.largest || self.file.is_none() {
            // Better a large log than none.
            self.turn_over().unwrap_or_default();
        }
        let file = self.file.as_mut().ok_or(io::ErrorKind::NotFound)?;
        file.write_all(line)?;
        self.size = self.size.saturating_add(u64::try_from(line.len()).unwrap_or(u64::MAX));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_old_file_is_kept_and_no_line_is_cut() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("boxd.log");
        fs::write(&path, "earlier\n").unwrap();
        let mut log = LogFile::with_largest(&path, 20).unwrap();
        for line in ["one\n", "two is longer\n", "three\n", "four is longer still\n", "five\n"] {
            log.write_all(line.as_bytes()).unwrap();
        }
        let read = |name: &str| fs::read_to_string(home.path().join(name)).unwrap();
        assert_eq!(read("boxd.log.1"), "three\nfour is longer still\n");
        assert_eq!(read("boxd.log"), "five\n");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_file_that_cannot_be_put_aside_goes_on() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("boxd.log");
        // A directory that is not empty cannot be replaced.
        fs::create_dir_all(home.path().join("boxd.log.1/full")).unwrap();
        let mut log = LogFile::with_largest(&path, 1).unwrap();
        log.write_all(b"one\n").unwrap();
        log.write_all(b"two\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    }
}
