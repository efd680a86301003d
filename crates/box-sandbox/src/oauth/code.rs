//! Authorization codes (RFC 6749, section 4.1.2), each with what it was asked for with.

use super::challenge::Challenge;
use super::error::OAuthError;
use super::form::Form;
use super::holder::Holder;
use super::id::ClientId;
use super::token::Token;

/// A code and what may exchange it.
#[derive(Debug)]
pub(super) struct Code {
    token: Token,
    holder: Holder,
    redirect_uri: Option<String>,
    challenge: Option<Challenge>,
    spent: bool,
}

impl Code {
    pub(super) fn new(
        token: Token,
        holder: Holder,
        redirect_uri: Option<String>,
        challenge: Option<Challenge>,
    ) -> Self {
        Self { token, holder, redirect_uri, challenge, spent: false }
    }

    pub(super) fn holder(&self) -> &Holder {
        &self.holder
    }

    /// Spends the code; a refusal leaves it as it was.
    pub(super) fn spend(&mut self, form: &Form, now: i64, client: ClientId) -> Result<(), OAuthError> {
        let same_uri = form.get("redirect_uri").is_none_or(|uri| self.redirect_uri.as_deref() == Some(uri));
        let verifier = form.get("code_verifier").unwrap_or_default();
        let proven = self.challenge.as_ref().is_none_or(|challenge| challenge.is_met_by(verifier));
        if self.spent || self.holder.client != client || !same_uri || !proven {
            return Err(OAuthError::BAD_CODE);
        }
        if !self.token.is_valid(now) {
            return Err(OAuthError::EXPIRED_CODE);
        }
        self.spent = true;
        Ok(())
    }
}
