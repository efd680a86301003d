//! Shows imported credentials to Box before anything of the account is changed.

use std::{sync::Arc, time::Duration};

use boxd_engine::{
    Credential, Exchange, IssuedToken, Record,
    reply::{Minting, classify_minting},
};
use boxd_proto::{Code, Problem};

use super::{Broker, application::Known, problems};
use crate::{account_name::AccountName, box_api::MeError};

impl Broker {
    /// Whether Box took the credentials, which then carry a token or a user; what only a renewal can prove is not
    /// tried. Where Box cannot be asked that is an error only if the account has a login to lose.
    pub(super) async fn try_out(&self, name: &AccountName, record: &mut Record) -> Result<bool, Problem> {
        match &record.credential {
            Credential::OAuth2 { .. } => Ok(false),
            Credential::AccessOnly { .. } => self.try_bare_token(name, record).await,
            Credential::Server { .. } => self.try_app(name, record).await,
        }
    }

    /// Nothing else would ever tell that it was mistyped.
    async fn try_bare_token(&self, name: &AccountName, record: &mut Record) -> Result<bool, Problem> {
        let Some(access) = record.access() else { return Ok(false) };
        let known = Some(Known::of(record));
        let Ok(effective) = self.effective_for(name, known) else { return Ok(false) };
        match self.api.me(&effective.endpoint, &access.token).await {
            Ok(user) => {
                record.user = Some(Arc::new(user));
                Ok(true)
            }
            Err(MeError::Rejected) => Err(problems::problem(
                Code::LoginRequired,
                name,
                "Box does not accept this token: it has ended, or was mistyped; nothing of the account was changed"
                    .into(),
                "make a new one in Box's developer console".into(),
            )),
            Err(error) => self.untried(name, &error.to_string()),
        }
    }

    async fn try_app(&self, name: &AccountName, record: &mut Record) -> Result<bool, Problem> {
        let sent = self.clock.moment();
        let exchange = match self.prepare_first_mint(name, record).await {
            Ok(request) => self.mint(&request).await,
            Err(reason) => Exchange::Unprepared(reason),
        };
        match classify_minting(&exchange) {
            Minting::Granted { access, expires_in } => {
                if let Credential::Server { access: held, .. } = &mut record.credential {
                    *held = Some(IssuedToken { token: access, sent, life: expires_in });
                }
                Ok(true)
            }
            Minting::Harmless { trouble, .. } => self.untried(name, &trouble.to_string()),
            Minting::Operator(trouble) => Err(problems::problem(
                Code::ActionRequired,
                name,
                format!("{trouble}; nothing of the account was changed"),
                "correct the app or its file, then import it again".into(),
            )),
        }
    }

    fn untried(&self, name: &AccountName, reason: &str) -> Result<bool, Problem> {
        if self.holds_login(name) {
            let detail =
                format!("Box cannot be asked whether it is good ({reason}): the account keeps its login");
            return Err(problems::unavailable(name, detail, Duration::from_secs(10)));
        }
        tracing::warn!(account = %name, reason, "imported credentials could not be tried yet");
        Ok(false)
    }
}
