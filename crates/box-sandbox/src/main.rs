//! Starts the sandbox and prints how to reach it.

mod args;
mod ready;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use box_sandbox::oauth::Answer;
use box_sandbox::{Clock, Lifetimes, Mint, Mood, Provider, Tls, ccg_settings, jwt_settings, serve};
use clap::Parser as _;
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::task::LocalSet;

use crate::ready::{Files, Ready};

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

    let mood = Mood { replay: options.replay.into(), old_token: options.old_token.into() };
    let lifetimes =
        Lifetimes { access: options.access_ttl, refresh: options.refresh_ttl, code: options.code_ttl };
    let mut provider = Provider::new(mood, lifetimes, u64::from(options.users), Mint::seeded(seed()?));
    if options.auto_consent {
        provider.answer = Answer::Grant;
    }
    let files = Files {
        ca: tls.as_ref().zip(options.ca_out).map(|(tls, file)| write(&file, &tls.ca_pem)).transpose()?,
        app_settings: options
            .app_settings
            .map(|file| write(&file, &format!("{:#}\n", jwt_settings(provider.client()))))
            .transpose()?,
        ccg_settings: options
            .ccg_settings
            .map(|file| write(&file, &format!("{:#}\n", ccg_settings(provider.client()))))
            .transpose()?,
    };
    let people = usize::try_from(options.users).unwrap_or(usize::MAX);
    let now = Clock::default().now();
    let refresh_tokens = (0..options.grants).map(|_| provider.open_grant(now, false).refresh_token).collect();

    let ready = Ready::new(&mut provider, listener.local_addr()?, files, people, refresh_tokens);
    provider.set_own_url(ready.url().parse().context("cannot use the address as a URL")?);
    ready.print()?;
    match serve(listener, provider, tls).await {}
}

/// Writes a file and tells its absolute path.
fn write(file: &Path, text: &str) -> anyhow::Result<PathBuf> {
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    std::path::absolute(file).with_context(|| format!("cannot find {}", file.display()))
}

fn seed() -> anyhow::Result<u64> {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).ok().context("no random numbers from the system")?;
    Ok(u64::from_ne_bytes(bytes))
}
