//! Starts the sandbox and prints how to reach it.

mod args;
mod ready;

use anyhow::Context as _;
use box_sandbox::{Clock, Lifetimes, Mint, Mood, Provider, Tls, serve};
use clap::Parser as _;
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::task::LocalSet;

use crate::ready::Ready;

fn main() -> anyhow::Result<()> {
    let args::Command::Serve(options) = args::Cli::parse().command;
    let runtime = Builder::new_current_thread().enable_all().build().context("cannot start the runtime")?;
    LocalSet::new().block_on(&runtime, run(options))
}

async fn run(options: args::Serve) -> anyhow::Result<()> {
    let listener = TcpListener::bind(options.listen)
        .await
        .with_context(|| format!("cannot listen on {}", options.listen))?;
    let tls = if options.tls { Some(Tls::generate().context("cannot set up TLS")?) } else { None };
    let mut ca_file = None;
    if let (Some(tls), Some(file)) = (&tls, &options.ca_out) {
        std::fs::write(file, &tls.ca_pem).with_context(|| format!("cannot write {}", file.display()))?;
        ca_file = Some(std::path::absolute(file).with_context(|| format!("cannot find {}", file.display()))?);
    }

    let mood = Mood { replay: options.replay.into(), old_token: options.old_token.into() };
    let lifetimes = Lifetimes { access: options.access_ttl, refresh: options.refresh_ttl };
    let mut provider = Provider::new(mood, lifetimes, Mint::seeded(seed()?));
    let now = Clock::default().now();
    let refresh_tokens = (0..options.grants).map(|_| provider.open_grant(now, false).refresh_token).collect();

    Ready::new(&provider, listener.local_addr()?, ca_file, refresh_tokens).print()?;
    match serve(listener, provider, tls).await {}
}

fn seed() -> anyhow::Result<u64> {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).ok().context("no random numbers from the system")?;
    Ok(u64::from_ne_bytes(bytes))
}
