//! The registered client and the check of its credentials.

use super::{Form, OAuthError};

/// Client id and secret, 32 characters each like Box's.
#[derive(Clone, Debug)]
pub struct Client {
    id: String,
    secret: String,
}

impl Client {
    pub(super) fn new(id: String, secret: String) -> Self {
        Self { id, secret }
    }

    /// The public identifier.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The secret that is valid now.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    pub(super) fn set_secret(&mut self, secret: String) {
        self.secret = secret;
    }

    /// Credentials count in the body only: Box refuses HTTP Basic (scribejava/scribejava#842), whatever else is sent.
    pub(super) fn authenticate(&self, form: &Form, authorization: Option<&str>) -> Result<(), OAuthError> {
        let in_body = form.get("client_id") == Some(self.id.as_str())
            && form.get("client_secret") == Some(self.secret.as_str());
        if in_body && authorization.is_none() { Ok(()) } else { Err(OAuthError::BAD_CLIENT) }
    }
}
