//! The step between boxctl and the program (Linux): asks to be ended with boxctl, then becomes the program.
//!
//! What is asked of the kernel here survives execve(2) (`PR_SET_PDEATHSIG`, prctl(2)), and asking needs a process of
//! its own: between fork and exec of boxctl itself no code of ours may run without `unsafe`.

use std::process::ExitCode;

use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};

use super::{FAILED, become_program};
use crate::{args::ExecStage, output::remark};

/// Becomes the program, or says why not.
pub(crate) fn run(stage: &ExecStage) -> ExitCode {
    if let Err(error) = set_parent_process_death_signal(Some(Signal::TERM)) {
        remark(&format!("boxctl: the program would outlive boxctl: {error}"));
        return ExitCode::from(FAILED);
    }
    // It may have gone before that was asked for.
    if getppid().map(Pid::as_raw_nonzero).map(std::num::NonZero::get) != Some(stage.parent) {
        return ExitCode::from(FAILED);
    }
    become_program(&stage.program, &[])
}
