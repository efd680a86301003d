//! `boxctl watch`: the screen on a terminal, lines and JSON elsewhere, a command for each event.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::{
        net::{UnixListener, UnixStream},
        process::ExitStatusExt as _,
    },
    process::{Child, Stdio},
};

use boxd_proto::{Code, Event, EventKind, HELLO_LEN, Hello, Request, Response, choose, encode};
use rustix::{
    process::{Pid, Signal, WaitOptions, kill_process, waitpid},
    termios::{Winsize, tcsetwinsize},
};

use crate::{
    answers::{healthy, problem},
    daemon::Daemon,
    terminal::Terminal,
};

const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l";
const LEAVE: &str = "\u{1b}[?25h\u{1b}[?1049l";

fn event(id: Option<&str>, kind: EventKind, account: Option<&str>, generation: u64) -> Response {
    let status = account.map(|account| {
        Box::new(boxd_proto::AccountStatus { account: account.into(), generation, ..healthy() })
    });
    let account = account.map(str::to_owned);
    Response::Event(Box::new(Event { id: id.map(str::to_owned), kind, account, status, detail: None }))
}

/// What a daemon says first.
fn present() -> Vec<Response> {
    vec![
        event(None, EventKind::Present, Some("home"), 3),
        event(None, EventKind::Present, Some("work"), 17),
        event(Some("1-1"), EventKind::Complete, None, 0),
        event(Some("1-2"), EventKind::Token, Some("work"), 18),
    ]
}

fn daemon() -> Daemon {
    Daemon::new(|request| match request {
        Request::Watch { .. } => present(),
        _ => vec![],
    })
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

// === on a terminal ===

#[test]
fn the_screen_shows_the_accounts_and_q_leaves_no_trace() {
    let daemon = daemon();
    let mut terminal = Terminal::run(&daemon, &["watch"], &[]);
    terminal.until("2 accounts");
    terminal.until("generation 18");
    assert!(terminal.shown.starts_with(ENTER), "{:?}", terminal.shown);
    assert!(!terminal.echoes(), "a key that is pressed is not shown");
    terminal.types("xq");
    terminal.until(LEAVE);
    assert!(terminal.child.wait().unwrap().success());
    assert!(terminal.echoes());
    // Each frame is one whole, drawn over the one before.
    let frames = terminal.shown.matches("\u{1b}[?2026h\u{1b}[H").count();
    assert_eq!(terminal.shown.matches("\u{1b}[?2026l").count(), frames);
    assert!(!terminal.shown.contains("\u{1b}[2J"), "nothing is cleared, so nothing flickers");
}

#[test]
fn a_signal_ends_it_as_it_would_any_program_and_the_terminal_is_as_before() {
    for (number, sent) in [(15, Signal::TERM), (2, Signal::INT), (1, Signal::HUP)] {
        let daemon = daemon();
        let mut terminal = Terminal::run(&daemon, &["watch"], &[]);
        terminal.until("2 accounts");
        signal(&terminal.child, sent);
        terminal.until(LEAVE);
        assert_eq!(terminal.child.wait().unwrap().signal(), Some(number));
        assert!(terminal.echoes());
    }
}

#[test]
fn a_stopped_screen_gives_the_terminal_back_and_takes_it_again() {
    let daemon = daemon();
    let mut terminal = Terminal::run(&daemon, &["watch"], &[]);
    terminal.until("2 accounts");
    signal(&terminal.child, Signal::TSTP);
    terminal.until(LEAVE);
    let pid = Pid::from_child(&terminal.child);
    let (_, status) = waitpid(Some(pid), WaitOptions::UNTRACED).unwrap().unwrap();
    assert!(status.stopped());
    assert!(terminal.echoes());
    terminal.forget();
    signal(&terminal.child, Signal::CONT);
    terminal.until(ENTER);
    terminal.until("2 accounts");
    assert!(!terminal.echoes());
    terminal.types("q");
    terminal.until(LEAVE);
    assert!(terminal.child.wait().unwrap().success());
}

#[test]
fn it_follows_the_size_of_the_terminal() {
    let daemon = daemon();
    let size = |ws_col, ws_row| Winsize { ws_row, ws_col, ws_xpixel: 0, ws_ypixel: 0 };
    let mut terminal = Terminal::run(&daemon, &["watch"], &[]);
    terminal.until("2 accounts");
    terminal.forget();
    tcsetwinsize(&terminal.side, size(30, 3)).unwrap();
    signal(&terminal.child, Signal::WINCH);
    terminal.until("more");
    terminal.until("\u{1b}[?2026l");
    let lines: Vec<&str> = terminal.shown.split("\r\n").collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    terminal.types("q");
    terminal.until(LEAVE);
}

#[test]
fn what_ends_the_watch_is_told_on_the_persons_own_screen() {
    let daemon = Daemon::always(Response::Error(problem(Code::UnknownAccount)));
    let mut terminal = Terminal::run(&daemon, &["watch", "nobody"], &[]);
    terminal.until("next: do this");
    assert_eq!(terminal.child.wait().unwrap().code(), Some(7));
    let (before, after) = terminal.shown.split_once(LEAVE).unwrap();
    assert!(!before.contains("it went wrong") && after.contains("it went wrong"), "{:?}", terminal.shown);
    assert_eq!(daemon.asked().first(), Some(&Request::Watch { account: Some("nobody".into()), after: None }));
}

#[test]
fn a_terminal_that_cannot_draw_gets_lines() {
    let daemon = daemon();
    let mut terminal = Terminal::run(&daemon, &["watch"], &[("TERM", "dumb")]);
    terminal.until("work  new token, generation 18");
    assert!(!terminal.shown.contains('\u{1b}'), "{:?}", terminal.shown);
    signal(&terminal.child, Signal::TERM);
    terminal.child.wait().unwrap();
}

#[test]
fn the_screen_outlives_the_daemon() {
    let place = Daemon::absent();
    let listener = UnixListener::bind(place.socket()).unwrap();
    let mut terminal = Terminal::run(&place, &["watch"], &[]);
    let stream = tell(&listener, &present());
    terminal.until("2 accounts");
    std::fs::remove_file(place.socket()).unwrap();
    drop((listener, stream));
    terminal.until("boxd has been away for ");
    terminal.until("\u{1b}[?2026l");
    let listener = UnixListener::bind(place.socket()).unwrap();
    let again =
        [event(None, EventKind::Present, Some("work"), 19), event(Some("2-1"), EventKind::Complete, None, 0)];
    let _stream = tell(&listener, &again);
    terminal.until("1 account ");
    terminal.until("\u{1b}[?2026l");
    let last = terminal.shown.rfind("\u{1b}[?2026h").unwrap();
    let (_, frame) = terminal.shown.split_at(last);
    assert!(!frame.contains("has been away"), "{frame:?}");
    terminal.types("q");
    terminal.until(LEAVE);
}

// === elsewhere ===

/// Runs it with pipes, and reads so many lines of stdout.
fn lines(daemon: &Daemon, arguments: &[&str], count: usize) -> Vec<String> {
    let mut child = daemon.command(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let lines = stdout.by_ref().lines().take(count).map(Result::unwrap).collect();
    // The reader goes away, which ends it, without a word and though nothing happens any more.
    drop(stdout);
    assert!(child.wait().unwrap().success());
    lines
}

#[test]
fn a_pipe_gets_the_present_state_and_then_a_line_for_each_change_as_it_comes() {
    let lines = lines(&daemon(), &["watch"], 3);
    assert_eq!(
        lines,
        [
            "2025-11-22T02:13:53Z  home  healthy, generation 3, 55 min left, renews in 50 min",
            "2025-11-22T02:13:53Z  work  healthy, generation 17, 55 min left, renews in 50 min",
            "2025-11-22T02:13:53Z  work  new token, generation 18, 55 min left, renews in 50 min",
        ]
    );
}

#[test]
fn json_is_each_event_on_a_line() {
    let lines = lines(&daemon(), &["watch", "--json"], 4);
    let events: Vec<serde_json::Value> =
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["present", "present", "complete", "token"]);
    assert_eq!(events[3]["id"], "1-2");
    assert_eq!(events[3]["status"]["generation"], 18);
}

#[test]
fn without_a_daemon_it_says_so() {
    let ran = Daemon::absent().run(&["watch"]);
    assert_eq!((ran.code, ran.out.as_str()), (3, ""));
    assert!(ran.err.contains("next: start the daemon"), "{}", ran.err);
}

/// Serves one watch.
fn tell(listener: &UnixListener, responses: &[Response]) -> UnixStream {
    let (mut stream, _) = listener.accept().unwrap();
    let mut hello = [0; HELLO_LEN];
    stream.read_exact(&mut hello).unwrap();
    let mut bytes = choose(Hello::from_bytes(hello).unwrap()).to_bytes().to_vec();
    for response in responses {
        encode(response, &mut bytes).unwrap();
    }
    stream.write_all(&bytes).unwrap();
    stream
}

#[test]
fn a_daemon_that_goes_away_is_remarked_and_waited_for() {
    let daemon = Daemon::absent();
    let listener = UnixListener::bind(daemon.socket()).unwrap();
    let mut child = daemon.command(&["watch"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
    let stream = tell(&listener, &present());
    for _ in 0..3 {
        stdout.next().unwrap().unwrap();
    }
    std::fs::remove_file(daemon.socket()).unwrap();
    drop((listener, stream));
    let remark = stderr.next().unwrap().unwrap();
    assert!(remark.starts_with("boxctl: boxd is away since 20"), "{remark}");
    assert!(remark.ends_with("; waiting for it"), "{remark}");
    // The next one knows nothing of the old one's numbers, and one account less.
    let listener = UnixListener::bind(daemon.socket()).unwrap();
    let _stream = tell(
        &listener,
        &[
            event(None, EventKind::Present, Some("work"), 19),
            event(Some("2-1"), EventKind::Complete, None, 0),
        ],
    );
    assert_eq!(stderr.next().unwrap().unwrap(), "boxctl: boxd is back");
    let news: Vec<String> = stdout.by_ref().take(2).map(Result::unwrap).collect();
    assert!(news[0].contains("work  new token, generation 19"), "{news:?}");
    assert!(news[1].ends_with("home  gone"), "{news:?}");
    drop(stdout);
    child.wait().unwrap();
}

// === a command ===

#[test]
fn a_command_runs_for_each_event_with_json_on_stdin_and_its_failure_is_told() {
    let daemon = daemon();
    let line = "echo $BOXD_EVENT $BOXD_ACCOUNT; cat; [ $BOXD_EVENT != token ] || exit 3";
    let mut child = daemon
        .command(&["watch", "--run", line])
        .env("PATH", std::env::var_os("PATH").unwrap())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let out: Vec<String> =
        BufReader::new(child.stdout.take().unwrap()).lines().take(6).map(Result::unwrap).collect();
    let heads: Vec<&String> = out.iter().step_by(2).collect();
    assert_eq!(heads, ["present home", "present work", "token work"]);
    for (json, generation) in out.iter().skip(1).step_by(2).zip([3, 17, 18]) {
        let event: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(event["status"]["generation"], generation);
    }
    let mut remarks = BufReader::new(child.stderr.take().unwrap()).lines();
    assert_eq!(remarks.next().unwrap().unwrap(), "boxctl: --run for token of work: exit status 3");
    child.kill().unwrap();
    child.wait().unwrap();
}
