//! The secrets of one endpoint, and whether a request knows them.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use boxd_proto::{Secret, TokenEndpoint};
use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

use crate::constant_time::equal;

/// Path of the endpoint: Box's own.
pub(super) const PATH: &str = "/oauth2/token";
/// Bytes of a secret: 256 bits.
const SECRET_BYTES: usize = 32;
/// Bytes of a client id, which is no secret.
const ID_BYTES: usize = 6;
/// What the names begin with, so that a person who finds one knows whose it is, and that it opens nothing at Box.
const ID_PREFIX: &str = "boxd-local-";

/// What a program must show.
#[derive(Debug)]
pub(super) struct Credentials {
    client_id: String,
    client_secret: Secret,
    refresh_token: Secret,
}

impl Credentials {
    /// New ones; `None` where the system gives no random numbers.
    pub(super) fn random() -> Option<Self> {
        let secret = || Some(Secret::new(format!("{ID_PREFIX}{}", *random::<SECRET_BYTES>()?)));
        let id = format!("{ID_PREFIX}{}", *random::<ID_BYTES>()?);
        Some(Self { client_id: id, client_secret: secret()?, refresh_token: secret()? })
    }

    /// Those of an endpoint that was told earlier, and its port.
    pub(super) fn again(told: &TokenEndpoint) -> Option<(Self, u16)> {
        let TokenEndpoint { url, client_id, client_secret, refresh_token } = told;
        let port: u16 = url.strip_prefix("http://127.0.0.1:")?.strip_suffix(PATH)?.parse().ok()?;
        let length = |bytes: usize| ID_PREFIX.len() + (bytes * 4).div_ceil(3);
        let ours = |text: &str, bytes| {
            text.starts_with(ID_PREFIX)
                && text.len() == length(bytes)
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        let known = ours(client_id, ID_BYTES)
            && ours(client_secret.expose(), SECRET_BYTES)
            && ours(refresh_token.expose(), SECRET_BYTES);
        let credentials = Self {
            client_id: client_id.clone(),
            client_secret: client_secret.clone(),
            refresh_token: refresh_token.clone(),
        };
        (known && port >= 1024).then_some((credentials, port))
    }

    /// As the program is told them.
    pub(super) fn told(&self, port: u16) -> TokenEndpoint {
        TokenEndpoint {
            url: format!("http://127.0.0.1:{port}{PATH}"),
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.clone(),
            refresh_token: self.refresh_token.clone(),
        }
    }

    /// Whether this is the client.
    pub(super) fn is_client(&self, id: &str, secret: &str) -> bool {
        // Both are compared, whatever the first says.
        equal(&self.client_id, id) & equal(self.client_secret.expose(), secret)
    }

    /// Whether this is its refresh token.
    pub(super) fn is_refresh_token(&self, token: &str) -> bool {
        equal(self.refresh_token.expose(), token)
    }

    pub(super) fn refresh_token(&self) -> &str {
        self.refresh_token.expose()
    }
}

fn random<const BYTES: usize>() -> Option<Zeroizing<String>> {
    let mut bytes = Zeroizing::new([0; BYTES]);
    SystemRandom::new().fill(&mut *bytes).ok()?;
    Some(Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(*bytes)))
}
