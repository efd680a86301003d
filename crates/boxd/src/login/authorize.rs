//! The authorization request (RFC 6749 section 4.1.1) with state and PKCE (RFC 7636).

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom as _, SystemRandom},
};
use url::Url;
use zeroize::Zeroizing;

/// Bytes of a random value: 256 bits, as RFC 7636 section 4.1 recommends for the verifier.
const RANDOM_BYTES: usize = 32;

/// The system gives no random numbers.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the system gives no random numbers")]
pub(super) struct NoRandom;

/// 32 random bytes in base64url: 43 characters that nobody guesses.
pub(super) fn unguessable() -> Result<String, NoRandom> {
    let mut bytes = Zeroizing::new([0; RANDOM_BYTES]);
    SystemRandom::new().fill(&mut *bytes).map_err(|_unspecified| NoRandom)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(*bytes))
}

/// What one login sends to the authorization endpoint.
pub(super) struct Request<'a> {
    pub(super) authorize_url: &'a Url,
    pub(super) client_id: &'a str,
    pub(super) redirect_uri: &'a str,
    pub(super) state: &'a str,
    pub(super) code_verifier: &'a str,
    pub(super) scope: Option<&'a str>,
}

impl Request<'_> {
    /// Where the person consents. Box documents no PKCE, ignores what it does not know, and its own CLI sends it.
    pub(super) fn url(&self) -> Url {
        let mut url = self.authorize_url.clone();
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", self.client_id)
            .append_pair("redirect_uri", self.redirect_uri)
            .append_pair("state", self.state)
            .append_pair("code_challenge", &challenge(self.code_verifier))
            .append_pair("code_challenge_method", "S256");
        if let Some(scope) = self.scope {
            query.append_pair("scope", scope);
        }
        drop(query);
        url
    }
}

/// `S256` of RFC 7636 section 4.2.
fn challenge(code_verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, code_verifier.as_bytes()))
}

/// Whether two texts are the same, in a time that tells nothing of where they differ.
pub(super) fn same(a: &str, b: &str) -> bool {
    // What the comparison's time could tell is about digests, of which nobody can choose the beginning.
    digest(&SHA256, a.as_bytes()).as_ref() == digest(&SHA256, b.as_bytes()).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_rfc() {
        // RFC 7636 appendix B.
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn a_url_keeps_what_the_endpoint_has_already() {
        let request = Request {
            authorize_url: &Url::parse("https://ent.box.com/authorize?box_login=a%26b").unwrap(),
            client_id: "id&x",
            redirect_uri: "http://127.0.0.1:7/callback",
            state: "s",
            code_verifier: "v",
            scope: Some("root_readonly ai.readwrite"),
        };
        let url = request.url();
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let value = |name: &str| {
            let mut values = pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
            (values.next().unwrap(), values.next())
        };
        assert_eq!(value("box_login"), ("a&b", None));
        assert_eq!(value("response_type"), ("code", None));
        assert_eq!(value("client_id"), ("id&x", None));
        assert_eq!(value("redirect_uri"), ("http://127.0.0.1:7/callback", None));
        assert_eq!(value("scope"), ("root_readonly ai.readwrite", None));
        assert_eq!(value("code_challenge_method"), ("S256", None));
    }

    #[test]
    fn random_values_differ_and_are_compared_whole() {
        let (a, b) = (unguessable().unwrap(), unguessable().unwrap());
        assert_eq!(a.len(), 43);
        assert!(!same(&a, &b));
        assert!(same(&a, &a.clone()));
        assert!(!same(&a, a.get(..42).unwrap()));
    }
}
