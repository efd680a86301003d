//! `boxctl exec` below a shell with job control, on a terminal: as with `env`.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    process::{Child, Command},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{Mode, OFlags, open},
    io::{FdFlags, fcntl_setfd},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
};

use crate::exec::Renewing;

/// How a program can be started: each must look the same to the person and to the shell.
const WAYS: [&str; 5] = [
    "env",
    "boxctl exec --",
    "boxctl exec --mask --",
    "boxctl exec --restart --",
    "boxctl exec --signal HUP --",
];

/// An interactive shell on a terminal of its own.
struct Shell {
    side: File,
    shown: String,
    child: Child,
}

impl Shell {
    fn start(world: &Renewing) -> Self {
        let side = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        // Programs of other tests would keep the terminal alive after this one.
        fcntl_setfd(&side, FdFlags::CLOEXEC).unwrap();
        grantpt(&side).unwrap();
        unlockpt(&side).unwrap();
        let name = ptsname(&side, Vec::new()).unwrap();
        let end = || File::from(open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap());
        let mut command = Command::new("setsid");
        command.args(["--ctty", "--wait", "bash", "--norc", "--noprofile", "-i"]);
        let boxctl = std::path::Path::new(env!("CARGO_BIN_EXE_boxctl")).parent().unwrap();
        command.env_clear().env("PATH", format!("{}:/usr/bin:/bin", boxctl.display()));
        command.env("BOXD_SOCKET", world.daemon.socket()).env("PS1", "$ ").env("TERM", "dumb");
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        drop(command);
        let mut shell = Self { side: side.into(), shown: String::new(), child };
        shell.until("$ ");
        shell
    }

    /// Reads until this is shown, and forgets what was shown up to there.
    fn until(&mut self, text: &str) -> String {
        let mut bytes = [0; 1024];
        loop {
            if let Some(at) = self.shown.find(text) {
                let rest = self.shown.split_off(at + text.len());
                return std::mem::replace(&mut self.shown, rest);
            }
            let mut readable = [PollFd::new(&self.side, PollFlags::IN)];
            let patience = Timespec { tv_sec: 30, tv_nsec: 0 };
            assert_eq!(
                poll(&mut readable, Some(&patience)),
                Ok(1),
                "{text:?} is not shown: {:?}",
                self.shown
            );
            let length = self.side.read(&mut bytes).unwrap_or(0);
            assert!(length > 0, "{text:?} is not shown: {:?}", self.shown);
            self.shown.push_str(&String::from_utf8_lossy(bytes.get(..length).unwrap()));
        }
    }

    fn types(&mut self, text: &str) {
        self.side.write_all(text.as_bytes()).unwrap();
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn ctrl_z_stops_the_job_and_fg_continues_it() {
    let world = Renewing::new();
    for way in WAYS {
        let mut shell = Shell::start(&world);
        shell.types(&format!(
            "{way} sh -c 'echo rea\"\"dy; while read line; do echo got-$line; done; echo end; exit 9'\n"
        ));
        shell.until("ready");
        for round in ["a", "b"] {
            shell.types("\u{1a}");
            shell.until("Stopped");
            shell.until("$ ");
            shell.types("jobs -s | grep -c Stopped\n");
            shell.until("\n1");
            shell.types("fg\n");
            shell.until("done");
            shell.types(&format!("{round}\n"));
            shell.until(&format!("got-{round}"));
        }
        // The end of its input.
        shell.types("\u{4}");
        shell.until("end");
        shell.types("echo status $?\n");
        shell.until("status 9");
    }
}

#[test]
fn ctrl_c_ends_both_and_the_shell_sees_the_signal() {
    let world = Renewing::new();
    for way in WAYS {
        let mut shell = Shell::start(&world);
        shell.types(&format!("{way} sh -c 'echo rea\"\"dy; exec sleep 1000'; echo after\n"));
        shell.until("ready");
        shell.types("\u{3}");
        let shown = shell.until("$ ");
        assert!(
            !shown.contains("\nafter"),
            "{way}: bash leaves the list where a program dies of SIGINT: {shown:?}"
        );
        shell.types("echo status $?\n");
        shell.until("status 130");
    }
}

#[test]
fn ctrl_c_reaches_a_program_that_catches_it_once() {
    let world = Renewing::new();
    for way in WAYS {
        let mut shell = Shell::start(&world);
        let script =
            "n=0; trap \"n=\\$((n+1)); echo int-\\$n.\" INT; echo rea\"\"dy; while :; do sleep 0.02; done";
        shell.types(&format!("{way} sh -c '{script}'\n"));
        shell.until("ready");
        for count in 1..=3 {
            shell.types("\u{3}");
            let shown = shell.until(&format!("int-{count}."));
            assert_eq!(shown.matches("int-").count(), 1, "{way}: {shown:?}");
        }
        shell.types("\u{1c}");
        shell.until("$ ");
        shell.types("echo status $?\n");
        shell.until("status 131");
    }
}

#[test]
fn a_program_that_stops_itself_gives_the_terminal_back() {
    let world = Renewing::new();
    for way in WAYS {
        let mut shell = Shell::start(&world);
        shell.types(&format!("{way} sh -c 'kill -s STOP $$; echo conti\"\"nued; exit 8'\n"));
        shell.until("Stopped");
        shell.until("$ ");
        shell.types("fg\n");
        shell.until("continued");
        shell.types("echo status $?\n");
        shell.until("status 8");
    }
}

#[test]
fn an_interactive_shell_below_boxctl_has_job_control_of_its_own() {
    let world = Renewing::new();
    for way in ["env", "boxctl exec --", "boxctl exec --restart --", "boxctl exec --signal HUP --"] {
        let mut shell = Shell::start(&world);
        shell.types(&format!("{way} env PS1='inner> ' bash --norc --noprofile -i\n"));
        shell.until("\ninner> ");
        shell.types("sh -c 'echo rea\"\"dy; read line; echo got-$line'\n");
        shell.until("ready");
        shell.types("\u{1a}");
        shell.until("Stopped");
        shell.until("inner> ");
        shell.types("fg\n");
        shell.until("echo got-$line");
        shell.types("x\n");
        shell.until("got-x");
        shell.types("exit 4\n");
        shell.until("\n$ ");
        shell.types("echo status $?\n");
        shell.until("status 4");
    }
}
