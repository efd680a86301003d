//! What the person configured: the file, its checks, and what it means for each account.

mod access;
mod account;
mod audit;
mod ca_files;
mod command;
mod document;
pub mod duration;
mod effective;
pub mod error;
pub mod exposure;
mod file;
mod notify;
pub mod paths;
mod reference;
pub mod secret_source;
mod similar;
mod store;
mod subject;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::Duration};

use boxd_engine::{ServerAuth, schedule::Mode};

use crate::{
    access::Rule, account_name::AccountName, assertion::Algorithm, box_api::EndpointSettings,
    login::RedirectUri, store::KeyChoice,
};

pub(crate) use command::as_one_line;
pub use effective::{Effective, EffectiveSecret, Kept};
pub use error::ConfigError;
pub use exposure::Exposure;
pub(crate) use notify::USUAL_PATH;
pub use notify::{Hook, NotRunnable};
pub use paths::Paths;
pub use secret_source::{SecretError, SecretSource};

/// A configuration that was found to make sense.
#[derive(Clone, Debug)]
pub struct Config {
    default_account: Option<AccountName>,
    accounts: BTreeMap<AccountName, AccountConfig>,
    lead: Duration,
    endpoint: EndpointSettings,
    passthrough: bool,
    store_key: KeyChoice,
    hook: Option<Hook>,
    access: Vec<Rule>,
    audit: crate::audit::Settings,
    ca_files: Vec<ca_files::CaFileKey>,
}

/// `[accounts.NAME]`. What it leaves out is taken from what a login or import stored with the account.
#[derive(Clone, Debug, Default)]
pub struct AccountConfig {
    /// `client_id` of the Box application.
    pub client_id: Option<String>,
    /// Where its secret comes from.
    pub secret: Option<SecretSource>,
    /// Whether renewals are planned.
    pub mode: Mode,
    /// `[accounts.NAME.box]`.
    pub endpoint: EndpointSettings,
    /// Where Box sends the browser of a login.
    pub redirect_uri: Option<RedirectUri>,
    /// Scopes that a login asks for, separated by spaces; `None`: all that the app has.
    pub scope: Option<String>,
    /// How the account gets its tokens.
    pub auth: AuthConfig,
}

/// What `auth` of an entry says.
#[derive(Clone, Debug, Default)]
pub enum AuthConfig {
    /// Nothing: as the account was imported, else a person logs in.
    #[default]
    Unsaid,
    /// `oauth2`: a person logs in.
    Login,
    /// `ccg` or `jwt`: an application mints its tokens.
    Server(ServerConfig),
}

impl AuthConfig {
    /// What an application that mints its tokens has besides.
    pub fn server(&self) -> Option<&ServerConfig> {
        match self {
            Self::Server(server) => Some(server),
            Self::Unsaid | Self::Login => None,
        }
    }
}

/// What an account with `auth = "ccg"` or `"jwt"` has besides.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// How, and as whom.
    pub auth: ServerAuth,
    /// JWT: where the app settings file is.
    pub app_settings: Option<SecretSource>,
    /// JWT: where the passphrase of the key is, if not in that file.
    pub passphrase: Option<SecretSource>,
    /// JWT: how assertions are signed.
    pub algorithm: Algorithm,
}

impl Default for Config {
    /// An empty file.
    fn default() -> Self {
        Self {
            default_account: None,
            accounts: BTreeMap::new(),
            lead: Duration::from_mins(5),
            endpoint: EndpointSettings::default(),
            passthrough: false,
            store_key: KeyChoice::default(),
            hook: None,
            access: Vec::new(),
            audit: crate::audit::Settings::default(),
            ca_files: Vec::new(),
        }
    }
}

impl Config {
    /// The account that is meant where none is named.
    pub fn default_account(&self) -> Option<&AccountName> {
        self.default_account.as_ref()
    }

    /// The accounts that the file names.
    pub fn accounts(&self) -> &BTreeMap<AccountName, AccountConfig> {
        &self.accounts
    }

    /// `enabled` of `[api]`: whether calls to Box's API are passed through.
    pub fn passthrough(&self) -> bool {
        self.passthrough
    }

    /// `key` of `[store]`: where a new store gets its sealing key from.
    pub fn store_key(&self) -> KeyChoice {
        self.store_key
    }

    /// `[notify]`: what is run when a person is needed.
    pub fn hook(&self) -> Option<&Hook> {
        self.hook.as_ref()
    }

    /// Renew this long before expiry.
    pub fn lead(&self) -> Duration {
        self.lead
    }
}
