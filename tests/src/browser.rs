//! A real headless Chromium, driven over the `WebDriver` protocol (W3C) of its chromedriver.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http;

/// Where Debian and others have it.
const CHROMIUM: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// Set where a missing browser is a failure, as in CI.
const NEEDED: &str = "BOXD_TESTS_NEED_BROWSER";
/// The member that names an element (`WebDriver` section 12.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// Between two looks at a page, and how many of them.
const STEP: Duration = Duration::from_millis(20);
const LOOKS: u32 = 1500;

/// A browser with a fresh profile, which ends with this value.
#[derive(Debug)]
pub struct Browser {
    session: String,
    // Dropped in this order.
    _driver: Driver,
    _profile: TempDir,
}

/// A chromedriver, which ends with this value.
#[derive(Debug)]
struct Driver {
    child: Child,
    port: u16,
}

impl Browser {
    /// Starts one. `None`, and a word on stderr, where this machine has none: its tests cannot run then.
    #[expect(clippy::print_stderr, reason = "a test that cannot run says so")]
    pub fn start() -> Option<Self> {
        let chromium = CHROMIUM.into_iter().find(|name| can_run(name));
        let Some(chromium) = chromium.filter(|_| can_run("chromedriver")) else {
            assert!(
                std::env::var_os(NEEDED).is_none(),
                "chromium or chromedriver is missing, and {NEEDED} is set"
            );
            eprintln!(
                "SKIPPED: this test needs chromium and chromedriver (Debian: chromium, chromium-driver)"
            );
            return None;
        };
        let profile = TempDir::new().expect("a temporary directory");
        let driver = Driver::start(&profile);
        let arguments = [
            "--headless=new",
            // Root cannot have the sandbox, and CI is root.
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-proxy-server",
            &format!("--user-data-dir={}", profile.path().display()),
        ];
        let binary = path_of(chromium);
        let capabilities = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            // A page that waits for Box does not hold the test up.
            "pageLoadStrategy": "none",
            "goog:chromeOptions": { "args": arguments, "binary": binary },
        }}});
        let base = format!("http://127.0.0.1:{}/session", driver.port);
        let (status, answer) = http::request("POST", &base, None, Some(&capabilities));
        assert_eq!(status, 200, "chromium does not start: {answer}");
        let id = answer["value"]["sessionId"].as_str().expect("a session has an id");
        Some(Self { session: format!("{base}/{id}"), _driver: driver, _profile: profile })
    }

    /// Goes to an address, without waiting for its page.
    pub fn visit(&self, url: &str) {
        self.command("url", &json!({ "url": url }));
    }

    /// Loads the page again, without waiting for it.
    pub fn reload(&self) {
        self.command("refresh", &json!({}));
    }

    /// A click on the first element of this CSS selector, once it is there.
    pub fn click(&self, selector: &str) {
        let search = json!({ "using": "css selector", "value": selector });
        for _ in 0..LOOKS {
            let (_, found) = self.ask("POST", "element", Some(&search));
            if let Some(element) = found["value"][ELEMENT].as_str() {
                let (status, answer) =
                    self.ask("POST", &format!("element/{element}/click"), Some(&json!({})));
                // The page may have changed in between.
                if status == 200 {
                    return;
                }
                assert_eq!(answer["value"]["error"], "stale element reference", "{answer}");
            }
            std::thread::sleep(STEP);
        }
        panic!("there is no {selector} on the page at {}: {}", self.url(), self.text());
    }

    /// Waits until the page shows this; all of what it shows then.
    pub fn read(&self, expected: &str) -> String {
        for _ in 0..LOOKS {
            let text = self.text();
            if text.contains(expected) {
                return text;
            }
            std::thread::sleep(STEP);
        }
        panic!("the page at {} does not show {expected:?}: {}", self.url(), self.text());
    }

    /// What the page shows now.
    pub fn text(&self) -> String {
        let text = self.evaluate("return document.body ? document.body.innerText : ''");
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Its address.
    pub fn url(&self) -> String {
        self.ask("GET", "url", None).1["value"].as_str().unwrap_or_default().to_owned()
    }

    /// The value of a script's `return`, null while the page changes. The debugger runs it, whatever the page's
    /// policy forbids.
    pub fn evaluate(&self, script: &str) -> Value {
        let (_, mut answer) =
            self.ask("POST", "execute/sync", Some(&json!({ "script": script, "args": [] })));
        answer["value"].take()
    }

    fn command(&self, path: &str, body: &Value) {
        let (status, answer) = self.ask("POST", path, Some(body));
        assert_eq!(status, 200, "{path}: {answer}");
    }

    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        http::request(method, &format!("{}/{path}", self.session), None, body)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // This ends chromium; a chromedriver that is killed leaves it behind.
        http::request("DELETE", &self.session, None, None);
    }
}

impl Driver {
    /// Starts one whose browser keeps nothing outside of this directory.
    fn start(home: &TempDir) -> Self {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").env("HOME", home.path()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut driver = Self { child: command.spawn().expect("chromedriver starts"), port: 0 };
        let stdout = BufReader::new(driver.child.stdout.take().expect("stdout is piped"));
        // `ChromeDriver was started successfully on port 40961.`
        let port = stdout.lines().map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        driver.port = port.expect("chromedriver tells its port");
        driver
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It may have ended already; there is nothing left to do then.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn can_run(name: &str) -> bool {
    let run = Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    run.is_ok_and(|status| status.success())
}

/// chromedriver wants a path.
fn path_of(name: &str) -> String {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let file = std::env::split_paths(&path).map(|directory| directory.join(name)).find(|file| file.is_file());
    file.map(|file| file.display().to_string()).expect("what runs is on the path")
}
