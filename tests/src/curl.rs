//! curl over the daemon's socket: the client that every shell has.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::Value;

use crate::Daemon;

/// One answer.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status; 0 where there was none.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Without its chunks.
    pub body: String,
}

impl Answer {
    /// What curl printed with `--include`.
    pub fn of(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let mut lines = head.lines();
        let status =
            lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect();
        Answer { status: status.unwrap_or(0), headers, body: body.to_owned() }
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// Fetches a path, with further options of curl.
pub fn curl(daemon: &Daemon, path: &str, options: &[&str]) -> Answer {
    let output = command(daemon, path).arg("--include").args(options).output().expect("curl starts");
    Answer::of(&String::from_utf8_lossy(&output.stdout))
}

/// A curl that goes on, line by line; it ends with this value.
#[derive(Debug)]
pub struct Following {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Following {
    /// Begins to read an endless answer.
    pub fn start(daemon: &Daemon, path: &str, options: &[&str]) -> Self {
        let mut child = command(daemon, path)
            .arg("--no-buffer")
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .expect("curl starts");
        let lines = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Self { child, lines }
    }

    /// The next line that begins like this, without its beginning; empty at the end.
    pub fn next(&mut self, beginning: &str) -> String {
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).expect("curl writes text") == 0 {
                return String::new();
            }
            if let Some(rest) = line.strip_prefix(beginning) {
                return rest.trim_end().to_owned();
            }
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn command(daemon: &Daemon, path: &str) -> Command {
    let mut command = Command::new("curl");
    command
        .args(["--silent", "--max-time", "60", "--path-as-is", "--unix-socket"])
        .arg(daemon.socket())
        .arg(format!("http://boxd{path}"))
        .stdin(Stdio::null());
    command
}
