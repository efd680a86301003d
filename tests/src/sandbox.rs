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

    /// Where an app sends a browser; the app's redirect URI, with a `state` and whatever else is to be sent.
    pub fn authorize_url(&self, redirect_uri: &str, state: &str, more: &[(&str, &str)]) -> String {
        let base = self.line["authorize_url"].as_str().expect("the line has an authorize_url");
        let client_id = self.line["client_id"].as_str().expect("the line has a client_id");
        let usual = [
            ("response_type", "code"),
            ("client_id", client_id),
            ("redirect_uri", redirect_uri),
            ("state", state),
        ];
        let pairs = usual.iter().chain(more).map(|(name, value)| format!("{name}={}", percent_encode(value)));
        format!("{base}?{}", pairs.collect::<Vec<_>>().join("&"))
    }

    /// From now on this person (id or login) logs in, and says `grant`, `deny`, or (`ask`) what the page is told.
    pub fn seat(&self, user: &str, answer: &str) {
        self.control("POST", "consent", Some(&json!({ "user": user, "answer": answer })));
    }

    /// One of the people who can log in, from 0: `id`, `login`, `name`.
    pub fn person(&self, index: usize) -> Value {
        self.line["users"][index].clone()
    }

    /// Box's app settings for JWT; `cipher` is `aes256`, `des3`, `legacy` or `none`.
    pub fn app_settings(&self, cipher: &str) -> Value {
        self.control("GET", &format!("app-settings?cipher={cipher}"), None)
    }

    /// Box's app settings for client credentials.
    pub fn ccg_settings(&self) -> Value {
        self.control("GET", "app-settings?auth=ccg", None)
    }

    /// Access tokens without a refresh token that it has issued: CCG, JWT, exchanged and developer tokens.
    pub fn bare_tokens(&self) -> Vec<Value> {
        let tokens = self.control("GET", "tokens", None);
        tokens["tokens"].as_array().expect("tokens are listed").clone()
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

/// Everything but letters and digits (RFC 3986, section 2.1).
fn percent_encode(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(encode).collect()
}
