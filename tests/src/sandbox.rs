//! A running box-sandbox, and its control API.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

use crate::{Binaries, http};

/// A sandbox that ends with this value.
#[derive(Debug)]
pub struct Sandbox {
    child: Child,
    /// The line that it printed: an import file.
    pub line: Value,
}

impl Sandbox {
    /// Starts one with these options.
    pub fn start(options: &[&str]) -> Self {
        let mut child = Command::new(&Binaries::built().sandbox)
            .arg("serve")
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the sandbox starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("stdout is piped");
        BufReader::new(stdout).read_line(&mut line).expect("the sandbox speaks");
        let line = serde_json::from_str(&line).expect("the sandbox prints JSON");
        Self { child, line }
    }

    /// Writes the import file into a directory.
    pub fn import_file(&self, directory: &Path) -> PathBuf {
        let file = directory.join("grant.json");
        std::fs::write(&file, self.line.to_string()).expect("the file can be written");
        file
    }

    /// One call of the control API.
    pub fn control(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let base = self.line["control_url"].as_str().expect("the line has a control_url");
        let (status, answer) = http::request(method, &format!("{base}/{path}"), None, body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    /// Queues a fault for the next request to the token endpoint.
    pub fn fault(&self, fault: &Value) {
        self.control("POST", "faults", Some(fault));
    }

    /// The next request is answered only after a release; Box has spent the grant by then.
    pub fn hang_after_spending(&self) {
        self.fault(&json!({ "fault": "hang", "when": "after" }));
    }

    /// What the sandbox knows of its first grant.
    pub fn grant(&self) -> Value {
        self.control("GET", "grants", None)["grants"][0].clone()
    }

    /// HTTP status of `GET /2.0/users/me` with a token.
    pub fn who_am_i(&self, token: &str) -> u16 {
        let base = self.line["api_url"].as_str().expect("the line has an api_url");
        http::request("GET", &format!("{base}/2.0/users/me"), Some(token), None).0
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // It may have ended already; there is nothing left to do then.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
