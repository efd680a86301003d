//! One JSON object with `client_id`, `client_secret` and `refresh_token`: what box-sandbox prints and scripts write.

use boxd_client::{Endpoints, ImportedCredential, Secret};
use serde::Deserialize;

use super::{Found, Wanted, members::parse, source::Source};
use crate::failure::Failure;

/// The members that count; others are ignored.
#[derive(Deserialize)]
struct ImportFile {
    client_id: Option<String>,
    client_secret: Option<Secret>,
    refresh_token: Option<Secret>,
    access_token: Option<Secret>,
    expires_at: Option<String>,
    authorize_url: Option<String>,
    token_url: Option<String>,
    revoke_url: Option<String>,
    api_url: Option<String>,
    upload_url: Option<String>,
    ca_file: Option<String>,
    proxy: Option<String>,
}

/// Reads the object.
pub(super) fn read(source: &Source, wanted: &Wanted<'_>) -> Result<Found, Failure> {
    let form = "client_id, client_secret, refresh_token, access_token and expires_at are strings";
    let file: ImportFile = parse(source.text()?, "the file", form)?;
    let missing = |member: &str| {
        Failure::usage(
            format!("the file lacks `{member}`"),
            "an import file has client_id, client_secret, refresh_token",
        )
    };
    let credential = ImportedCredential::OAuth2 {
        client_id: file.client_id.ok_or_else(|| missing("client_id"))?,
        client_secret: file.client_secret,
        refresh_token: file.refresh_token.ok_or_else(|| missing("refresh_token"))?,
        access_token: file.access_token,
        expires_at: file.expires_at.as_deref().map(unix_seconds).transpose()?,
        refresh_now: wanted.refresh_now,
    };
    let mut found = Found::new(credential, source.origin().removal());
    found.endpoints = Endpoints {
        authorize_url: file.authorize_url,
        token_url: file.token_url,
        revoke_url: file.revoke_url,
        api_url: file.api_url,
        upload_url: file.upload_url,
        ca_file: file.ca_file.map(|named| source.origin().beside("ca_file", &named)).transpose()?,
        proxy: file.proxy,
    };
    Ok(found)
}

fn unix_seconds(date: &str) -> Result<i64, Failure> {
    date.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_second).map_err(|_reason| {
        Failure::usage(
            "`expires_at` is no RFC 3339 date",
            "write it as 2026-11-22T03:04:05Z, or leave it out",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Found, Failure> {
        let wanted = Wanted { file: None, from: None, entry: None, refresh_now: true };
        read(&Source::from_text(text), &wanted)
    }

    #[test]
    fn a_sandbox_line_is_an_import_file() {
        let line = r#"{"url":"http://127.0.0.1:1","token_url":"http://127.0.0.1:1/t","client_id":"id",
            "client_secret":"s","refresh_token":"r","unknown":[1]}"#;
        let found = read_text(line).unwrap();
        assert_eq!(found.endpoints.token_url.as_deref(), Some("http://127.0.0.1:1/t"));
        assert!(matches!(
            found.credential,
            ImportedCredential::OAuth2 { refresh_now: true, expires_at: None, .. }
        ));
    }

    #[test]
    fn errors_never_quote_the_file() {
        for text in [
            r#"{"client_id":"x","refresh_token":{"a":"canary"}}"#,
            r#"{"client_id":"x","refresh_token":"r","expires_at":"canary"}"#,
        ] {
            let failure = read_text(text).err().unwrap();
            assert!(!format!("{failure:?}").contains("canary"));
        }
    }
}
