//! The code challenge of an authorization request and its verifier (RFC 7636).

use ring::digest::{SHA256, digest};

use super::form::Form;
use crate::base64url;

/// SHA-256 of a PKCE verifier (RFC 7636, section 4.2).
#[derive(Clone, Debug)]
pub(super) struct Challenge(Vec<u8>);

impl Challenge {
    /// Without a method it is S256 too: Box CLI sends it so.
    pub(super) fn of(query: &Form) -> Result<Option<Self>, &'static str> {
        let Some(challenge) = query.get("code_challenge") else { return Ok(None) };
        if !matches!(query.get("code_challenge_method"), None | Some("S256")) {
            return Err("code_challenge_method must be S256");
        }
        let hash = base64url::decode(challenge).filter(|hash| hash.len() == SHA256.output_len());
        hash.map(|hash| Some(Self(hash))).ok_or("code_challenge is not a SHA-256 in base64url")
    }

    pub(super) fn is_met_by(&self, verifier: &str) -> bool {
        (43..=128).contains(&verifier.len()) && digest(&SHA256, verifier.as_bytes()).as_ref() == self.0
    }
}
