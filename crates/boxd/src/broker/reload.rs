//! Reads the configuration anew, without dropping a token or a connection.

use std::sync::{Arc, PoisonError};

use boxd_engine::Event;

use super::Broker;
use crate::{
    config::{Config, ConfigError},
    server::{BindError, DoorPlan},
};

/// Why a new configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// It makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The socket of a rule cannot be had.
    #[error("the socket of an access rule: {0}")]
    Socket(#[from] BindError),
}

impl Broker {
    /// Opens the sockets of the rules; what cannot be had is logged, and tried again at the next reload.
    pub async fn open_doors(&self) {
        let plans = door_plans(&self.config());
        self.doors.open_all(plans).await;
    }

    /// Puts a new configuration in force; a bad one is refused, and the old one stays.
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
        let doors = match self.doors.prepare(door_plans(&config)).await {
            Ok(doors) => doors,
            Err(error) => {
                tracing::error!(%error, "the new configuration is refused, the old one stays");
                return Err(error.into());
            }
        };
        self.audit.configure(config.audit()).await;
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
        self.doors.put_in_force(doors);
        self.api.reload();
        self.ways.reload();
        self.put_in_force();
        tracing::info!("the configuration was read anew");
        Ok(())
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
        self.look_at_all();
    }
}

/// The sockets that the rules want.
fn door_plans(config: &Config) -> Vec<DoorPlan> {
    let plan = |rule: &crate::access::Rule| {
        Some(DoorPlan { path: Arc::clone(rule.socket.as_ref()?), group: rule.group })
    };
    config.access().iter().filter_map(plan).collect()
}
