//! `boxd --check`: says what boxd would do with this config and store, and changes nothing.

mod account;
mod application;
mod others;
mod report;
mod secret;
#[cfg(test)]
mod tests;

pub use report::Report;

use crate::{account_name::AccountName, broker::Places, config::Config, store::Inspection};

/// What would be done, account by account; never a secret. It reads secrets and keys where the config says they
/// are, and so may run commands.
pub fn report(places: &Places, config: &Config, store: &Inspection) -> Report {
    let mut report = Report::default();
    report.line("config", places.config.display());
    report.line("state", places.state_dir.display());
    report.line("socket", places.socket.display());
    report.line("key", &store.key_source);
    if let Some(default) = config.default_account() {
        report.line("default", default);
        if !config.accounts().contains_key(default) && found(store, default).is_none() {
            report.remark(format!("there is no account {default} yet"));
        }
    }
    if config.passthrough() {
        report.line("api", "calls to Box's API are passed through");
    }
    if let Some(hook) = config.hook() {
        match hook.locate(std::env::var_os("PATH").as_deref()) {
            Ok(program) => report.line("notify", program.display()),
            Err(error) => report.fault(error),
        }
    }
    others::describe(config, store, &mut report);
    for error in config.unusable_ca_files() {
        report.fault(error);
    }
    let only_stored = store.accounts.iter().map(|account| &account.name);
    let only_stored = only_stored.filter(|name| !config.accounts().contains_key(*name));
    for name in config.accounts().keys().chain(only_stored) {
        report.section("account", name);
        account::describe(config, name, found(store, name), &mut report);
    }
    report
}

fn found<'s>(store: &'s Inspection, name: &AccountName) -> Option<&'s crate::store::AccountInspection> {
    store.accounts.iter().find(|account| account.name == *name)
}
