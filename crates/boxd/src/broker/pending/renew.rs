//! One renewal of a grant that waits: its refresh token is spent, and never given up for a fault that may pass.

use boxd_engine::{Credential, Exchange, IssuedToken, Verdict, classify};

use super::{Candidate, Unsettled, later};
use crate::broker::{
    Broker,
    application::{Known, read_secret},
    problems,
};

impl Broker {
    /// Spends the refresh token once. Where the answer is lost the same one is sent again: Box answers with the same
    /// pair until that is used.
    pub(super) async fn renew_waiting(&self, mut candidate: Candidate) -> Result<Candidate, Unsettled> {
        let name = candidate.login.account.clone();
        let sent = self.clock.moment();
        let exchange = match self.spend_waiting(&candidate).await {
            Ok(exchange) => exchange,
            Err(reason) => return Err(later(candidate, &reason)),
        };
        match classify(&exchange) {
            Verdict::Granted(tokens) => {
                let access = IssuedToken { token: tokens.access, sent, life: tokens.expires_in };
                let previous = match candidate.login.record.credential {
                    Credential::OAuth2 { refresh, .. } => Some(refresh),
                    Credential::AccessOnly { .. } | Credential::Server { .. } => None,
                };
                candidate.login.record.credential = Credential::OAuth2 {
                    access: Some(access),
                    refresh: tokens.refresh,
                    born: sent,
                    previous,
                };
                candidate.login.is_held = false;
                Ok(candidate)
            }
            Verdict::Harmless { trouble, .. } => Err(later(candidate, &trouble.to_string())),
            Verdict::Doubt { trouble, .. } => {
                candidate.answer_was_lost();
                Err(later(candidate, &trouble.to_string()))
            }
            Verdict::InvalidGrant(described) => {
                if !candidate.is_dead_by(self.clock.boot()) {
                    let reason =
                        format!("Box refused its refresh token after an answer was lost ({described})");
                    return Err(later(candidate, &reason));
                }
                self.drop_login(candidate.login).await;
                Err(Unsettled::Refused(problems::spent_import(&name, &described)))
            }
            Verdict::Operator(trouble) => {
                let person = Some(problems::of_trouble(&name, &trouble));
                Err(Unsettled::Later { candidate, reason: trouble.to_string(), person })
            }
        }
    }

    /// One POST to the endpoint that issued the grant, or why none is made now.
    async fn spend_waiting(&self, candidate: &Candidate) -> Result<Exchange, String> {
        let record = &candidate.login.record;
        let token = record.refresh_token().ok_or("there is no refresh token")?;
        let effective = self
            .effective_for(&candidate.login.account, Some(Known::of(record)))
            .map_err(|error| error.to_string())?;
        if effective.settings.binding.as_ref() != Some(&record.binding) {
            return Err("the configuration no longer matches the grant".into());
        }
        let secret = read_secret(effective.secret).await?;
        let client_id = &record.binding.client_id;
        Ok(self.api.refresh(&effective.endpoint, client_id, &secret, token.expose()).await)
    }
}
