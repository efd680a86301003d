//! `boxctl login` on a terminal: questions, a secret without an echo, and the line that counts down.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    process::Child,
};

use boxd_proto::Request;
use rustix::{
    fs::{Mode, OFlags, open},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, tcgetattr},
};

use crate::{
    daemon::Daemon,
    login::{patient, unconfigured},
};

/// A person's side of a terminal, and what was shown on it.
pub(crate) struct Terminal {
    pub(crate) side: File,
    pub(crate) shown: String,
    pub(crate) child: Child,
    /// The other side, open, so that the terminal stays when the program ends.
    kept: File,
    /// The other side, for one more program.
    name: std::ffi::CString,
}

impl Terminal {
    /// Runs boxctl on one.
    pub(crate) fn run(daemon: &Daemon, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let side = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&side).unwrap();
        unlockpt(&side).unwrap();
        let name = ptsname(&side, Vec::new()).unwrap();
        let end = || other_side(&name);
        let mut command = daemon.command(arguments);
        command.envs(environment.iter().copied()).stdin(end()).stdout(end()).stderr(end());
        let child = command.spawn().unwrap();
        Self { side: side.into(), shown: String::new(), child, kept: end(), name }
    }

    /// What is shown from now on is looked at alone.
    pub(crate) fn forget(&mut self) {
        self.shown.clear();
    }

    /// Whether what is typed is shown.
    pub(crate) fn echoes(&self) -> bool {
        tcgetattr(&self.kept).unwrap().local_modes.contains(LocalModes::ECHO | LocalModes::ICANON)
    }

    /// Reads until this is shown.
    pub(crate) fn until(&mut self, text: &str) {
        let mut bytes = [0; 1024];
        while !self.shown.contains(text) {
            let length = self.side.read(&mut bytes).unwrap_or(0);
            assert!(length > 0, "{text} is not shown: {}", self.shown);
            self.shown.push_str(&String::from_utf8_lossy(bytes.get(..length).unwrap()));
        }
    }

    pub(crate) fn types(&mut self, text: &str) {
        self.side.write_all(text.as_bytes()).unwrap();
    }
}

fn other_side(name: &std::ffi::CStr) -> File {
    File::from(open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap())
}

#[test]
fn client_id_and_secret_are_asked_for_and_the_secret_is_not_shown() {
    let daemon = unconfigured(None);
    let mut terminal = Terminal::run(&daemon, &["login"], &[]);
    terminal.until("Client id: ");
    terminal.types("my-id\n");
    terminal.until("Client secret (not shown): ");
    // Rubbed out, begun anew, and ended by the person.
    terminal.types("rubbish\u{15}my-secretX\u{7f}\n");
    terminal.until("logged in as Ada");
    assert!(terminal.child.wait().unwrap().success());
    assert!(terminal.shown.contains("must list this redirect URI: http://127.0.0.1/callback"));
    assert!(terminal.shown.contains("my-id") && !terminal.shown.contains("my-secret"), "{}", terminal.shown);
    let Some(Request::BeginLogin(begin)) = daemon.asked().into_iter().nth(1) else { panic!("no second try") };
    assert_eq!(begin.client_id.as_deref(), Some("my-id"));
    assert_eq!(begin.client_secret.as_ref().map(boxd_proto::Secret::expose), Some("my-secret"));
}

#[test]
fn ctrl_c_while_the_secret_is_typed_ends_it_and_turns_the_echo_on_again() {
    let daemon = unconfigured(Some("my-id"));
    let mut terminal = Terminal::run(&daemon, &["login"], &[]);
    terminal.until("Client secret (not shown): ");
    assert!(terminal.shown.contains("uses the Box app my-id"), "{}", terminal.shown);
    terminal.types("half\u{3}");
    terminal.until("cancelled");
    assert_eq!(terminal.child.wait().unwrap().code(), Some(4));
    let _shell = other_side(&terminal.name);
    terminal.types("seen");
    terminal.until("seen");
    assert!(!terminal.shown.contains("half"), "{}", terminal.shown);
}

#[test]
fn the_line_counts_down_in_place_and_is_gone_at_the_end() {
    let daemon = patient();
    let browser = daemon.file("#!/bin/sh\n");
    std::fs::set_permissions(&browser, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    // Nothing can be pasted where a browser opens, so the line may change.
    let mut terminal = Terminal::run(&daemon, &["login"], &[("DISPLAY", ":0"), ("BROWSER", &browser)]);
    terminal.until("\r\u{1b}[2KWaiting for you in the browser: 5:00 left (Ctrl-C ends the login)");
    terminal.until("\r\u{1b}[2KWaiting for you in the browser: 4:59 left");
    let mut client = boxd_client::Client::connect_to(daemon.socket()).unwrap();
    client.finish_login("login-id", boxd_client::Secret::new("right")).unwrap();
    terminal.until("logged in as Ada");
    let last = terminal.shown.rfind("\u{1b}[2K").unwrap();
    assert!(terminal.shown[last..].starts_with("\u{1b}[2Kwork: logged in as Ada"), "{:?}", terminal.shown);
    assert!(terminal.child.wait().unwrap().success());
}
