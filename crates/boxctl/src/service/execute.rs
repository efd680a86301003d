//! Carries a plan out, and puts everything back where it fails half-way.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use boxd_client::Code;

use super::{
    ask::ask,
    diagnose::{Fault, diagnose},
    end_daemon::end_daemon,
    plan::{File, OnFailure, Plan, Run, Step},
    site::Site,
};
use crate::failure::Failure;

/// How to take one step back.
enum Undo {
    Delete(PathBuf),
    DeleteDirectory(PathBuf),
    Restore { path: PathBuf, bytes: Vec<u8>, mode: u32 },
    Rename { from: PathBuf, to: PathBuf },
}

/// Does all of it, or leaves everything as it was.
pub(crate) fn execute(site: &Site, plan: &Plan) -> Result<(), Failure> {
    for path in plan.steps.iter().filter_map(changed) {
        writable(path).map_err(|error| unwritable(site, path, &error))?;
    }
    let mut undo = Vec::new();
    for step in &plan.steps {
        if let Err(failure) = take(site, step, &mut undo) {
            if !matches!(step, Step::Run(run) if run.on_failure == OnFailure::Stay) {
                take_back(undo, plan.settle.as_deref());
            }
            return Err(failure);
        }
    }
    Ok(())
}

fn take(site: &Site, step: &Step, undo: &mut Vec<Undo>) -> Result<(), Failure> {
    let (path, done) = match step {
        Step::Run(run) => return start(site, run),
        Step::EndDaemon => {
            end_daemon(site);
            return Ok(());
        }
        Step::RemoveLock(path) => {
            // It does no harm where it stays.
            remove_lock(path).unwrap_or_default();
            return Ok(());
        }
        Step::Directory { path, mode } => (path, directories(path, Some(*mode), undo)),
        Step::Write(file) => (&file.path, write(file, undo)),
        Step::Remove(path) => (path, remove(path, undo)),
        Step::Rename { from, to } => (from, rename(from, to, undo)),
    };
    done.map_err(|error| unwritable(site, path, &error))
}

/// The file that a step changes.
fn changed(step: &Step) -> Option<&Path> {
    match step {
        Step::Directory { path, .. } | Step::Remove(path) | Step::Rename { from: path, .. } => Some(path),
        Step::Write(file) => Some(&file.path),
        Step::EndDaemon | Step::RemoveLock(_) | Step::Run(_) => None,
    }
}

/// Asked before the first step: a service that was stopped cannot be put back as it was.
#[cfg(unix)]
fn writable(path: &Path) -> io::Result<()> {
    let Some(directory) = path.ancestors().skip(1).find(|directory| directory.exists()) else {
        return Ok(());
    };
    Ok(rustix::fs::access(directory, rustix::fs::Access::WRITE_OK)?)
}

/// There rights are not in a mode.
#[cfg(not(unix))]
fn writable(path: &Path) -> io::Result<()> {
    path.file_name().map(drop).ok_or_else(|| io::ErrorKind::InvalidFilename.into())
}

fn unwritable(site: &Site, path: &Path, error: &io::Error) -> Failure {
    let detail =
        format!("{} cannot be changed: {error}; the files of the service are as they were", path.display());
    let print = site.command("install").replace("sudo ", "") + " --print";
    let next_step =
        format!("make its directory writable, or do it another way: `{print}` shows the files and commands");
    Failure::of(Code::Internal, detail, next_step)
}

fn start(site: &Site, run: &Run) -> Result<(), Failure> {
    let program = run.shown();
    let failure = match ask(&run.words) {
        Ok(answer) if answer.status.success() => return Ok(()),
        Ok(answer) => {
            let told = if answer.err.trim().is_empty() { answer.out } else { answer.err };
            diagnose(site, &format!("`{program}`"), &Fault::Told(&told))
        }
        Err(error) => diagnose(site, run.words.first().map_or("", String::as_str), &Fault::Start(&error)),
    };
    if run.on_failure == OnFailure::Ignore { Ok(()) } else { Err(failure) }
}

/// Makes a directory and what leads to it. The mode is for the last one.
fn directories(path: &Path, mode: Option<u32>, undo: &mut Vec<Undo>) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        directories(parent, None, undo)?;
    }
    fs::create_dir(path)?;
    undo.push(Undo::DeleteDirectory(path.to_owned()));
    mode.map_or(Ok(()), |mode| set_mode(path, mode))
}

/// Writes beside, then puts it in place: no reader sees half of it, and no link is followed.
fn write(file: &File, undo: &mut Vec<Undo>) -> io::Result<()> {
    if let Some(parent) = file.path.parent() {
        directories(parent, None, undo)?;
    }
    let before = remembered(&file.path)?;
    // No suffix that a service manager would read.
    let mut beside = file.path.as_os_str().to_owned();
    beside.push(format!(".{}.tmp", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = write_new(&beside, &file.bytes(), file.mode).and_then(|()| fs::rename(&beside, &file.path));
    if written.is_err() {
        // It may not even exist; the reason for the failure is told anyway.
        drop(fs::remove_file(&beside));
    }
    written?;
    undo.push(before.unwrap_or_else(|| Undo::Delete(file.path.clone())));
    Ok(())
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut opened = OpenOptions::new().write(true).create_new(true).open(path)?;
    set_mode(path, mode)?;
    opened.write_all(bytes)?;
    opened.sync_all()
}

fn remove(path: &Path, undo: &mut Vec<Undo>) -> io::Result<()> {
    let before = remembered(path)?;
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(()) => {
            undo.extend(before);
            Ok(())
        }
        failed => failed,
    }
}

/// A directory that holds more, such as a grant that a full disk sent there, stays.
fn remove_lock(path: &Path) -> io::Result<()> {
    let lock = OpenOptions::new().write(true).open(path)?;
    // A boxd that was started by hand on the same socket has it.
    lock.try_lock()?;
    fs::remove_file(path)?;
    path.parent().map_or(Ok(()), fs::remove_dir)
}

fn rename(from: &Path, to: &Path, undo: &mut Vec<Undo>) -> io::Result<()> {
    fs::rename(from, to)?;
    undo.push(Undo::Rename { from: to.to_owned(), to: from.to_owned() });
    Ok(())
}

/// A file as it is; a link that enabling made is made again by enabling.
fn remembered(path: &Path) -> io::Result<Option<Undo>> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_file() => {
            Ok(Some(Undo::Restore { path: path.to_owned(), bytes: fs::read(path)?, mode: mode(&meta) }))
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(None),
    }
}

/// The failure that led here is what is told; each step back is tried whatever became of the others.
fn take_back(undo: Vec<Undo>, settle: Option<&[String]>) {
    let any = !undo.is_empty();
    for step in undo.into_iter().rev() {
        drop(match step {
            Undo::Delete(path) => fs::remove_file(path),
            Undo::DeleteDirectory(path) => fs::remove_dir(path),
            Undo::Rename { from, to } => fs::rename(from, to),
            Undo::Restore { path, bytes, mode } => {
                // Gone already where it was replaced.
                drop(fs::remove_file(&path));
                write_new(&path, &bytes, mode)
            }
        });
    }
    if let Some(words) = settle.filter(|_| any) {
        drop(ask(words));
    }
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// What a user's own directories hold is the user's.
#[cfg(not(unix))]
fn set_mode(path: &Path, _mode: u32) -> io::Result<()> {
    fs::symlink_metadata(path).map(drop)
}

#[cfg(unix)]
fn mode(meta: &fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    meta.permissions().mode() & 0o7777
}

#[cfg(not(unix))]
fn mode(_meta: &fs::Metadata) -> u32 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_goes_unless_it_is_held_and_its_directory_unless_it_holds_more() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("boxd");
        let lock = directory.join("boxd.sock.lock");
        let make = || {
            fs::create_dir_all(&directory).unwrap();
            fs::File::create(&lock).unwrap()
        };
        let held = make();
        held.lock().unwrap();
        remove_lock(&lock).unwrap_err();
        assert!(lock.exists(), "somebody's");
        drop(held);

        fs::write(directory.join("work.grant.spare"), "all that is left").unwrap();
        remove_lock(&lock).unwrap_err();
        assert!(!lock.exists() && directory.join("work.grant.spare").exists());

        fs::remove_dir_all(&directory).unwrap();
        drop(make());
        remove_lock(&lock).unwrap();
        assert!(!directory.exists());
    }
}
