//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use box_sandbox::{OldToken, Replay, parse_seconds};
use clap::{Args, Parser, Subcommand, ValueEnum};

/// An emulator of Box's OAuth 2.0 endpoints for demos and tests.
#[derive(Debug, Parser)]
#[command(name = "box-sandbox", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve until killed; prints one line of JSON once it listens
    Serve(Serve),
}

#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,

    /// Life of access tokens; varies from 60m to 70m, as Box's does, unless given
    #[arg(long, value_name = "DURATION", value_parser = parse_seconds)]
    pub(crate) access_ttl: Option<u64>,

    /// Life of refresh tokens that are not used
    #[arg(long, value_name = "DURATION", value_parser = parse_seconds, default_value = "60d")]
    pub(crate) refresh_ttl: u64,

    /// Life of authorization codes
    #[arg(long, value_name = "DURATION", value_parser = parse_seconds, default_value = "30s")]
    pub(crate) code_ttl: u64,

    /// What a second use of a refresh token gives: the same pair until that is used, or nothing
    #[arg(long, value_enum, default_value = "window")]
    pub(crate) replay: ReplayArg,

    /// When the old access token dies
    #[arg(long, value_enum, default_value = "first-use")]
    pub(crate) old_token: OldTokenArg,

    /// Ready grants to start with
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) grants: u32,

    /// People who can log in; the first N grants are theirs
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) users: u32,

    /// Redirect logins at once, without a consent page
    #[arg(long)]
    pub(crate) auto_consent: bool,

    /// Where to write Box's app settings for JWT (JSON, with an encrypted test key)
    #[arg(long, value_name = "FILE")]
    pub(crate) app_settings: Option<PathBuf>,

    /// Where to write Box's app settings for client credentials (JSON)
    #[arg(long, value_name = "FILE")]
    pub(crate) ccg_settings: Option<PathBuf>,

    /// Serve HTTPS with a certificate for 127.0.0.1, localhost and the IPv6 loopback
    #[arg(long, requires = "ca_out")]
    pub(crate) tls: bool,

    /// Where to write the certificate authority to trust (PEM)
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub(crate) ca_out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ReplayArg {
    Window,
    Strict,
}

impl From<ReplayArg> for Replay {
    fn from(arg: ReplayArg) -> Self {
        match arg {
            ReplayArg::Window => Self::Window,
            ReplayArg::Strict => Self::Strict,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum OldTokenArg {
    FirstUse,
    AtOnce,
}

impl From<OldTokenArg> for OldToken {
    fn from(arg: OldTokenArg) -> Self {
        match arg {
            OldTokenArg::FirstUse => Self::FirstUse,
            OldTokenArg::AtOnce => Self::AtOnce,
        }
    }
}
