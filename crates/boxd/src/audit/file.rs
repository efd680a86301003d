//! The files of the log: one that grows, and older ones with a number behind their name.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use super::{Settings, system};

const NAME: &str = "audit.log";

/// The file that is written, opened when it is needed.
#[derive(Debug)]
pub(super) struct LogFile {
    directory: PathBuf,
    pub(super) settings: Settings,
    open: Option<(File, u64)>,
    /// A file that was begun is found by its name after a power cut, too.
    name_is_durable: bool,
}

impl LogFile {
    pub(super) fn new(directory: &Path, settings: Settings) -> Self {
        Self { directory: directory.to_owned(), settings, open: None, name_is_durable: false }
    }

    /// Adds whole lines. Durable, they are on the disk when this returns. Blocking.
    pub(super) fn append(&mut self, lines: &[u8], durable: bool) -> io::Result<()> {
        let written = self.try_append(lines, durable);
        if written.is_err() {
            // Nobody knows what the file holds now: it is looked at anew.
            self.open = None;
        }
        written
    }

    fn try_append(&mut self, lines: &[u8], durable: bool) -> io::Result<()> {
        let length = u64::try_from(lines.len()).unwrap_or(u64::MAX);
        let (mut file, size) = if let Some(open) =
            self.open.take().filter(|(file, _)| system::is_in_place(file, &path(&self.directory, 0)))
        {
            open
        } else {
            self.name_is_durable = false;
            open(&path(&self.directory, 0))?
        };
        let mut size = size;
        if size > 0 && size.saturating_add(length) > self.settings.max_size {
            drop(file);
            self.rotate()?;
            self.name_is_durable = false;
            (file, size) = open(&path(&self.directory, 0))?;
        }
        file.write_all(lines)?;
        if durable {
            file.sync_data()?;
            if !self.name_is_durable {
                system::sync_names(&self.directory)?;
                self.name_is_durable = true;
            }
        }
        self.open = Some((file, size.saturating_add(length)));
        Ok(())
    }

    /// Puts the file aside. What there is no room for is gone.
    fn rotate(&self) -> io::Result<()> {
        let keep = self.settings.keep.max(1);
        for number in numbers(&self.directory).into_iter().rev() {
            let old = path(&self.directory, number);
            let kept = number.saturating_add(1) < keep;
            let moved = if kept {
                fs::rename(&old, path(&self.directory, number + 1))
            } else {
                fs::remove_file(&old)
            };
            match moved {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

/// All files of the log, the oldest first, as they are now: what is rotated meanwhile stays readable.
pub(super) fn all(directory: &Path) -> Vec<File> {
    let numbers = numbers(directory).into_iter().rev();
    numbers.filter_map(|number| File::open(path(directory, number)).ok()).collect()
}

/// The numbers of the files that there are, rising; the one that is written has 0.
fn numbers(directory: &Path) -> Vec<u32> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut numbers: Vec<u32> = names
        .filter_map(|name| match name.strip_prefix(NAME)? {
            "" => Some(0),
            rest => rest.strip_prefix('.')?.parse().ok().filter(|number| (1..u32::MAX).contains(number)),
        })
        .collect();
    numbers.sort_unstable();
    numbers
}

fn path(directory: &Path, number: u32) -> PathBuf {
    match number {
        0 => directory.join(NAME),
        number => directory.join(format!("{NAME}.{number}")),
    }
}

/// The file, with its size. Where a crash left half a line the next one begins anew.
fn open(path: &Path) -> io::Result<(File, u64)> {
    let mut file = system::options().read(true).append(true).create(true).open(path)?;
    let mut size = file.metadata()?.len();
    if size > 0 {
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            file.write_all(b"\n")?;
            size += 1;
        }
    }
    Ok((file, size))
}
