//! The state of Box's Java SDK (`BoxAPIConnection.save()`), which does not name its app.

use boxd_client::{ImportedCredential, Secret};
use serde::Deserialize;

use super::{
    Found, Wanted, app_of_environment, date,
    members::{filled, parse},
    source::Source,
};
use crate::failure::Failure;

/// The members that count. Dates are in milliseconds, `expires` is a duration.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct State {
    access_token: Option<Secret>,
    refresh_token: Option<Secret>,
    last_refresh: Option<i64>,
    expires: Option<i64>,
    #[serde(rename = "tokenURL")]
    token_url: Option<String>,
    #[serde(rename = "revokeURL")]
    revoke_url: Option<String>,
    #[serde(rename = "baseURL")]
    base_url: Option<String>,
    #[serde(rename = "baseUploadURL")]
    base_upload_url: Option<String>,
}

/// Reads the state.
pub(super) fn read(source: &Source, wanted: &Wanted<'_>) -> Result<Found, Failure> {
    let form = "it is what BoxAPIConnection.save() returned, with accessToken and refreshToken";
    let state: State = parse(source.text()?, "the Java SDK state", form)?;
    let refresh_token = filled(state.refresh_token).ok_or_else(|| {
        Failure::usage(
            "the Java SDK state has no refresh token",
            "one of a server's connection (JWT, CCG) has none: import the app settings, boxctl import --from box-app",
        )
    })?;
    let (client_id, client_secret) = app_of_environment::app("a Java SDK state")?;
    let end = state.last_refresh.zip(state.expires).map(|(born, life)| born.saturating_add(life));
    let credential = ImportedCredential::OAuth2 {
        client_id,
        client_secret,
        refresh_token,
        access_token: filled(state.access_token),
        expires_at: end.and_then(date::of_milliseconds),
        refresh_now: wanted.refresh_now,
    };
    let mut found = Found::new(credential, source.origin().removal());
    let other_than = |url: Option<String>, own: &str| url.filter(|url| !url.is_empty() && url != own);
    found.endpoints.token_url = other_than(state.token_url, "https://api.box.com/oauth2/token");
    found.endpoints.revoke_url = other_than(state.revoke_url, "https://api.box.com/oauth2/revoke");
    found.endpoints.api_url = other_than(state.base_url.as_deref().map(without_path), "https://api.box.com");
    found.endpoints.upload_url =
        other_than(state.base_upload_url.as_deref().map(without_path), "https://upload.box.com");
    found.notes.push("the program must not call refresh() any more, nor restore this state".into());
    Ok(found)
}

/// The base of an API without the paths that versions of the SDK put behind it.
fn without_path(url: &str) -> String {
    let mut base = url.trim_end_matches('/');
    for path in ["/2.0", "/api"] {
        base = base.strip_suffix(path).unwrap_or(base);
    }
    base.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_lose_the_paths_of_the_sdk() {
        for url in
            ["https://upload.box.com/api/2.0/", "https://upload.box.com/api/", "https://upload.box.com"]
        {
            assert_eq!(without_path(url), "https://upload.box.com");
        }
    }
}
