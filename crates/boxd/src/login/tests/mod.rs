//! What browsers, good and hostile, and clients see of a login; over real sockets, in virtual time.

mod browser;
mod hostile;
mod life;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use boxd_engine::User;
use boxd_proto::{Code, LoginPage, Problem};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::watch,
};
use url::Url;

use super::{Consent, LIFETIME, LoginPlan, Logins, Redeem, RedirectUri};

/// Takes every consent but that with the code `bad`, once the gate is open.
#[derive(Clone)]
struct Fake {
    gate: watch::Sender<bool>,
    begun: Arc<AtomicUsize>,
    done: Arc<AtomicUsize>,
}

impl Redeem for Fake {
    type Context = &'static str;

    async fn redeem(&self, consent: Consent<&'static str>) -> Result<User, Problem> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        assert_eq!(consent.context, "context");
        assert_eq!(consent.code_verifier.len(), 43);
        assert!(consent.redirect_uri.starts_with("http://"), "{}", consent.redirect_uri);
        self.gate.subscribe().wait_for(|open| *open).await.unwrap();
        self.done.fetch_add(1, Ordering::Relaxed);
        match consent.code.as_str() {
            "bad" => Err(Problem {
                code: Code::ActionRequired,
                detail: "box says <no>".into(),
                account: Some(consent.account.to_string()),
                next_step: "do this".into(),
                retry_after_seconds: None,
            }),
            "panic" => panic!("a fault of ours"),
            code => Ok(User { id: "1".into(), login: "ada@example.com".into(), name: format!("Ada {code}") }),
        }
    }
}

struct World {
    logins: Logins<Fake>,
    fake: Fake,
}

impl World {
    fn new() -> Self {
        let fake = Fake { gate: watch::Sender::new(true), begun: Arc::default(), done: Arc::default() };
        Self { logins: Logins::new(fake.clone()), fake }
    }

    async fn begin(&self, plan: LoginPlan) -> Login {
        Login::of(self.logins.begin(plan, "context").await.unwrap())
    }

    /// How many codes went to Box.
    fn begun(&self) -> usize {
        self.fake.begun.load(Ordering::Relaxed)
    }

    fn done(&self) -> usize {
        self.fake.done.load(Ordering::Relaxed)
    }
}

fn plan(account: &str) -> LoginPlan {
    LoginPlan {
        account: account.parse().unwrap(),
        authorize_url: "https://account.box.com/api/oauth2/authorize".parse().unwrap(),
        client_id: "client".into(),
        redirect: RedirectUri::default(),
        port: None,
        scope: None,
        lifetime: LIFETIME,
    }
}

/// A login as its client and the person's browser know it.
struct Login {
    page: LoginPage,
    state: String,
}

impl Login {
    fn of(page: LoginPage) -> Self {
        let url: Url = page.authorize_url.parse().unwrap();
        let state = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
        Self { page, state }
    }

    fn id(&self) -> &str {
        &self.page.login
    }

    /// Path and query of Box's redirect with these parameters and the right state.
    fn target(&self, parameters: &str) -> String {
        format!("/callback?state={}&{parameters}", self.state)
    }

    /// One request with these headers; status and the rest of the answer.
    async fn ask(&self, request: &str, headers: &str) -> (u16, String) {
        let mut stream = self.connect().await;
        stream.write_all(format!("{request} HTTP/1.1\r\n{headers}\r\n").as_bytes()).await.unwrap();
        answer(&mut stream).await
    }

    /// A browser's request for a page.
    async fn get(&self, target: &str) -> (u16, String) {
        self.ask(&format!("GET {target}"), &format!("Host: 127.0.0.1:{}\r\n", self.page.port)).await
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.page.port)).await.unwrap()
    }

    async fn is_listening(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.page.port)).await.is_ok()
    }

    /// Returns once the listener is gone, in virtual time.
    async fn closed(&self) {
        for _ in 0..2000 {
            if !self.is_listening().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the listener stays");
    }
}

/// Status and all the rest; 0 where the server closed without a word.
async fn answer(stream: &mut TcpStream) -> (u16, String) {
    let mut bytes = Vec::new();
    // A connection that is cut has said what it said.
    drop(stream.read_to_end(&mut bytes).await);
    let text = String::from_utf8(bytes).unwrap();
    (text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0), text)
}
