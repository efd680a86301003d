//! What is in force for an account: config entry, registration, `[box]`, Box's own.

use std::time::Duration;

use boxd_engine::{Binding, ClientSecret, Registration, schedule::Mode};

use super::{
    super::{ConfigError, EffectiveSecret},
    Home, config,
};
use crate::account_name::AccountName;

fn work() -> AccountName {
    "work".parse().unwrap()
}

fn imported(token_url: &str) -> Registration {
    Registration {
        client_secret: Some(ClientSecret::new("stored")),
        endpoints: vec![("token_url".to_owned(), token_url.to_owned())],
        ..Registration::default()
    }
}

fn binding(client_id: &str, token_origin: &str) -> Binding {
    Binding { client_id: client_id.to_owned(), token_origin: token_origin.to_owned() }
}

#[test]
fn a_config_entry_is_enough() {
    let home = Home::with(
        "default_account = \"work\"\n\
         [accounts.work]\nauth = \"oauth2\"\nclient_id = \"app\"\nclient_secret = { file = \"s.txt\" }\n\
         refresh = \"on-demand\"\n[accounts.work.box]\nca_file = \"ca.pem\"\n[refresh]\nlead = \"1m\"\n",
    );
    let config = home.load().unwrap();
    assert_eq!(config.default_account(), Some(&work()));
    let effective = config.resolve(&work(), None, None).unwrap();
    assert_eq!(effective.settings.binding, Some(binding("app", "https://api.box.com")));
    assert_eq!((effective.settings.mode, effective.settings.lead), (Mode::OnDemand, Duration::from_mins(1)));
    assert_eq!(effective.endpoint.ca_file, Some(home.path("ca.pem")));
    assert!(!effective.orphaned);
    home.write("s.txt", "from file\n");
    let EffectiveSecret::Source(source) = effective.secret else { panic!("{:?}", effective.secret) };
    assert_eq!(source.read().unwrap().expose(), "from file");
}

#[test]
fn an_imported_account_needs_no_entry() {
    let config = config("[box]\nrevoke_url = \"https://global/r\"\ntoken_url = \"https://global/t\"");
    let effective = config.resolve(&work(), Some(&imported("http://127.0.0.1:9/t")), Some("app")).unwrap();
    assert_eq!(effective.settings.binding, Some(binding("app", "http://127.0.0.1:9")));
    assert_eq!(effective.endpoint.revoke_url.origin(), "https://global");
    assert!(matches!(effective.secret, EffectiveSecret::Stored(secret) if secret.expose() == "stored"));
    assert!(!effective.orphaned);
}

#[test]
fn an_entry_wins_over_what_was_imported() {
    let config = config(
        "[accounts.work]\nclient_id = \"other\"\n[accounts.work.box]\ntoken_url = \"https://entry/t\"\n\
         [box]\ntoken_url = \"https://global/t\"",
    );
    let effective = config.resolve(&work(), Some(&imported("https://stored/t")), Some("app")).unwrap();
    assert_eq!(effective.settings.binding, Some(binding("other", "https://entry")));
    // The stored secret belongs to another application.
    assert!(matches!(effective.secret, EffectiveSecret::Unknown));
}

#[test]
fn an_entry_may_only_adjust_what_was_imported() {
    let config = config("[accounts.work]\nrefresh = \"on-demand\"");
    let effective = config.resolve(&work(), Some(&imported("https://stored/t")), Some("app")).unwrap();
    assert_eq!(effective.settings.binding, Some(binding("app", "https://stored")));
    assert_eq!(effective.settings.mode, Mode::OnDemand);
    assert!(matches!(effective.secret, EffectiveSecret::Stored(_)));
}

#[test]
fn an_account_dropped_from_the_config_is_orphaned() {
    let effective = config("").resolve(&work(), None, Some("app")).unwrap();
    assert!(effective.orphaned);
    assert_eq!(effective.settings.binding, None);
    assert!(matches!(effective.secret, EffectiveSecret::Unknown));
    // One that never was there is not.
    assert!(!config("").resolve(&work(), None, None).unwrap().orphaned);
}

#[test]
fn an_unusable_stored_endpoint_is_not_passed_over() {
    let error = config("").resolve(&work(), Some(&imported("http://example.com/")), Some("app")).unwrap_err();
    assert!(matches!(error, ConfigError::Registration { .. }));
    assert!(error.to_string().contains("work"), "{error}");
}
