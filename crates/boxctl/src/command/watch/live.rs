//! The live screen on a terminal: draws in place, heeds keys, signals and size, and leaves no trace.

use std::{
    io::{self, IsTerminal as _, Read as _},
    sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    thread,
    time::{Duration, Instant},
};

use boxd_client::Error;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use signal_hook::{
    consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH},
    iterator::Signals,
    low_level::emulate_default_handler,
};

use super::{
    board::Board,
    ear::{Away, Ear, Heard},
    now,
    screen::{View, frame},
};
use crate::{failure::Failure, output::put, terminal::Terminal};

/// Drawn at most this often, whatever happens; and looked at this often, as lives get shorter.
const CALM: Duration = Duration::from_secs(1);
/// What waits to be shown at most; beyond it the daemon keeps the rest, and drops a client that never reads.
const BACKLOG: usize = 64;

/// The other screen of the terminal, without a cursor, without wrapping (xterm: private modes 1049, 25, 7).
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const CONCEAL: &str = "\x1b[?25l\x1b[?7l";
const LEAVE: &str = "\x1b[?7h\x1b[?25h\x1b[?1049l";
/// The terminal shows all between these at once (private mode 2026; others ignore it).
const BEGIN_FRAME: &str = "\x1b[?2026h\x1b[H";
const END_FRAME: &str = "\x1b[?2026l";

/// What the loop waits for.
enum Input {
    Heard(Heard),
    /// The watch is over, or failed.
    Ended(Result<(), Error>),
    Signal(i32),
    /// A key that ends it.
    Quit,
}

/// A terminal in the state that a live screen needs, until this ends.
struct Screen {
    /// How stdin was, where it is a terminal.
    modes: Option<Termios>,
    /// What is on it; `None` where that is not known.
    shown: Option<String>,
    entered: bool,
}

/// Whether stdout can show a live screen.
pub(super) fn is_possible() -> bool {
    io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Shows the accounts until the person has enough of it.
pub(super) fn run(ear: Ear) -> Result<(), Failure> {
    let (sender, inputs) = mpsc::sync_channel(BACKLOG);
    listen_for_signals(sender.clone())?;
    let mut screen = Screen::enter()?;
    if screen.modes.is_some() {
        let sender = sender.clone();
        thread::Builder::new().spawn(move || await_quit(&sender))?;
    }
    thread::Builder::new().spawn(move || forward(ear, &sender))?;
    let ended = show(&mut screen, &inputs);
    drop(screen);
    match ended? {
        None => Ok(()),
        // As if it had not been caught, so that a shell sees what ended the program.
        Some(signal) => emulate_default_handler(signal).map_err(Failure::from),
    }
}

/// Draws what comes, until a key or a signal ends it.
#[expect(clippy::disallowed_methods, reason = "how often is drawn goes by the real clock")]
fn show(screen: &mut Screen, inputs: &Receiver<Input>) -> Result<Option<i32>, Failure> {
    let (mut board, mut away) = (Board::default(), None);
    let (mut drawn, mut due) = (None, Instant::now() + CALM);
    loop {
        let input = inputs.recv_timeout(due.saturating_duration_since(Instant::now()));
        match input {
            Ok(Input::Heard(Heard::Event(event))) => {
                board.take(*event, now());
                // The first picture comes when there is all of it, later ones at once where nothing was drawn lately.
                if board.is_complete() {
                    due = drawn.map_or_else(Instant::now, |drawn: Instant| drawn + CALM);
                }
            }
            Ok(Input::Heard(Heard::Away(told))) => {
                board.interrupted();
                away = Some(told);
            }
            Ok(Input::Heard(Heard::Back)) => away = None,
            Ok(Input::Ended(outcome)) => return outcome.map(|()| None).map_err(Failure::from),
            Ok(Input::Quit) | Err(RecvTimeoutError::Disconnected) => return Ok(None),
            Ok(Input::Signal(SIGWINCH)) => {
                screen.shown = None;
                due = Instant::now();
            }
            Ok(Input::Signal(SIGTSTP)) => {
                screen.leave();
                // Returns once the person continues it; SIGCONT follows.
                emulate_default_handler(SIGTSTP)?;
                screen.resume()?;
            }
            Ok(Input::Signal(SIGCONT)) => {
                screen.resume()?;
                due = Instant::now();
            }
            Ok(Input::Signal(signal)) => return Ok(Some(signal)),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if due <= Instant::now() {
            let now = Instant::now();
            if screen.draw(&board, away.as_ref())? {
                drawn = Some(now);
            }
            due = now + CALM;
        }
    }
}

// === impl Screen ===

impl Screen {
    fn enter() -> io::Result<Self> {
        let modes = if io::stdin().is_terminal() { Some(tcgetattr(io::stdin())?) } else { None };
        let mut screen = Self { modes, shown: None, entered: false };
        screen.resume()?;
        Ok(screen)
    }

    /// Takes the terminal over; also after a shell had it meanwhile.
    fn resume(&mut self) -> io::Result<()> {
        if let Some(before) = &self.modes {
            // Keys come one by one and are not shown; those that make signals still do.
            let mut modes = before.clone();
            modes.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
            tcsetattr(io::stdin(), OptionalActions::Now, &modes)?;
        }
        self.shown = None;
        // Entered twice, some terminals forget where the cursor was on the person's screen.
        put(if std::mem::replace(&mut self.entered, true) { CONCEAL } else { ENTER })
    }

    /// Gives it back as it was.
    fn leave(&mut self) {
        self.entered = false;
        // A terminal that has gone away needs nothing.
        drop(put(LEAVE));
        if let Some(before) = &self.modes {
            tcsetattr(io::stdin(), OptionalActions::Now, before).unwrap_or_default();
        }
    }

    /// Draws the present frame with one write, if it differs from what is there; returns whether it did.
    fn draw(&mut self, board: &Board, away: Option<&Away>) -> io::Result<bool> {
        let (columns, rows) = size();
        let hint = if self.modes.is_some() { "q quits" } else { "Ctrl-C quits" };
        let terminal = Terminal::of_stdout();
        let lines = frame(&View { board, now: now(), away, columns, rows, terminal, hint });
        // What is left of the line, and at the end of the screen, of an older frame is erased behind the text.
        let frame = lines.join("\x1b[K\r\n") + "\x1b[K\x1b[J";
        if self.shown.as_ref() == Some(&frame) {
            return Ok(false);
        }
        let text = format!("{BEGIN_FRAME}{frame}{END_FRAME}");
        self.shown = Some(frame);
        put(&text)?;
        Ok(true)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Columns and rows; as of old where the terminal does not know.
fn size() -> (usize, usize) {
    let size = tcgetwinsize(io::stdout()).ok();
    let known = size.filter(|size| size.ws_col > 0 && size.ws_row > 0);
    known.map_or((80, 24), |size| (size.ws_col.into(), size.ws_row.into()))
}

// === threads that feed the loop ===

fn listen_for_signals(sender: SyncSender<Input>) -> io::Result<()> {
    let mut signals = Signals::new([SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH])?;
    thread::Builder::new().spawn(move || {
        for signal in signals.forever() {
            if sender.send(Input::Signal(signal)).is_err() {
                return;
            }
        }
    })?;
    Ok(())
}

fn forward(mut ear: Ear, sender: &SyncSender<Input>) {
    loop {
        let (input, last) = match ear.listen() {
            Ok(Some(heard)) => (Input::Heard(heard), false),
            Ok(None) => (Input::Ended(Ok(())), true),
            Err(error) => (Input::Ended(Err(error)), true),
        };
        if sender.send(input).is_err() || last {
            return;
        }
    }
}

/// Reads keys until one of them means the end: q, Ctrl-D, or that there are no more.
fn await_quit(sender: &SyncSender<Input>) {
    let mut keys = io::stdin().lock().bytes();
    while let Some(Ok(key)) = keys.next() {
        if matches!(key, b'q' | b'Q' | 0x04) {
            break;
        }
    }
    // The loop may have ended already.
    drop(sender.send(Input::Quit));
}
