//! Members of JSON files and of credentials: read without quoting them, and checked.

use boxd_client::{Endpoints, ImportedCredential, Secret, Subject};
use serde::{Deserialize, de::DeserializeOwned};

use super::Found;
use crate::failure::Failure;

/// `text` as a `T`. An error tells the place and never the content: serde's own text could quote a secret.
pub(super) fn parse<T: DeserializeOwned>(text: &str, what: &str, form: &str) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Failure::usage(format!("{what} is no JSON object of the expected form ({place})"), form)
    })
}

/// An id that some tools write as a string and some as a number.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Id {
    Text(String),
    Number(u64),
}

impl Id {
    /// Its digits; `None` where it is blank.
    pub(super) fn filled(&self) -> Option<String> {
        let id = match self {
            Self::Text(id) => id.clone(),
            Self::Number(id) => id.to_string(),
        };
        Some(id).filter(|id| !id.is_empty())
    }
}

/// A secret that is not blank.
pub(super) fn filled(secret: Option<Secret>) -> Option<Secret> {
    secret.filter(|secret| !secret.expose().is_empty())
}

/// Refuses what no Box credential can be: a control character in it (which could end a header or a line later
/// on), or more bytes than a request to the daemon has room for.
pub(super) fn check(found: &Found, most: usize) -> Result<(), Failure> {
    let all = strings(&found.credential).into_iter().chain(places(&found.endpoints));
    let mut total = 0;
    for (name, value) in all {
        total += value.len();
        if value.chars().any(char::is_control) {
            return Err(Failure::usage(
                format!("`{name}` holds a control character"),
                "check the file: a line break or an escape sequence got into it",
            ));
        }
    }
    if let ImportedCredential::Jwt { app_settings, .. } = &found.credential {
        total += app_settings.expose().len();
    }
    if total > most {
        let detail = "the credentials are too large to be those of a Box app";
        return Err(Failure::usage(detail, "name the file that the tool wrote"));
    }
    Ok(())
}

/// Everything in a credential that is one line.
fn strings(credential: &ImportedCredential) -> Vec<(&'static str, &str)> {
    match credential {
        ImportedCredential::OAuth2 { client_id, client_secret, refresh_token, access_token, .. } => {
            let mut all = vec![("client_id", client_id.as_str()), ("refresh_token", refresh_token.expose())];
            all.extend(client_secret.as_ref().map(|secret| ("client_secret", secret.expose())));
            all.extend(access_token.as_ref().map(|token| ("access_token", token.expose())));
            all
        }
        ImportedCredential::AccessToken { access_token, .. } => vec![("access_token", access_token.expose())],
        ImportedCredential::ClientCredentials { client_id, client_secret, subject } => {
            vec![("client_id", client_id), ("client_secret", client_secret.expose()), named(subject)]
        }
        ImportedCredential::Jwt { passphrase, subject, .. } => {
            let mut all: Vec<_> = subject.iter().map(named).collect();
            all.extend(passphrase.as_ref().map(|passphrase| ("passphrase", passphrase.expose())));
            all
        }
    }
}

fn named(subject: &Subject) -> (&'static str, &str) {
    match subject {
        Subject::Enterprise(id) => ("enterprise id", id),
        Subject::User(id) => ("user id", id),
    }
}

fn places(endpoints: &Endpoints) -> impl Iterator<Item = (&'static str, &str)> {
    let Endpoints { authorize_url, token_url, revoke_url, api_url, upload_url, ca_file, proxy } = endpoints;
    [
        ("authorize_url", authorize_url),
        ("token_url", token_url),
        ("revoke_url", revoke_url),
        ("api_url", api_url),
        ("upload_url", upload_url),
        ("ca_file", ca_file),
        ("proxy", proxy),
    ]
    .into_iter()
    .filter_map(|(name, place)| Some((name, place.as_deref()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(token: &str) -> Found {
        let access_token = Secret::new(token);
        Found::new(ImportedCredential::AccessToken { access_token, expires_at: None }, "")
    }

    #[test]
    fn control_characters_and_oversize_are_refused_without_being_quoted() {
        assert!(check(&token("1!canary"), 10).is_ok());
        for bad in ["canary\u{1b}[2J", "canary\r\nX-Other: 1", "canary-canary"] {
            let failure = check(&token(bad), 10).unwrap_err();
            assert!(!format!("{failure:?}").contains("canary"), "{failure:?}");
        }
        let mut found = token("1!token");
        found.endpoints.token_url = Some("http://\n".into());
        assert!(check(&found, 100).unwrap_err().problem.detail.contains("token_url"));
    }

    #[test]
    fn ids_are_strings_or_numbers() {
        let ids: Vec<Id> = parse(r#"["12", 34, ""]"#, "", "").unwrap();
        let ids: Vec<_> = ids.iter().map(Id::filled).collect();
        assert_eq!(ids, [Some("12".into()), Some("34".into()), None]);
    }
}
