//! Starts the sandbox and prints how to reach it.

mod args;

use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};

use anyhow::Context as _;
use box_sandbox::{Clock, Lifetimes, Mint, Mood, Provider, Tls, serve};
use clap::Parser as _;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::task::LocalSet;

fn main() -> anyhow::Result<()> {
    let args::Command::Serve(options) = args::Cli::parse().command;
    let runtime = Builder::new_current_thread().enable_all().build().context("cannot start the runtime")?;
    LocalSet::new().block_on(&runtime, run(options))
}

async fn run(options: args::Serve) -> anyhow::Result<()> {
    let listener = TcpListener::bind(options.listen)
        .await
        .with_context(|| format!("cannot listen on {}", options.listen))?;
    let mut ready = Ready::at(listener.local_addr()?, options.tls);

    let mood = Mood { replay: options.replay.into(), old_token: options.old_token.into() };
    let lifetimes = Lifetimes { access: options.access_ttl, refresh: options.refresh_ttl };
    let mut provider = Provider::new(mood, lifetimes, Mint::seeded(seed()?));
    ready.open_grants(&mut provider, options.grants);

    let tls = if options.tls { Some(Tls::generate().context("cannot set up TLS")?) } else { None };
    if let (Some(tls), Some(file)) = (&tls, &options.ca_out) {
        std::fs::write(file, &tls.ca_pem).with_context(|| format!("cannot write {}", file.display()))?;
        let file = std::fs::canonicalize(file).with_context(|| format!("cannot find {}", file.display()))?;
        ready.add("ca_file", json!(file));
    }
    ready.print()?;
    serve(listener, provider, tls).await.context("cannot accept connections any more")
}

fn seed() -> anyhow::Result<u64> {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).ok().context("no random numbers from the system")?;
    Ok(u64::from_ne_bytes(bytes))
}

/// The line that says how to reach the sandbox; also an import file for boxd.
struct Ready(serde_json::Map<String, Value>);

impl Ready {
    fn at(address: SocketAddr, tls: bool) -> Self {
        // Listening everywhere includes here, and only here is named by the certificate.
        let host = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => "127.0.0.1".to_owned(),
            IpAddr::V6(ip) if ip.is_unspecified() => "[::1]".to_owned(),
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        let authority = format!("{host}:{}", address.port());
        let url = format!("{}://{authority}", if tls { "https" } else { "http" });
        let mut ready = Self(serde_json::Map::new());
        ready.add("authorize_url", json!(format!("{url}/api/oauth2/authorize")));
        ready.add("token_url", json!(format!("{url}/oauth2/token")));
        ready.add("revoke_url", json!(format!("{url}/oauth2/revoke")));
        ready.add("api_url", json!(url));
        ready.add("url", json!(url));
        // Plain HTTP even where the rest speaks TLS.
        ready.add("control_url", json!(format!("http://{authority}/_sandbox")));
        ready
    }

    fn open_grants(&mut self, provider: &mut Provider, count: u32) {
        let now = Clock::default().now();
        let tokens: Vec<String> = (0..count)
            .filter_map(|_| {
                let id = provider.open_grant(now);
                provider.grant(now, id).map(|grant| grant.refresh_token)
            })
            .collect();
        self.add("client_id", json!(provider.client().id()));
        self.add("client_secret", json!(provider.client().secret()));
        self.add("refresh_token", json!(tokens.first()));
        if count > 1 {
            self.add("refresh_tokens", json!(tokens));
        }
    }

    fn add(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    fn print(self) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", Value::Object(self.0))
            .and_then(|()| out.flush())
            .context("cannot print the JSON line")
    }
}
