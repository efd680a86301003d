//! `boxctl exec`: what the program gets, and what whoever waits for it sees.

use std::{
    io::{BufRead as _, BufReader, Lines},
    os::unix::process::ExitStatusExt as _,
    process::{Child, ChildStdout, Command, Stdio},
    sync::{Arc, Condvar, Mutex, atomic::AtomicBool},
};

use boxd_client::{Event, EventKind, Request, Response, Secret, Token};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGQUIT},
    flag,
};

use crate::{
    answers::{obliging, token},
    daemon::Daemon,
};

/// A daemon whose account can be renewed.
pub(crate) struct Renewing {
    pub(crate) daemon: Daemon,
    generation: Arc<(Mutex<u64>, Condvar)>,
}

/// A program that runs below boxctl.
struct Running {
    child: Child,
    /// What it says.
    lines: Option<Lines<BufReader<ChildStdout>>>,
}

/// The token of a generation. Its letters are those that base64 could begin with, too.
pub(crate) fn token_of(generation: u64) -> String {
    format!("ToKeNoFgEnErAtIoN{generation}")
}

/// Children of this process begin with the default actions, also where it was started with signals ignored (nohup,
/// jobs in the background of a script): a handler here is none there.
fn undo_ignored_signals() {
    for signal in [SIGHUP, SIGINT, SIGQUIT] {
        flag::register_conditional_default(signal, Arc::new(AtomicBool::new(true))).unwrap();
    }
}

impl Renewing {
    pub(crate) fn new() -> Self {
        undo_ignored_signals();
        let generation = Arc::new((Mutex::new(1), Condvar::new()));
        let present = Arc::clone(&generation);
        let daemon = Daemon::new(move |request| match request {
            Request::Token(_) => {
                let generation = *present.0.lock().unwrap();
                let access_token = Secret::new(token_of(generation));
                vec![Response::Token(Token { access_token, generation, ..token() })]
            }
            // One event, once there is one; then boxctl comes again.
            Request::Watch { after, .. } => {
                let known = after.as_deref().map_or(1, |id| id.parse().unwrap());
                let (generation, changed) = &*present;
                let now = changed.wait_while(generation.lock().unwrap(), |now| *now <= known).unwrap();
                let event = Event {
                    id: Some(now.to_string()),
                    kind: EventKind::Token,
                    account: Some("work".into()),
                    status: None,
                    detail: None,
                };
                vec![Response::Event(Box::new(event)), Response::End]
            }
            other => obliging(other),
        });
        Self { daemon, generation }
    }

    pub(crate) fn renew(&self) {
        *self.generation.0.lock().unwrap() += 1;
        self.generation.1.notify_all();
    }

    fn start(&self, options: &[&str], script: &str) -> Running {
        Running::of(self.command(options, script))
    }

    /// `boxctl exec OPTIONS -- sh -c SCRIPT`.
    fn command(&self, options: &[&str], script: &str) -> Command {
        let arguments = [&["exec"], options, &["--", "sh", "-c", script]].concat();
        let mut command = self.daemon.command(&arguments);
        command.env("PATH", std::env::var_os("PATH").unwrap());
        command
    }
}

impl Running {
    fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines: Some(lines) }
    }

    fn line(&mut self) -> String {
        self.lines.as_mut().unwrap().next().unwrap().unwrap()
    }

    fn signal(&self, name: &str) {
        kill(name, self.child.id());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // For a test that failed.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn kill(name: &str, pid: u32) {
    assert!(Command::new("kill").args(["-s", name, &pid.to_string()]).status().unwrap().success());
}

#[test]
fn alone_boxctl_turns_into_the_program() {
    let world = Renewing::new();
    let script = "echo $$ $BOX_ACCESS_TOKEN $TOKEN; cat /proc/$$/cmdline | tr '\\0' ' '; echo; exit 7";
    let mut running = world.start(&["--env", "TOKEN", "-a", "work"], script);
    let token = token_of(1);
    let pid = running.child.id();
    assert_eq!(
        running.line(),
        format!("{pid} {token} {token}"),
        "the process is the very one that was started"
    );
    if cfg!(target_os = "linux") {
        let words = running.line();
        assert!(words.starts_with("sh -c") && !words.contains(&token), "{words}");
    }
    assert_eq!(running.child.wait().unwrap().code(), Some(7));
    let Some(Request::Token(asked)) = world.daemon.asked().into_iter().next() else {
        panic!("nothing asked")
    };
    assert_eq!(asked.account.as_deref(), Some("work"));
}

#[test]
fn stdin_and_the_exit_status_pass_through_a_parent_too() {
    let world = Renewing::new();
    for (option, code) in [("--mask", 7), ("--restart", 0), ("--signal=USR1", 255)] {
        let mut command = world.command(&[option], &format!("read line; echo \"got $line\"; exit {code}"));
        let input = world.daemon.file("a line\n");
        command.stdin(std::fs::File::open(input).unwrap());
        let output = command.output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "got a line\n", "{option}: {output:?}");
        assert_eq!(output.status.code(), Some(code), "{option}");
    }
}

#[test]
fn failures_of_boxctl_and_of_the_start_are_told_apart() {
    let world = Renewing::new();
    let absent = Daemon::absent();
    assert_eq!(absent.run(&["exec", "--", "true"]).code, 125);
    assert_eq!(absent.run(&["exec", "--mask", "--", "true"]).code, 125);
    let plain_file = world.daemon.file("no program");
    for options in [&[][..], &["--mask"], &["--signal", "HUP"]] {
        let code = |words: &[&str]| {
            let arguments = [&["exec"], options, &["--"], words].concat();
            let mut command = world.daemon.command(&arguments);
            let output = command.env("PATH", "/usr/bin:/bin").output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(told.contains(words[0]) && !told.contains("ToKeN"), "{told}");
            output.status.code()
        };
        assert_eq!(code(&["/nowhere/at/all"]), Some(127));
        assert_eq!(code(&["no-such-program-anywhere"]), Some(127));
        assert_eq!(code(&[&plain_file]), Some(126));
        assert_eq!(code(&["/"]), Some(126));
    }
    for wrong in [
        &["exec"][..],
        &["exec", "--"],
        &["exec", "--env", "1X", "--", "true"],
        &["exec", "--env", "A=B", "--", "true"],
        &["exec", "--signal", "KILL", "--", "true"],
        &["exec", "--restart", "--signal", "HUP", "--", "true"],
        &["exec", "--rejected", "-", "--", "true"],
        &["exec", "--no-such-option", "--", "true"],
        &["-a", "work", "exec", "--mask"],
    ] {
        let ran = world.daemon.run(wrong);
        assert_eq!((ran.code, ran.out.as_str()), (125, ""), "{wrong:?}: {}", ran.err);
    }
    assert_eq!(world.daemon.run(&["exec", "--help"]).code, 0);
}

#[test]
fn boxctl_dies_as_the_program_died() {
    let world = Renewing::new();
    for (name, number) in [("TERM", 15), ("INT", 2), ("KILL", 9), ("USR1", 10), ("ABRT", 6)] {
        let ran = world.command(&["--mask"], &format!("kill -s {name} $$")).output().unwrap();
        assert_eq!(ran.status.signal(), Some(number), "{name}: {ran:?}");
    }
}

#[test]
fn signals_that_are_sent_to_boxctl_reach_the_program_once() {
    let world = Renewing::new();
    let script =
        "for s in HUP INT QUIT USR1 USR2 WINCH; do trap \"echo $s\" $s; done; trap 'echo TERM; exit 3' TERM
        echo ready; while :; do sleep 0.02; done";
    let mut running = world.start(&["--mask"], script);
    assert_eq!(running.line(), "ready");
    for name in ["HUP", "INT", "USR1", "QUIT", "USR2", "WINCH", "TERM"] {
        running.signal(name);
        assert_eq!(running.line(), name);
    }
    assert_eq!(running.child.wait().unwrap().code(), Some(3));
    assert!(running.lines.take().unwrap().next().is_none());
}

#[cfg(target_os = "linux")]
#[test]
fn without_a_terminal_a_program_that_was_stopped_is_continued_through_boxctl() {
    let world = Renewing::new();
    let mut command = Command::new("setsid");
    let script = "trap 'echo continued' CONT; echo $$; while :; do sleep 0.02; done";
    command.args([env!("CARGO_BIN_EXE_boxctl"), "exec", "--mask", "--", "sh", "-c", script]);
    command.env("BOXD_SOCKET", world.daemon.socket());
    let mut running = Running::of(command);
    let program: u32 = running.line().parse().unwrap();
    kill("STOP", program);
    let stat = || std::fs::read_to_string(format!("/proc/{program}/stat")).unwrap();
    while !stat().contains(") T ") {
        std::thread::yield_now();
    }
    running.signal("CONT");
    assert_eq!(running.line(), "continued");
}

#[test]
fn what_boxctl_was_told_to_ignore_the_program_ignores_too() {
    let world = Renewing::new();
    let boxctl = env!("CARGO_BIN_EXE_boxctl");
    let script = format!(
        "trap '' HUP; exec {boxctl} exec --mask -- sh -c 'kill -s HUP $$; kill -s HUP $PPID; sleep 0.1; echo alive'"
    );
    let mut command = Command::new("sh");
    let output = command.args(["-c", &script]).env("BOXD_SOCKET", world.daemon.socket()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "alive\n", "{output:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_program_is_told_to_end_where_boxctl_is_killed() {
    let world = Renewing::new();
    let script = "trap 'echo told; exit' TERM; echo ready; while :; do sleep 0.02; done";
    let mut running = world.start(&["--signal", "USR1"], script);
    assert_eq!(running.line(), "ready");
    running.signal("KILL");
    assert_eq!(running.line(), "told");
}

#[test]
fn with_restart_the_program_starts_anew_with_each_new_token() {
    let world = Renewing::new();
    let script = "trap 'echo ends; exit 5' TERM; echo $BOX_ACCESS_TOKEN; while :; do sleep 0.02; done";
    let mut running = world.start(&["--restart"], script);
    for generation in 1..=3 {
        assert_eq!(running.line(), token_of(generation));
        if generation < 3 {
            world.renew();
            assert_eq!(running.line(), "ends");
        }
    }
    running.signal("TERM");
    assert_eq!(running.line(), "ends");
    assert_eq!(running.child.wait().unwrap().code(), Some(5), "its end is the end");
}

#[test]
fn a_program_that_does_not_end_for_its_restart_is_killed() {
    let world = Renewing::new();
    let script = "trap 'echo no' TERM; echo $BOX_ACCESS_TOKEN
        test $BOX_ACCESS_TOKEN = ToKeNoFgEnErAtIoN2 && exit 4; while :; do sleep 0.02; done";
    let mut running = world.start(&["--restart"], script);
    assert_eq!(running.line(), token_of(1));
    world.renew();
    assert_eq!(running.line(), "no");
    // Ten seconds later:
    assert_eq!(running.line(), token_of(2));
    assert_eq!(running.child.wait().unwrap().code(), Some(4));
}

#[test]
fn with_signal_the_program_is_told_of_each_new_token() {
    let world = Renewing::new();
    let script = "trap 'echo told' HUP; trap 'exit 6' TERM; echo ready; while :; do sleep 0.02; done";
    let mut running = world.start(&["--signal", "hup"], script);
    assert_eq!(running.line(), "ready");
    for _ in 0..2 {
        world.renew();
        assert_eq!(running.line(), "told");
    }
    running.signal("TERM");
    assert_eq!(running.child.wait().unwrap().code(), Some(6));
}

#[test]
fn masked_output_shows_no_token_on_either_stream() {
    let world = Renewing::new();
    let script = "half=${BOX_ACCESS_TOKEN%EnErAtIoN1}
        echo \"a $BOX_ACCESS_TOKEN b\"; printf %s \"$half\"; sleep 0.05; echo 'EnErAtIoN1!'; echo \"$half\"
        echo \"$TOKEN\" >&2; printf %s \"x$half\"";
    let output = world.command(&["--mask", "--env", "TOKEN"], script).output().unwrap();
    let told = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(told(&output.stdout), "a *** b\n***!\nToKeNoFg\nxToKeNoFg");
    assert_eq!(told(&output.stderr), "***\n");
}

#[test]
fn what_a_masked_program_leaves_behind_is_heard_until_somebody_has_enough() {
    let world = Renewing::new();
    let script = "(trap '' TERM; while kill -0 $$ 2>/dev/null; do sleep 0.02; done
        echo $BOX_ACCESS_TOKEN; exec sleep 1000) & echo $!; exit 3";
    let mut running = world.start(&["--mask"], script);
    let left_behind = running.line().parse().unwrap();
    assert_eq!(running.line(), "***");
    assert!(running.child.try_wait().unwrap().is_none());
    running.signal("TERM");
    assert_eq!(running.child.wait().unwrap().code(), Some(3), "the program's own");
    kill("KILL", left_behind);
}

#[test]
fn a_reader_that_goes_away_ends_a_masked_program_as_it_ends_any() {
    let world = Renewing::new();
    let mut running = world.start(&["--mask"], "while :; do echo y; done");
    assert_eq!(running.line(), "y");
    // Closes the test's end of its pipe.
    running.lines = None;
    assert_eq!(running.child.wait().unwrap().signal(), Some(13), "SIGPIPE");
}
