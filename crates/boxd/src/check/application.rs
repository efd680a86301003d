//! The app settings file of a JWT account: whether it can be read, and whether its key opens.

use boxd_engine::Passphrase;
use secrecy::ExposeSecret;

use super::{
    Report,
    secret::{Read, read},
};
use crate::{
    app_settings::{AppAuth, AppSettings},
    assertion::SigningKey,
    config::Effective,
};

/// Describes the application; `subject_is_theirs` where the config names none.
pub(super) fn describe(effective: &Effective, subject_is_theirs: bool, report: &mut Report) {
    let text = match read("app", &effective.app_settings, report) {
        Read::Secret(text) => text,
        Read::Unreadable => return,
        Read::Unknown => return report.fault("the app settings are not known: set app_config in the config"),
    };
    let settings = match AppSettings::parse(text.expose()) {
        Ok(settings) => settings,
        Err(error) => return report.fault(error),
    };
    report.line("client_id", &settings.client_id);
    let configured = effective.settings.binding.as_ref().map(|binding| binding.client_id.as_str());
    if let Some(other) = configured.filter(|id| !id.is_empty() && *id != settings.client_id) {
        report.fault(format!(
            "client_id {other} is not that of the app settings: correct client_id or app_config, or end what the \
             store holds of it (boxctl logout)"
        ));
    }
    // A secret beside the file wins over the one in it.
    let _said = read("secret", &effective.secret, report);
    if subject_is_theirs {
        match (&settings.user_id, &settings.enterprise_id) {
            (Some(id), _) => report.line("subject", format!("user {id}")),
            (None, Some(id)) => report.line("subject", format!("enterprise {id}")),
            (None, None) => {
                report.fault("the app settings name neither an enterprise nor a user: set `subject`");
            }
        }
    }
    match settings.app_auth {
        Some(auth) => key(&auth, effective, report),
        None => report.fault(
            "the app settings hold no private key (`appAuth`): generate one in Box's developer console, or set \
             auth = \"ccg\"",
        ),
    }
}

fn key(auth: &AppAuth, effective: &Effective, report: &mut Report) {
    let passphrase = match read("passphrase", &effective.passphrase, report) {
        Read::Secret(passphrase) => Some(passphrase),
        Read::Unreadable => return,
        Read::Unknown => None,
    };
    let passphrase = passphrase.as_ref().map(Passphrase::expose);
    let passphrase = passphrase.or(auth.passphrase.as_ref().map(ExposeSecret::expose_secret));
    match SigningKey::open(auth.private_key.expose_secret(), passphrase) {
        Ok(_) => report.line("signing", format!("key {} opens", auth.public_key_id)),
        Err(error) => report.fault(format!("key {}: {error}", auth.public_key_id)),
    }
}
