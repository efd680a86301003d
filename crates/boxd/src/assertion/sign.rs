//! The assertion: claims, and the signature over them (RFC 7519, RFC 7523; Box: guide "JWT without SDKs").

use std::{fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use boxd_engine::WallTime;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::{Algorithm, SigningKey, Subject, subject};

/// The audience that Box wants, whatever URL the request goes to: its SDKs send this constant to any base URL.
pub const AUDIENCE: &str = "https://api.box.com/oauth2/token";

/// How long an assertion lives. Box allows 60 s at most, its SDKs ask for 30 s.
pub const LIFE: Duration = Duration::from_secs(30);

/// What an assertion says. There is no `iat` and no `nbf`: Box allows no skew on them.
#[derive(Clone, Debug)]
pub struct Claims<'a> {
    /// Issuer: the application's client id.
    pub iss: &'a str,
    /// Subject, which is also `box_sub_type`.
    pub sub: &'a Subject,
    /// Random bytes, new ones for each assertion: Box refuses a `jti` that it has seen.
    pub jti: [u8; 32],
    /// The end of the assertion, by Box's clock.
    pub exp: WallTime,
}

/// A signed assertion: as good as the application's password while it lives.
pub struct Assertion(SecretString);

/// Why there is no assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The system has no random numbers.
    #[error("the system gives no random numbers for the assertion; try again")]
    Random,
    /// The key does not sign.
    #[error("the private key does not sign; generate a new one in Box's developer console")]
    Key,
}

impl<'a> Claims<'a> {
    /// The claims of an assertion that is used at once, `now` by Box's clock.
    pub fn at(now: WallTime, iss: &'a str, sub: &'a Subject, jti: [u8; 32]) -> Self {
        Self { iss, sub, jti, exp: now.after(LIFE) }
    }
}

impl SigningKey {
    /// Signs claims; `kid` is the id under which Box keeps the public key (`publicKeyID`). An RSA signature
    /// takes about a millisecond.
    pub fn assertion(
        &self,
        claims: &Claims<'_>,
        kid: &str,
        algorithm: Algorithm,
    ) -> Result<Assertion, SignError> {
        let (kind, sub) = subject::parts(claims.sub);
        let header = json!({ "alg": algorithm.name(), "typ": "JWT", "kid": kid });
        let claims = json!({
            "iss": claims.iss,
            "sub": sub,
            "box_sub_type": kind,
            "aud": AUDIENCE,
            // 43 characters; Box wants 16 to 128.
            "jti": URL_SAFE_NO_PAD.encode(claims.jti),
            "exp": claims.exp.unix_seconds(),
        });
        let mut token = URL_SAFE_NO_PAD.encode(header.to_string());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims.to_string(), &mut token);
        let signature = self.sign(algorithm, token.as_bytes()).ok_or(SignError::Key)?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(Assertion(SecretString::from(token)))
    }
}

impl Assertion {
    /// The assertion itself, for the wire only.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Assertion([secret])")
    }
}
