//! A job: a process and all that it starts, to be ended together.

use std::{
    io,
    os::windows::io::{AsRawHandle as _, BorrowedHandle, FromRawHandle as _, OwnedHandle},
    ptr,
};

use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation, SetInformationJobObject,
    TerminateJobObject,
};

/// A process and what it has started since it was taken in. Dropped, it leaves them alone.
#[derive(Debug)]
pub struct Job(OwnedHandle);

impl Job {
    /// Takes a process in. What it started before that is not in it.
    pub fn of(process: BorrowedHandle<'_>) -> io::Result<Self> {
        // SAFETY: both pointers may be null: nobody inherits it, and it has no name.
        let handle = unsafe { CreateJobObjectW(ptr::null(), ptr::null()) };
        if handle.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it is a handle that was just made, and nobody else's.
        let job = unsafe { OwnedHandle::from_raw_handle(handle) };
        // SAFETY: both handles are open, and no pointer is passed.
        match unsafe { AssignProcessToJobObject(job.as_raw_handle(), process.as_raw_handle()) } {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(Self(job)),
        }
    }

    /// Has the system end all of it once this value is dropped or this process ends, however that comes about.
    pub fn bind(&self) -> io::Result<()> {
        self.limit(JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE)
    }

    /// Takes [`Self::bind`] back.
    pub fn release(&self) -> io::Result<()> {
        self.limit(0)
    }

    /// Ends all of it at once, with exit code 1.
    pub fn end(&self) -> io::Result<()> {
        // SAFETY: the handle is open, and no pointer is passed.
        match unsafe { TerminateJobObject(self.0.as_raw_handle(), 1) } {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }

    fn limit(&self, flags: u32) -> io::Result<()> {
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = flags;
        let size = u32::try_from(size_of_val(&limits)).unwrap_or_default();
        // SAFETY: the structure is the one of this class, and as large as is said.
        let set = unsafe {
            SetInformationJobObject(
                self.0.as_raw_handle(),
                JobObjectExtendedLimitInformation,
                (&raw const limits).cast(),
                size,
            )
        };
        if set == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        os::windows::io::AsHandle as _,
        process::{Child, Command, Stdio},
        time::Duration,
    };

    use super::*;
    use crate::windows::Process;

    const SOON: Duration = Duration::from_secs(20);

    /// Waits for its input, which it does not get.
    fn program() -> Child {
        Command::new("cmd").args(["/c", "set /p line="]).stdin(Stdio::piped()).spawn().unwrap()
    }

    #[test]
    fn what_is_bound_ends_with_the_job_and_what_is_released_does_not() {
        for (release, ends) in [(false, true), (true, false)] {
            let mut child = program();
            let process = Process::of(child.id()).unwrap();
            let job = Job::of(child.as_handle()).unwrap();
            job.bind().unwrap();
            if release {
                job.release().unwrap();
            }
            drop(job);
            let within = if ends { SOON } else { Duration::ZERO };
            assert_eq!(process.ends_within(within).unwrap(), ends);
            // At the end of its input.
            drop(child.stdin.take());
            child.wait().unwrap();
        }
    }

    #[test]
    fn what_a_process_starts_ends_with_it() {
        // The shell between them waits for its own input, so that it starts the other one inside the job.
        let mut shell =
            Command::new("cmd").arg("/q").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let job = Job::of(shell.as_handle()).unwrap();
        let mut input = shell.stdin.take().unwrap();
        let mut output = io::BufReader::new(shell.stdout.take().unwrap());
        io::Write::write_all(&mut input, b"cmd /q\r\n").unwrap();
        job.end().unwrap();
        assert_eq!(shell.wait().unwrap().code(), Some(1));
        // The pipe has an end only once nobody holds it any more.
        io::copy(&mut output, &mut io::sink()).unwrap();
    }
}
