//! Box CLI's `settings.json`: other hosts than Box's usual ones.

use std::path::Path;

use boxd_client::Endpoints;
use serde::Deserialize;

use super::{members::parse, source::Source};
use crate::failure::Failure;

/// The members that count (boxcli: `_configureSdk`).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    #[serde(rename = "apiRootURL")]
    api_root: Option<String>,
    #[serde(rename = "authorizeRootURL")]
    authorize_root: Option<String>,
    #[serde(rename = "uploadAPIRootURL")]
    upload_root: Option<String>,
    enable_proxy: Option<bool>,
}

/// What the settings in a directory say.
pub(super) struct Hosts {
    pub(super) endpoints: Endpoints,
    /// Box CLI goes through a proxy, which may have a password and is not taken over.
    pub(super) behind_proxy: bool,
}

/// Reads the settings of a directory. Where there are none, Box's own hosts are meant.
pub(super) fn of(directory: &Path) -> Result<Hosts, Failure> {
    let mut hosts = Hosts { endpoints: Endpoints::default(), behind_proxy: false };
    let file = directory.join("settings.json");
    if !file.exists() {
        return Ok(hosts);
    }
    let source = Source::read(&file)?;
    let next = "correct it with box configure:settings";
    let settings: Settings = parse(source.text()?, &source.origin().name(), next)?;
    hosts.behind_proxy = settings.enable_proxy == Some(true);
    if let Some(root) = root(settings.api_root, "https://api.box.com") {
        hosts.endpoints.token_url = Some(format!("{root}/oauth2/token"));
        hosts.endpoints.revoke_url = Some(format!("{root}/oauth2/revoke"));
        hosts.endpoints.api_url = Some(root);
    }
    hosts.endpoints.authorize_url = root(settings.authorize_root, "https://account.box.com/api")
        .map(|root| format!("{root}/oauth2/authorize"));
    // The SDK's root ends in /api, boxd's does not.
    hosts.endpoints.upload_url = root(settings.upload_root, "https://upload.box.com/api")
        .map(|root| root.strip_suffix("/api").unwrap_or(&root).to_owned());
    Ok(hosts)
}

/// A root that is set and is not the usual one.
fn root(url: Option<String>, usual: &str) -> Option<String> {
    let url = url?.trim_end_matches('/').to_owned();
    Some(url).filter(|url| !url.is_empty() && url != usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_text(text: &str) -> Result<Hosts, Failure> {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("settings.json"), text).unwrap();
        of(directory.path())
    }

    #[test]
    fn other_hosts_become_endpoints_and_usual_ones_do_not() {
        let hosts = of_text(
            r#"{"apiRootURL":"https://api.box.example/","authorizeRootURL":"https://account.box.com/api",
                "uploadAPIRootURL":"https://up.box.example/api","enableProxy":true,"proxy":{"url":null}}"#,
        )
        .unwrap();
        let expected = Endpoints {
            token_url: Some("https://api.box.example/oauth2/token".into()),
            revoke_url: Some("https://api.box.example/oauth2/revoke".into()),
            api_url: Some("https://api.box.example".into()),
            upload_url: Some("https://up.box.example".into()),
            ..Endpoints::default()
        };
        assert_eq!((hosts.endpoints, hosts.behind_proxy), (expected, true));
        let usual = of_text(r#"{"outputJson":false,"enableProxy":false}"#).unwrap();
        assert_eq!((usual.endpoints, usual.behind_proxy), (Endpoints::default(), false));
    }

    #[test]
    fn broken_settings_are_named_and_missing_ones_are_fine() {
        let failure = of_text("{canary").err().unwrap();
        assert!(failure.problem.detail.contains("settings.json"), "{failure:?}");
        assert!(!format!("{failure:?}").contains("canary"), "{failure:?}");
        assert!(of(tempfile::tempdir().unwrap().path()).is_ok());
    }
}
