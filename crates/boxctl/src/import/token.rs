//! A bare access token, such as a developer token.

use boxd_client::{ImportedCredential, Secret};

use super::{Found, source::Source};
use crate::failure::Failure;

/// Whether a text is one token and nothing else.
pub(super) fn is_one(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Reads the token.
pub(super) fn read(source: &Source) -> Result<Found, Failure> {
    match source.text()?.trim() {
        "" => Err(Failure::usage("the file is empty", "it holds the access token and nothing else")),
        token if is_one(token) => {
            let access_token = Secret::new(token);
            let credential = ImportedCredential::AccessToken { access_token, expires_at: None };
            Ok(Found::new(credential, source.origin().removal()))
        }
        _ => Err(Failure::usage("the file holds more than one token", "one line with an access token")),
    }
}
