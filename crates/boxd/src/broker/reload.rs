//! Reads the configuration anew, without dropping a token or a connection.

use std::sync::{Arc, PoisonError};

use boxd_engine::Event;

use super::Broker;
use crate::config::{Config, ConfigError};

impl Broker {
    /// Puts a new configuration in force; a bad one is refused, and the old one stays.
    pub async fn reload(&self) -> Result<(), ConfigError> {
        let places = self.places.clone();
        let loading = tokio::task::spawn_blocking(move || {
            let config = Config::load(&places.config, places.config_is_explicit)?;
            config.check_ca_files()?;
            Ok(config)
        });
        let config = match loading.await {
            Ok(Ok(config)) => config,
            Ok(Err(error)) => {
                tracing::error!(%error, "the new configuration is refused, the old one stays");
                return Err(error);
            }
            // The loader panicked, which aborts the process.
            Err(_) => return Ok(()),
        };
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
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
