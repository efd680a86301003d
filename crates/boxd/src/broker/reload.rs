//! Reads the configuration anew, without dropping a token or a connection.

use std::sync::{Arc, PoisonError};

use boxd_engine::Event;

use super::Broker;
use crate::{
    config::{Config, ConfigError},
    server::{BindError, DoorPlan},
};

/// What is wrong with a new configuration.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// It makes no sense; the old one stays.
    #[error("the new configuration is refused, the old one stays: {0}")]
    Refused(#[from] ConfigError),
    /// It is in force, but the socket of a rule cannot be had.
    #[error("the new configuration is in force, but the socket of an access rule is missing: {0}")]
    Doors(BindError),
}

impl Broker {
    /// Opens the sockets of the rules; what cannot be had is logged, and tried again at the next reload.
    pub async fn open_doors(&self) {
        let plans = door_plans(&self.config());
        // It is in the log, and at the next reload there is an answer, too.
        drop(self.doors.open(plans).await);
    }

    /// Puts a new configuration in force; one that makes no sense is refused, and the old one stays.
    pub async fn reload(&self) -> Result<(), ReloadError> {
        let places = self.places.clone();
        let loading = tokio::task::spawn_blocking(move || {
            let config = Config::load(&places.config, places.config_is_explicit)?;
            config.check_ca_files()?;
            Ok::<_, ConfigError>(config)
        });
        let config = match loading.await {
            Ok(Ok(config)) => config,
            Ok(Err(error)) => {
                tracing::error!(%error, "the new configuration is refused, the old one stays");
                return Err(error.into());
            }
            // The loader panicked, which aborts the process.
            Err(_) => return Ok(()),
        };
        self.audit.configure(config.audit());
        let plans = door_plans(&config);
        // Rules first, and whatever becomes of sockets: what others can do to one must not keep a right alive.
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
        let opened = self.doors.open(plans).await;
        self.api.reload();
        self.ways.reload();
        self.put_in_force();
        tracing::info!("the configuration was read anew");
        opened.map_err(ReloadError::Doors)
    }

    fn put_in_force(&self) {
        for name in self.config().accounts().keys() {
            self.account_or_new(name);
        }
        for account in self.all() {
            let effective = match self.effective(&account) {
                Ok(effective) => effective,
                Err(error) => {
                    tracing::error!(account = %account.name, %error, "the account keeps its old settings");
                    continue;
                }
            };
            {
                let mut held = account.held();
                // References are read anew when they are next needed.
                held.forget_secrets();
                held.orphaned = effective.orphaned;
            }
            // Tokens of other users may be of another application now.
            self.derived().drop_account(&account.name);
            if account.is_absent() && effective.settings.server_auth.is_some() {
                // The config lets it mint from now on.
                self.read_again(&account.name);
                continue;
            }
            self.tell(&account, Event::Configured(effective.settings));
        }
        self.sweep();
        // There may be a command now that wants to know.
        self.notifier.forgive();
        self.look_at_all();
    }
}

/// The sockets that the rules want.
fn door_plans(config: &Config) -> Vec<DoorPlan> {
    let plan = |rule: &crate::access::Rule| {
        let path = Arc::clone(rule.socket.as_ref()?);
        Some(DoorPlan { path, group: rule.group, names_whom: rule.user.is_some() || rule.unit.is_some() })
    };
    config.access().iter().filter_map(plan).collect()
}
