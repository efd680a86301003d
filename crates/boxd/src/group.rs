//! A program with all that it starts, to be ended together.

use std::process::{Child, Command};

#[cfg(unix)]
pub(crate) use unix::Group;
#[cfg(windows)]
pub(crate) use windows::Group;

#[cfg(unix)]
mod unix {
    use std::os::unix::process::CommandExt as _;

    use rustix::process::{Pid, Signal, kill_process_group};

    use super::{Child, Command};

    /// A process group.
    #[derive(Debug)]
    pub(crate) struct Group(Option<Pid>);

    impl Group {
        /// Has a program begin in a group of its own.
        pub(crate) fn prepare(command: &mut Command) {
            command.process_group(0);
        }

        /// That of a program which was prepared for it.
        pub(crate) fn of(child: &Child) -> Self {
            Self(i32::try_from(child.id()).ok().and_then(Pid::from_raw))
        }

        /// Asks all of it to end.
        pub(crate) fn ask_to_end(&self) {
            self.signal(Signal::TERM);
        }

        /// Ends all of it.
        pub(crate) fn end(&self) {
            self.signal(Signal::KILL);
        }

        fn signal(&self, signal: Signal) {
            if let Some(group) = self.0 {
                // It may just have ended by itself.
                kill_process_group(group, signal).ok();
            }
        }
    }
}

#[cfg(windows)]
mod windows {
    use std::os::windows::{io::AsHandle as _, process::CommandExt as _};

    use boxd_os::windows::Job;

    use super::{Child, Command};

    /// `CREATE_NO_WINDOW` of `CreateProcessW`: a boxd without a console would have one appear for a moment.
    const NO_WINDOW: u32 = 0x0800_0000;

    /// A job; none where the system gives none.
    #[derive(Debug)]
    pub(crate) struct Group(Option<Job>);

    impl Group {
        /// Has a program begin without a window.
        pub(crate) fn prepare(command: &mut Command) {
            command.creation_flags(NO_WINDOW);
        }

        /// That of a program that was just started.
        pub(crate) fn of(child: &Child) -> Self {
            Self(Job::of(child.as_handle()).ok())
        }

        /// A program cannot be asked there.
        #[expect(clippy::unused_self, reason = "as where it can be")]
        pub(crate) fn ask_to_end(&self) {}

        /// Ends all of it.
        pub(crate) fn end(&self) {
            if let Some(job) = &self.0 {
                // It may just have ended by itself.
                job.end().ok();
            }
        }
    }
}
