//! One request for each grant by which a token is obtained anew. Each is sent exactly once.

use boxd_engine::{AccessToken, ClientSecret, Exchange};
use bytes::Bytes;

use super::{
    BoxApi, Endpoint,
    exchange::{Answered, form},
};
use crate::assertion::{Assertion, Subject, parts};

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// What a downscoped token is restricted to (Box: guide "Downscope a token"): one or the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A file or folder, as the URL that it has in Box's API: `https://api.box.com/2.0/files/123`.
    Resource(String),
    /// A shared link. Box takes none that has a password, and none to a bookmark.
    SharedLink(String),
}

impl BoxApi {
    /// Exchanges the code of a login (RFC 6749 section 4.1.3, RFC 7636 section 4.5). Box's codes live for
    /// 30 s and work once. Read the answer with [`super::code::read`].
    pub async fn authorization_code(
        &self,
        endpoint: &Endpoint,
        client_id: &str,
        client_secret: &ClientSecret,
        code: &str,
        redirect_uri: &str,
        code_verifier: &str,
    ) -> Exchange {
        let body = form(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("client_id", client_id),
            ("client_secret", client_secret.expose()),
            ("redirect_uri", redirect_uri),
            ("code_verifier", code_verifier),
        ]);
        self.grant(endpoint, body).await.exchange
    }

    /// Asks for a token of the application itself (Box: guide "Client Credentials Grant").
    pub async fn client_credentials(
        &self,
        endpoint: &Endpoint,
        client_id: &str,
        client_secret: &ClientSecret,
        subject: &Subject,
    ) -> Exchange {
        let (kind, id) = parts(subject);
        let body = form(&[
            ("grant_type", "client_credentials"),
            ("client_id", client_id),
            ("client_secret", client_secret.expose()),
            ("box_subject_type", kind),
            ("box_subject_id", id),
        ]);
        self.grant(endpoint, body).await.exchange
    }

    /// Presents an assertion (RFC 7523 section 2.1; Box: guide "JWT without SDKs"). It works once;
    /// [`BoxApi::jwt`] makes one and corrects the clock.
    pub async fn jwt_bearer(
        &self,
        endpoint: &Endpoint,
        client_id: &str,
        client_secret: &ClientSecret,
        assertion: &Assertion,
    ) -> Exchange {
        self.present(endpoint, client_id, client_secret, assertion).await.exchange
    }

    /// Asks for a token with fewer rights (RFC 8693; Box: guide "Downscope a token"). It spends nothing, so
    /// that it may be asked again. Read the answer with [`super::downscope::read`].
    pub async fn token_exchange(
        &self,
        endpoint: &Endpoint,
        subject_token: &AccessToken,
        scopes: &[String],
        target: Option<&Target>,
    ) -> Exchange {
        let scope = scopes.join(" ");
        let mut fields = vec![
            ("grant_type", TOKEN_EXCHANGE),
            ("subject_token", subject_token.expose()),
            ("subject_token_type", ACCESS_TOKEN),
            ("scope", &scope),
        ];
        match target {
            Some(Target::Resource(url)) => fields.push(("resource", url)),
            Some(Target::SharedLink(url)) => fields.push(("box_shared_link", url)),
            None => {}
        }
        self.grant(endpoint, form(&fields)).await.exchange
    }

    pub(super) async fn present(
        &self,
        endpoint: &Endpoint,
        client_id: &str,
        client_secret: &ClientSecret,
        assertion: &Assertion,
    ) -> Answered {
        let body = form(&[
            ("grant_type", JWT_BEARER),
            ("assertion", assertion.expose()),
            ("client_id", client_id),
            ("client_secret", client_secret.expose()),
        ]);
        self.grant(endpoint, body).await
    }

    async fn grant(&self, endpoint: &Endpoint, body: Bytes) -> Answered {
        self.post(endpoint, &endpoint.token_url, body).await
    }
}
