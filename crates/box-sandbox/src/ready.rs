//! The line that says how to reach the sandbox; `boxctl import` takes it as it is.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::Context as _;
use box_sandbox::Provider;
use box_sandbox::oauth::{ENTERPRISE_ID, User};
use serde::Serialize;

/// What was written at the start, where it was asked for.
pub(crate) struct Files {
    pub(crate) ca: Option<PathBuf>,
    pub(crate) app_settings: Option<PathBuf>,
    pub(crate) ccg_settings: Option<PathBuf>,
}

/// Members in the order in which they are printed.
#[derive(Serialize)]
pub(crate) struct Ready {
    url: String,
    authorize_url: String,
    token_url: String,
    revoke_url: String,
    api_url: String,
    upload_url: String,
    /// Plain HTTP even where the rest speaks TLS.
    control_url: String,
    client_id: String,
    client_secret: String,
    refresh_token: Option<String>,
    /// Only with more grants than one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refresh_tokens: Vec<String>,
    redirect_uris: Vec<String>,
    enterprise_id: &'static str,
    public_key_id: String,
    service_account: Option<User>,
    /// Those who can log in.
    users: Vec<User>,
    app_users: Vec<User>,
    /// Only with TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    ca_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_settings: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ccg_settings: Option<PathBuf>,
}

impl Ready {
    pub(crate) fn new(
        provider: &mut Provider,
        listening: SocketAddr,
        files: Files,
        people: usize,
        mut refresh_tokens: Vec<String>,
    ) -> Self {
        let address = reachable(listening);
        let url = format!("{}://{address}", if files.ca.is_some() { "https" } else { "http" });
        let refresh_token = refresh_tokens.first().cloned();
        if refresh_tokens.len() == 1 {
            refresh_tokens.clear();
        }
        Self {
            authorize_url: format!("{url}/api/oauth2/authorize"),
            token_url: format!("{url}/oauth2/token"),
            revoke_url: format!("{url}/oauth2/revoke"),
            api_url: url.clone(),
            upload_url: url.clone(),
            url,
            control_url: format!("http://{address}/_sandbox"),
            client_id: provider.client().id().to_owned(),
            client_secret: provider.client().secret().to_owned(),
            refresh_token,
            refresh_tokens,
            redirect_uris: provider.client().redirect_uris().iter().map(url::Url::to_string).collect(),
            enterprise_id: ENTERPRISE_ID,
            public_key_id: provider.client().public_key_id().to_owned(),
            service_account: provider.service_account().cloned(),
            users: provider.people().take(people).cloned().collect(),
            app_users: provider.app_users().cloned().collect(),
            ca_file: files.ca,
            app_settings: files.app_settings,
            ccg_settings: files.ccg_settings,
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn print(&self) -> anyhow::Result<()> {
        let line = serde_json::to_string(self).context("cannot write JSON")?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{line}").and_then(|()| out.flush()).context("cannot print the JSON line")
    }
}

/// Listening everywhere includes here, and only here is named by the certificate.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    address
}
