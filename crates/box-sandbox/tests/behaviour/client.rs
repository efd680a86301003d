//! A running sandbox and a small HTTP/1.1 client that hides nothing.

use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// A sandbox that ends with the test.
pub(crate) struct Sandbox {
    child: Child,
    pub(crate) ready: Value,
}

impl Sandbox {
    pub(crate) fn start(options: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_box-sandbox"))
            .arg("serve")
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?}: {error}"));
        Self { child, ready }
    }

    pub(crate) fn text(&self, member: &str) -> &str {
        self.ready[member].as_str().unwrap_or_else(|| panic!("no {member} in {}", self.ready))
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let address = self.text("url").split("://").nth(1).expect("a URL");
        let stream = TcpStream::connect(address).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket option");
        stream
    }

    pub(crate) fn try_send(&self, request: &str) -> io::Result<Answer> {
        exchange(&mut self.connect(), request)
    }

    /// Takes a method and a path, and headers if need be, each in a line.
    pub(crate) fn send(&self, head: &str, body: &str) -> Answer {
        self.try_send(&request(head, body)).expect("an answer")
    }

    /// A command of the control API that is to succeed.
    pub(crate) fn control(&self, command: &str, body: &Value) -> Value {
        let answer = self.send(&control_head(command), &body.to_string());
        assert_eq!(answer.status, 200, "{command}: {}", answer.text());
        answer.json()
    }

    pub(crate) fn read(&self, command: &str) -> Value {
        self.send(&format!("GET /_sandbox/{command}"), "").json()
    }

    pub(crate) fn fault(&self, fault: &Value) {
        self.control("faults", fault);
    }

    /// A new grant with an access token.
    pub(crate) fn grant(&self) -> Value {
        self.control("grants", &json!({"access_token": true}))
    }

    pub(crate) fn form(&self, parameters: &[(&str, &str)]) -> String {
        url::form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", self.text("client_id"))
            .append_pair("client_secret", self.text("client_secret"))
            .extend_pairs(parameters)
            .finish()
    }

    /// The whole request of a refresh.
    pub(crate) fn refresh_request(&self, refresh_token: &str) -> String {
        let form = self.form(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]);
        request(FORM_TOKEN, &form)
    }

    pub(crate) fn refresh(&self, refresh_token: &str) -> Answer {
        self.try_send(&self.refresh_request(refresh_token)).expect("an answer")
    }

    pub(crate) fn revoke(&self, token: &str) -> Answer {
        let head = "POST /oauth2/revoke\nContent-Type: application/x-www-form-urlencoded";
        self.send(head, &self.form(&[("token", token)]))
    }

    pub(crate) fn me(&self, access_token: &str) -> Answer {
        self.send(&format!("GET /2.0/users/me\nAuthorization: Bearer {access_token}"), "")
    }

    /// The journal's entries of one kind.
    pub(crate) fn entries(&self, event: &str) -> Vec<Value> {
        let journal = self.read("journal");
        let entries = journal["entries"].as_array().expect("entries");
        entries.iter().filter(|entry| entry["event"] == event).cloned().collect()
    }

    /// How the grant with this number stands.
    pub(crate) fn view(&self, grant: &Value) -> Value {
        let grants = self.read("grants");
        let found = grants["grants"].as_array().expect("grants").iter().find(|view| view["grant"] == *grant);
        found.expect("the grant").clone()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.child.kill().expect("it was running");
        self.child.wait().expect("it ends");
    }
}

pub(crate) const FORM_TOKEN: &str = "POST /oauth2/token\nContent-Type: application/x-www-form-urlencoded";

pub(crate) const DEAD: &str = r#"{"error":"invalid_grant","error_description":"Invalid refresh token"}"#;

pub(crate) fn control_head(command: &str) -> String {
    format!("POST /_sandbox/{command}")
}

pub(crate) fn request(head: &str, body: &str) -> String {
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default();
    let headers: Vec<&str> = lines.flat_map(|line| [line, "\r\n"]).collect();
    let (headers, length) = (headers.concat(), body.len());
    format!(
        "{first} HTTP/1.1\r\nHost: sandbox\r\n{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{:?}: {error}", self.text()))
    }

    pub(crate) fn promised(&self) -> usize {
        self.header("content-length").and_then(|value| value.parse().ok()).expect("a Content-Length")
    }
}

/// One request, and everything that comes until the connection ends.
pub(crate) fn exchange<S: Read + Write>(stream: &mut S, request: &str) -> io::Result<Answer> {
    stream.write_all(request.as_bytes())?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let end = bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "no answer"))?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Ok(Answer { status, head, body: bytes[end + 4..].to_vec() })
}
