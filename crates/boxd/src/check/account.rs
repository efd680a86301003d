//! What boxd would do for one account, and whether config and store agree about it.

use boxd_engine::{ServerAuth, Subject, Trouble, schedule::Mode};

use super::{
    Report, application,
    secret::{Read, read},
};
use crate::{
    account_name::AccountName,
    box_api::{Endpoint, EndpointSettings},
    config::{Config, Effective},
    store::{AccountInspection, Held, HeldKind},
};

/// Describes an account that the config or the store knows.
pub(super) fn describe(
    config: &Config,
    name: &AccountName,
    found: Option<&AccountInspection>,
    report: &mut Report,
) {
    let held = found.and_then(|found| found.held.as_ref());
    let registration = held.and_then(|held| held.registration.as_deref());
    let bound = held.map(|held| held.binding.client_id.as_str());
    match config.resolve(name, registration, bound) {
        Ok(effective) => {
            how(&effective, held, report);
            let path = effective.endpoint.ca_file.as_deref();
            let ca_is_stored = path.is_some_and(|path| !config.names_ca_file(path));
            endpoints(&effective.endpoint, ca_is_stored, report);
            stored(found, report);
            if let Some(held) = held {
                agree(&effective, held, report);
            } else {
                begin(name, &effective, report);
            }
        }
        Err(error) => {
            stored(found, report);
            report.fault(error);
        }
    }
}

/// How it gets its tokens.
fn how(effective: &Effective, held: Option<&Held>, report: &mut Report) {
    let kind = held.map(|held| held.kind);
    match &effective.settings.server_auth {
        None if kind == Some(HeldKind::BareToken) => {
            report.line("auth", "none: the token is served until it ends");
            return;
        }
        None => report.line("auth", "oauth2: a person logs in"),
        Some(ServerAuth::ClientCredentials(subject)) => {
            report.line("auth", format!("ccg as {}", subject_text(subject)));
        }
        Some(ServerAuth::Jwt(subject)) => {
            let subject = subject.as_ref().map_or("as the app settings say".to_owned(), |subject| {
                format!("as {}", subject_text(subject))
            });
            report.line("auth", format!("jwt {subject}, signed with {}", effective.algorithm));
        }
    }
    if effective.settings.mode == Mode::OnDemand {
        report.line("refresh", "on demand");
    }
    if let Some(ServerAuth::Jwt(subject)) = &effective.settings.server_auth {
        application::describe(effective, subject.is_none(), report);
        return;
    }
    let client_id = effective.settings.binding.as_ref().map(|binding| binding.client_id.as_str());
    let minting = effective.settings.server_auth.is_some();
    match client_id {
        Some(id) if !id.is_empty() => report.line("client_id", id),
        _ if effective.orphaned => {}
        _ if minting => report.fault("client_id is not known: set it in the config"),
        _ => report.line("client_id", "not known: boxctl login asks for it"),
    }
    match read("secret", &effective.secret, report) {
        Read::Unknown if effective.orphaned => {}
        Read::Unknown if minting || kind == Some(HeldKind::Login) => {
            report.fault("client_secret is not known: set it in the config");
        }
        Read::Unknown => report.line("secret", "not known: boxctl login asks for it"),
        Read::Secret(_) | Read::Unreadable => {}
    }
    if !minting && !effective.orphaned {
        let redirect = effective.redirect_uri.clone().unwrap_or_default();
        let port = match redirect.port() {
            Some(port) => format!("listens on port {port}"),
            None => "listens on any free port".to_owned(),
        };
        report.line(
            "redirect",
            format!("{} (the Box app must list it; a login {port})", redirect.registered()),
        );
        if let Some(scope) = &effective.scope {
            report.line("scope", scope);
        }
    }
}

/// Where its requests go, as far as that is not Box's own.
fn endpoints(endpoint: &Endpoint, ca_is_stored: bool, report: &mut Report) {
    let Ok(usual) = EndpointSettings::default().resolve() else { return };
    let urls = [
        ("authorize_url", &endpoint.authorize_url, &usual.authorize_url),
        ("token_url", &endpoint.token_url, &usual.token_url),
        ("revoke_url", &endpoint.revoke_url, &usual.revoke_url),
        ("api_url", &endpoint.api_url, &usual.api_url),
        ("upload_url", &endpoint.upload_url, &usual.upload_url),
    ];
    for (key, url, _) in urls.into_iter().filter(|(_, url, usual)| url != usual) {
        report.line("endpoint", format!("{key} {url}"));
    }
    if let Some(proxy) = &endpoint.proxy {
        report.line("proxy", proxy);
    }
    if let Some(path) = &endpoint.ca_file {
        match crate::box_api::certificates_in(path) {
            Ok(1) => report.line("ca_file", format!("{}: 1 certificate", path.display())),
            Ok(count) => report.line("ca_file", format!("{}: {count} certificates", path.display())),
            // The fault is told with the place of its key; a stored account has none.
            Err(error) if ca_is_stored => report.fault(error),
            Err(_) => report.line("ca_file", format!("{}: cannot be used", path.display())),
        }
    }
}

fn stored(found: Option<&AccountInspection>, report: &mut Report) {
    match found {
        Some(found) if found.is_sound => report.line("store", &found.summary),
        Some(found) => report.fault(format!("store: {}", found.summary)),
        None => report.line("store", "nothing yet"),
    }
}

/// Whether what is in force fits the grant that is held.
fn agree(effective: &Effective, held: &Held, report: &mut Report) {
    let minting = effective.settings.server_auth.is_some();
    let imported = held.registration.as_ref().is_some_and(|known| known.server_auth.is_some());
    let differs = effective.settings.binding.clone().filter(|configured| *configured != held.binding);
    let trouble = match (held.kind, differs) {
        (HeldKind::BareToken, _) => return,
        _ if effective.orphaned => Some(Trouble::Orphaned),
        (HeldKind::Login, _) if minting => Some(Trouble::AuthDiffers { stored_is_login: true }),
        (HeldKind::Minted, _) if !minting => Some(Trouble::AuthDiffers { stored_is_login: false }),
        (HeldKind::Minted, Some(_)) if !imported => {
            report.line("next", "the config names another application: a token of it is minted at once");
            return;
        }
        (_, Some(configured)) => Some(Trouble::BindingDiffers { stored: held.binding.clone(), configured }),
        (_, None) => None,
    };
    match trouble {
        Some(trouble) => report.fault(format!("config and store do not match: {trouble}")),
        None => report.line("match", "config and store agree"),
    }
}

/// What comes first where there is no grant.
fn begin(name: &AccountName, effective: &Effective, report: &mut Report) {
    if effective.settings.server_auth.is_some() {
        report.line("next", "the first token is minted when boxd starts, or on demand");
    } else {
        report.line("next", format!("log in: boxctl login {name} (or boxctl import -a {name} FILE)"));
    }
}

fn subject_text(subject: &Subject) -> String {
    match subject {
        Subject::Enterprise(id) => format!("enterprise {id}"),
        Subject::User(id) => format!("user {id}"),
    }
}
