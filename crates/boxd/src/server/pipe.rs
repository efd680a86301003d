//! Windows: the listening end of a named pipe, taken only from nobody, and opened only by its owner.

use std::{io, path::Path, sync::Arc};

use boxd_os::windows::Sid;
use boxd_proto::endpoint::LONGEST_PATH;
use interprocess::{
    local_socket::{
        GenericFilePath, ListenerOptions, ToFsName as _,
        tokio::{self as local, Stream},
        traits::tokio::Listener as _,
    },
    os::windows::{local_socket::ListenerOptionsExt as _, security_descriptor::SecurityDescriptor},
};
use widestring::U16CString;

use super::{bind_error::BindError, counters::Counters, door_plan::DoorPlan};
use crate::pulse::{Probe, Pulse, pulse};

/// What Windows answers where the name belongs to another program (`ERROR_ACCESS_DENIED`), or all of its instances are
/// taken (`ERROR_PIPE_BUSY`).
const TAKEN: [i32; 2] = [5, 231];

/// A pipe that clients can connect to. It is gone with the process, and leaves nothing behind.
#[derive(Debug)]
pub struct Listener {
    pipe: local::Listener,
    counters: Arc<Counters>,
    pulse: Pulse,
    probe: Probe,
}

// === impl Listener ===

impl Listener {
    /// Listens at `path`. interprocess asks for the *first* instance of the name, so nobody else has it before or gets it
    /// later, and refuses clients of other machines (`FILE_FLAG_FIRST_PIPE_INSTANCE`, `PIPE_REJECT_REMOTE_CLIENTS`).
    ///
    /// Must be called within a tokio runtime.
    pub fn bind(path: &Path) -> Result<Self, BindError> {
        let length = path.as_os_str().len();
        if length >= LONGEST_PATH {
            return Err(BindError::TooLong { path: path.to_owned(), length, most: LONGEST_PATH - 1 });
        }
        let owner = Sid::of_this_process()
            .map_err(|error| BindError::system("find out who runs boxd, for the pipe", path, error))?;
        match listen(path, &owner) {
            Ok(pipe) => {
                let (pulse, probe) = pulse();
                Ok(Self { pipe, counters: Arc::default(), pulse, probe })
            }
            Err(error) if error.raw_os_error().is_some_and(|code| TAKEN.contains(&code)) => {
                Err(BindError::Taken { path: path.to_owned() })
            }
            Err(error) => Err(BindError::system("make the pipe", path, error)),
        }
    }

    /// What the server on this listener has done; stays readable while it runs.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Asks the server on this listener whether it still takes clients in.
    pub fn probe(&self) -> Probe {
        self.probe.clone()
    }

    /// A pipe is no file.
    #[expect(clippy::unused_self, reason = "as where a socket is one")]
    pub(super) fn inode(&self) -> Option<(u64, u64)> {
        None
    }

    /// The config has no rules for others here, so none has a pipe.
    pub(super) fn bind_for_rule(plan: &DoorPlan) -> Result<Self, BindError> {
        Err(BindError::system("open a pipe for others", &plan.path, io::ErrorKind::Unsupported.into()))
    }

    /// The next client; who asks meanwhile learns that clients are taken in.
    pub(super) async fn accept(&mut self) -> io::Result<Stream> {
        let accepted = self.pipe.accept();
        tokio::pin!(accepted);
        loop {
            tokio::select! {
                accepted = &mut accepted => return accepted,
                () = self.pulse.answer() => {}
            }
        }
    }
}

/// A pipe is no file.
pub(super) fn inode_at(_path: &Path) -> Option<(u64, u64)> {
    None
}

/// A pipe's rights are set once, when it is made.
pub(super) fn permit(_path: &Path, _group: Option<u32>) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Everything for the owner, who must be able to make further instances, and for the system, which cannot be kept out.
/// Nobody else: not even Administrators, who would have to take the pipe over, which leaves traces. `P`: nothing is
/// inherited. (Without a descriptor Everyone could read.)
fn rights(owner: &Sid) -> String {
    format!("D:P(A;;GA;;;{owner})(A;;GA;;;SY)")
}

fn listen(path: &Path, owner: &Sid) -> io::Result<local::Listener> {
    let rights = U16CString::from_str(rights(owner)).map_err(io::Error::other)?;
    ListenerOptions::new()
        .name(path.to_fs_name::<GenericFilePath>()?)
        .security_descriptor(SecurityDescriptor::deserialize(&rights)?)
        .create_tokio()
}

#[cfg(test)]
mod tests {
    use std::os::windows::io::AsHandle as _;

    use super::*;

    /// Wine sets a descriptor and does not enforce it: so what is set is looked at.
    #[tokio::test(flavor = "current_thread")]
    async fn only_the_owner_and_the_system_are_let_in() {
        let owner = Sid::of_this_process().unwrap();
        let name = format!(r"\\.\pipe\boxd-test-{}", std::process::id());
        let mut listener = Listener::bind(Path::new(&name)).unwrap();
        let client =
            boxd_os::windows::pipe::Connection::to(Path::new(&name), std::time::Duration::from_secs(5));
        let stream = listener.accept().await.unwrap();
        let local::Stream::NamedPipe(pipe) = &stream;
        let set = boxd_os::windows::rights_of(pipe.as_handle()).unwrap();
        // Windows writes "generic all" as what that is for a pipe, "file all"; Wine keeps it.
        assert_eq!(set.replace("FA", "GA"), format!("D:P(A;;GA;;;{owner})(A;;GA;;;SY)"));
        assert_eq!(client.unwrap().server_process().unwrap(), std::process::id());
    }
}
