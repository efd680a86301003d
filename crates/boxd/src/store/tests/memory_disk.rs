//! A disk in memory that can die or fail at any step, and knows what a power cut would leave.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use super::super::{OpenError, disk::Disk, format};

/// What happens at the chosen step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mishap {
    /// The process is killed there.
    Kill,
    /// The step fails, having done nothing or, for a write, half of it.
    Fail(io::ErrorKind),
    /// The step is done, but reported as failed.
    DoneButFailed,
}

/// What a machine finds after the process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// Only the process died: everything it did is there.
    ProcessDeath,
    /// Power was cut: only what was synced is there.
    PowerCut,
    /// Power was cut after the directory, but not the data of its files, had reached the disk.
    PowerCutNamesOnly,
    /// Power was cut while data went to the disk: unsynced files are half new, half old.
    PowerCutTorn,
}

impl After {
    pub(super) const ALL: [Self; 4] =
        [Self::ProcessDeath, Self::PowerCut, Self::PowerCutNamesOnly, Self::PowerCutTorn];
}

#[derive(Clone, Debug, Default)]
struct Inode {
    cached: Vec<u8>,
    durable: Vec<u8>,
}

#[derive(Clone, Debug, Default)]
struct State {
    inodes: Vec<Inode>,
    cached: BTreeMap<PathBuf, usize>,
    durable: BTreeMap<PathBuf, usize>,
    steps: usize,
    plan: Option<(usize, Mishap)>,
    dead: bool,
    /// Every state that any file ever had, to search for secrets.
    written: Vec<Vec<u8>>,
}

/// A handle to a disk; clones show the same disk.
#[derive(Clone, Debug, Default)]
pub(super) struct MemoryDisk(Arc<Mutex<State>>);

impl MemoryDisk {
    /// A second disk with the same contents and no mishap planned.
    pub(super) fn copy(&self) -> Self {
        let mut state = self.0.lock().unwrap().clone();
        (state.steps, state.plan, state.dead) = (0, None, false);
        Self(Arc::new(Mutex::new(state)))
    }

    /// Plans one mishap at a step, counted from now on.
    pub(super) fn plan(&self, step: usize, mishap: Mishap) {
        let mut state = self.0.lock().unwrap();
        state.steps = 0;
        state.plan = Some((step, mishap));
    }

    /// Whether the planned step was reached.
    pub(super) fn happened(&self) -> bool {
        let state = self.0.lock().unwrap();
        state.plan.is_some_and(|(step, _)| state.steps > step)
    }

    /// The disk as the next process finds it.
    pub(super) fn reboot(&self, after: After) -> Self {
        let disk = self.copy();
        let mut state = disk.0.lock().unwrap();
        match after {
            After::PowerCut => state.cached = state.durable.clone(),
            After::ProcessDeath | After::PowerCutNamesOnly | After::PowerCutTorn => {}
        }
        for inode in &mut state.inodes {
            match after {
                After::ProcessDeath => {}
                After::PowerCut | After::PowerCutNamesOnly => inode.cached = inode.durable.clone(),
                After::PowerCutTorn => {
                    let half = inode.cached.len() / 2;
                    let mut torn = inode.cached[..half].to_vec();
                    torn.extend(inode.durable.get(half..).unwrap_or_default());
                    inode.cached = torn;
                }
            }
            if after != After::ProcessDeath {
                inode.durable = inode.cached.clone();
            }
        }
        if after != After::ProcessDeath {
            state.durable = state.cached.clone();
        }
        drop(state);
        disk
    }

    /// Forgets a directory that was in memory only.
    pub(super) fn lose_directory(&self, directory: &Path) {
        self.0.lock().unwrap().cached.retain(|path, _| path.parent() != Some(directory));
    }

    /// Drops what no process can see any more, so that copies are quick.
    pub(super) fn forget_history(&self) {
        let mut state = self.0.lock().unwrap();
        state.written.clear();
        let seen: Vec<usize> = state.cached.values().chain(state.durable.values()).copied().collect();
        for (place, inode) in state.inodes.iter_mut().enumerate() {
            if !seen.contains(&place) {
                *inode = Inode::default();
            }
        }
    }

    /// A step that happens elsewhere than on the disk, and is durable at once.
    pub(super) fn elsewhere(&self, act: impl FnOnce()) -> io::Result<()> {
        self.0.lock().unwrap().whole(|_| {
            act();
            Ok(())
        })
    }

    /// Whether a process that runs now would be dead already.
    pub(super) fn is_dead(&self) -> bool {
        self.0.lock().unwrap().dead
    }

    /// Contents of one file, as a process would read it.
    pub(super) fn contents(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.0.lock().unwrap();
        state.cached.get(path).map(|inode| state.inodes[*inode].cached.clone())
    }

    pub(super) fn ever_held(&self, text: &str) -> bool {
        let state = self.0.lock().unwrap();
        state.written.iter().any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    }
}

impl State {
    /// Counts a step; `Ok(true)` where it must be done and then reported as failed.
    fn step(&mut self) -> Result<bool, Mishap> {
        if self.dead {
            return Err(Mishap::Kill);
        }
        let step = self.steps;
        self.steps += 1;
        match self.plan {
            Some((planned, mishap)) if planned == step => match mishap {
                Mishap::Kill => {
                    self.dead = true;
                    Err(mishap)
                }
                Mishap::Fail(_) => Err(mishap),
                Mishap::DoneButFailed => Ok(true),
            },
            _ => Ok(false),
        }
    }

    /// A step that is done whole or not at all.
    fn whole(&mut self, act: impl FnOnce(&mut Self) -> io::Result<()>) -> io::Result<()> {
        let fails = self.step().map_err(error_of)?;
        act(self)?;
        if fails { Err(io::Error::other("reported as failed")) } else { Ok(()) }
    }

    fn inode(&self, path: &Path) -> io::Result<usize> {
        self.cached.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Two steps: the data goes to the cache, then to the disk.
    fn write(&mut self, inode: usize, bytes: &[u8]) -> io::Result<()> {
        let torn = bytes[..bytes.len() / 2].to_vec();
        let fails = match self.step() {
            Ok(fails) => fails,
            Err(mishap) => {
                let old = &mut self.inodes[inode].cached;
                let rest = old.get(torn.len()..).unwrap_or_default().to_vec();
                *old = [torn, rest].concat();
                return Err(error_of(mishap));
            }
        };
        self.inodes[inode].cached = bytes.to_vec();
        self.written.push(bytes.to_vec());
        if fails {
            return Err(io::Error::other("reported as failed"));
        }
        self.whole(|state| {
            let file = &mut state.inodes[inode];
            file.durable = file.cached.clone();
            Ok(())
        })
    }
}

fn error_of(mishap: Mishap) -> io::Error {
    match mishap {
        Mishap::Fail(kind) => kind.into(),
        Mishap::Kill | Mishap::DoneButFailed => io::Error::other("the process is dead"),
    }
}

impl Disk for MemoryDisk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let state = self.0.lock().unwrap();
        Ok(state.inodes[state.inode(path)?].cached.clone())
    }

    fn read_start(&self, path: &Path) -> io::Result<(Vec<u8>, u64)> {
        let mut bytes = self.read(path)?;
        let length = u64::try_from(bytes.len()).unwrap();
        bytes.truncate(format::LONGEST);
        Ok((bytes, length))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let state = self.0.lock().unwrap();
        let inside = state.cached.keys().filter(|path| path.parent() == Some(directory));
        Ok(inside.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect())
    }

    fn write_new(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        if state.cached.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        state.whole(|_| Ok(()))?;
        let inode = state.inodes.len();
        state.inodes.push(Inode::default());
        state.cached.insert(path.to_path_buf(), inode);
        state.write(inode, bytes)
    }

    fn overwrite(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        let inode = state.inode(path)?;
        state.write(inode, bytes)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.inode(from)?;
        state.whole(|state| {
            let inode = state.cached.remove(from).unwrap();
            state.cached.insert(to.to_path_buf(), inode);
            Ok(())
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.inode(path)?;
        state.whole(|state| {
            state.cached.remove(path);
            Ok(())
        })
    }

    fn refuse_readable_by_others(&self, _path: &Path) -> Result<(), OpenError> {
        Ok(())
    }

    fn sync_dir(&self, directory: &Path) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.whole(|state| {
            state.durable.retain(|path, _| path.parent() != Some(directory));
            let present: Vec<_> = state.cached.iter().map(|(path, inode)| (path.clone(), *inode)).collect();
            state.durable.extend(present.into_iter().filter(|(path, _)| path.parent() == Some(directory)));
            Ok(())
        })
    }
}
