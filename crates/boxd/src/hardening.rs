//! Keeps what is in the process's memory from others: no core files, no debuggers, no backtraces with data.

use std::{io::Write as _, panic::PanicHookInfo, process::abort, sync::OnceLock};

/// What holds for this process.
static IN_FORCE: OnceLock<Vec<Protection>> = OnceLock::new();

/// One measure, and whether it is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protection {
    /// A short name that stays the same.
    pub name: &'static str,
    /// What it keeps off.
    pub keeps_off: &'static str,
    /// The system's reason where it is not in force.
    pub in_force: Result<(), String>,
}

/// Takes all measures. Call it first of all in `main`: before a secret is read and before there is a second thread.
///
/// What the system refuses is no reason not to run; it is told by [`in_force`].
pub fn take_measures() {
    std::panic::set_hook(Box::new(die));
    let taken = vec![
        Protection {
            name: "not-dumpable",
            keeps_off: "debuggers and readers of /proc/PID of the same user",
            in_force: forbid_tracing(),
        },
        Protection {
            name: "no-core-files",
            keeps_off: "copies of the memory on disk after a crash",
            in_force: forbid_core_files(),
        },
    ];
    // A second call, in tests, finds the same.
    drop(IN_FORCE.set(taken));
}

/// What was taken by [`take_measures`].
pub fn in_force() -> &'static [Protection] {
    IN_FORCE.get().map(Vec::as_slice).unwrap_or_default()
}

/// prctl(2), `PR_SET_DUMPABLE`: the files of /proc/PID belong to root, and ptrace(2) wants `CAP_SYS_PTRACE`. Programs
/// that boxd starts (`{ command }`) are as dumpable as ever: execve(2) resets it.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn forbid_tracing() -> Result<(), String> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(|error| error.to_string())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn forbid_tracing() -> Result<(), String> {
    Err("not done on this system".to_owned())
}

/// Soft and hard, so that nothing can raise it again; it goes for programs that boxd starts too.
#[cfg(unix)]
fn forbid_core_files() -> Result<(), String> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    // A unit with `LimitCORE=0` may forbid the call that would say so again.
    if getrlimit(Resource::Core) == none {
        return Ok(());
    }
    setrlimit(Resource::Core, none).map_err(|error| error.to_string())
}

#[cfg(not(unix))]
fn forbid_core_files() -> Result<(), String> {
    Err("not done on this system".to_owned())
}

/// The end of a panic, in every build: the journal on disk is what makes it safe, not what a destructor could still do.
///
/// A backtrace has no data in it, but is not printed either: `RUST_BACKTRACE` changes nothing.
fn die(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map_or("?".to_owned(), ToString::to_string);
    writeln!(std::io::stderr(), "boxd: fault at {place}: {}", told(panic)).ok();
    abort();
}

/// A message that stands in the source is printed; one that was put together may hold a secret.
fn told<'p>(panic: &'p PanicHookInfo<'_>) -> &'p str {
    panic
        .payload()
        .downcast_ref::<&'static str>()
        .copied()
        .unwrap_or("(its message may hold data and is withheld)")
}
