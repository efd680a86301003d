//! `exec` on Windows, where no process can turn into another and there are no signals: boxctl always stays as the parent.

pub(crate) mod signals;
pub(crate) mod supervisor;
mod tied;

use std::{
    ffi::OsString,
    process::{ExitCode, ExitStatus},
};

use tied::Tied;

use super::{FAILED, Variable, direct, not_run, spawn};
use crate::output::remark;

/// Runs the program to its end, with its exit code. Only boxctl's own memory is between: nothing of the program's input
/// or output passes through it.
pub(crate) fn become_program(program: &[OsString], environment: &[Variable]) -> ExitCode {
    let Some(name) = program.first() else { return ExitCode::from(FAILED) };
    if let Err(error) = boxd_os::windows::console::leave_interrupts() {
        remark(&format!("boxctl: Ctrl-C cannot be left to the program: {error}"));
        return ExitCode::from(FAILED);
    }
    match spawn(direct(program), environment, None) {
        Ok(mut child) => {
            let tied = Tied::of(&child);
            let ended = child.wait();
            tied.let_go();
            match ended {
                Ok(status) => repeat(status),
                Err(error) => lost(&error),
            }
        }
        Err(error) => not_run(name, &error),
    }
}

/// Ends boxctl with the program's exit code, which has 32 bits here.
#[expect(clippy::exit, reason = "`ExitCode` has eight bits")]
fn repeat(status: ExitStatus) -> ExitCode {
    let code = status.code().unwrap_or_else(|| i32::from(FAILED));
    match u8::try_from(code) {
        Ok(code) => ExitCode::from(code),
        Err(_large) => std::process::exit(code),
    }
}

fn lost(error: &std::io::Error) -> ExitCode {
    remark(&format!("boxctl: the program is lost: {error}"));
    ExitCode::from(FAILED)
}
