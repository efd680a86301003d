//! What Windows tells the programs of a console: interrupts, and that an end is near.

use std::io;

use tokio::signal::windows::{
    CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_logoff,
    ctrl_shutdown,
};

use super::Wish;

/// `STATUS_CONTROL_C_EXIT`, as of programs that do not catch it.
const INTERRUPTED: i32 = 0xC000_013A_u32.cast_signed();

/// The stream of wishes.
///
/// After the last three Windows ends the process by itself, about five seconds later; tokio keeps it waiting so long.
/// Whatever is not done by then is left to the journal, as after a crash.
#[derive(Debug)]
pub struct Wishes {
    interrupt: CtrlC,
    stop: CtrlBreak,
    close: CtrlClose,
    logoff: CtrlLogoff,
    shutdown: CtrlShutdown,
}

impl Wishes {
    /// Takes them over from now on.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: ctrl_c()?,
            stop: ctrl_break()?,
            close: ctrl_close()?,
            logoff: ctrl_logoff()?,
            shutdown: ctrl_shutdown()?,
        })
    }

    /// The next wish. After the first Ctrl-C another one ends the process at once, which leaves a spend in flight to the
    /// journal.
    pub async fn next(&mut self) -> Wish {
        tokio::select! {
            _ = self.interrupt.recv() => {
                if let Ok(again) = ctrl_c() {
                    tokio::spawn(end_at(again));
                }
            }
            _ = self.stop.recv() => {}
            _ = self.close.recv() => {}
            _ = self.logoff.recv() => {}
            _ = self.shutdown.recv() => {}
        }
        Wish::Stop
    }
}

#[expect(clippy::exit, reason = "whoever presses it twice will not wait for anything")]
async fn end_at(mut interrupt: CtrlC) {
    if interrupt.recv().await.is_some() {
        std::process::exit(INTERRUPTED);
    }
}
