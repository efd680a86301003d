//! An edited `client_id` or `token_url` never sends a grant, or a stored secret, where it does not belong.

use std::sync::Arc;

use boxd_engine::{
    AppSettingsText, Binding, BootId, BootTime, ClientSecret, Credential, Effect, Event, Generation, GrantId,
    Jitter, Loaded, Moment, Now, Passphrase, Record, RefreshToken, Registration, ServerAuth, Session,
    Subject, Trouble, WallTime,
};

use super::{
    super::{Effective, EffectiveSecret},
    config,
};

const BOX: &str = "https://api.box.com";
const CCG: &str =
    "[accounts.work]\nauth = \"ccg\"\nclient_secret = { env = \"S\" }\nsubject = { user = 1 }\n";
const JWT: &str = "[accounts.work]\nauth = \"jwt\"\napp_config = \"app.json\"\n";

fn user(id: &str) -> Subject {
    Subject::User(id.to_owned())
}

fn login() -> Credential {
    let born = Moment { boot_id: BootId::default(), boot: BootTime(1000), wall: WallTime(1000) };
    Credential::OAuth2 { access: None, refresh: RefreshToken::new("rt"), born, previous: None }
}

fn server(auth: ServerAuth) -> Credential {
    Credential::Server { auth, access: None }
}

/// What an import of this kind leaves in the store.
fn imported(auth: Option<ServerAuth>) -> Registration {
    let jwt = matches!(auth, Some(ServerAuth::Jwt(_)));
    Registration {
        client_secret: (!jwt).then(|| ClientSecret::new("stored")),
        app_settings: jwt.then(|| AppSettingsText::new("stored")),
        passphrase: jwt.then(|| Passphrase::new("stored")),
        server_auth: auth,
        ..Registration::default()
    }
}

/// What is in force for a grant of `app` at Box, and what becomes of that grant: the trouble, and whether
/// anything is sent or begun.
fn under(
    text: &str,
    credential: Credential,
    registration: Option<Registration>,
) -> (Effective, Option<Trouble>, bool) {
    let work = "work".parse().unwrap();
    let effective = config(text).resolve(&work, registration.as_ref(), Some("app")).unwrap();
    let record = Record {
        grant: GrantId([1; 16]),
        generation: Generation(5),
        binding: Binding { client_id: "app".into(), token_origin: BOX.into() },
        registration: registration.map(Arc::new),
        credential,
        user: None,
        logging_out: false,
        unconfirmed: false,
        renamed_from: None,
    };
    let now = Now { boot: BootTime(1000), wall: WallTime(1000), jitter: Jitter(0) };
    let loaded = Loaded::Grant { record: Box::new(record), in_doubt: false, foreign: false, rewrite: false };
    let mut session = Session::load(loaded, effective.settings.clone(), BootId::default(), now);
    let later = Now { boot: BootTime(1000 + 3_600_000), wall: WallTime(1000 + 3_600_000), ..now };
    let effects: Vec<_> = [now, later].into_iter().flat_map(|now| session.handle(now, Event::Tick)).collect();
    let begun = effects.iter().any(|effect| !matches!(effect, Effect::Notice(_)));
    (effective, session.snapshot().trouble.clone(), begun)
}

#[test]
fn a_grant_that_matches_is_used() {
    let oauth2 = "[accounts.work]\nclient_id = \"app\"\nclient_secret = { env = \"S\" }\n";
    assert_eq!(under(oauth2, login(), None).1, None);
    assert!(under(oauth2, login(), None).2);
    assert!(under(oauth2, login(), Some(imported(None))).2);
    let ccg = ServerAuth::ClientCredentials(user("1"));
    assert!(under("", server(ccg.clone()), Some(imported(Some(ccg)))).2);
    let jwt = ServerAuth::Jwt(None);
    assert!(under("", server(jwt.clone()), Some(imported(Some(jwt)))).2);
}

#[test]
fn a_login_goes_to_no_other_application_or_endpoint() {
    for edited in [
        "[accounts.work]\nclient_id = \"other\"\n",
        "[accounts.work]\nclient_id = \"app\"\n[accounts.work.box]\ntoken_url = \"https://other/t\"\n",
        "[accounts.work]\nclient_id = \"app\"\n[box]\ntoken_url = \"https://other/t\"\n",
        "[accounts.work]\nclient_id = \"app\"\n[box]\ntoken_url = \"https://api.box.com:8443/oauth2/token\"\n",
    ] {
        for registration in [None, Some(imported(None))] {
            let (_, trouble, begun) = under(edited, login(), registration);
            assert!(matches!(trouble, Some(Trouble::BindingDiffers { .. })), "{edited}: {trouble:?}");
            assert!(!begun, "{edited}");
        }
    }
    // Another path of the same origin, and another origin for everything else, are no other endpoint.
    let moved = "[accounts.work]\nclient_id = \"app\"\n[box]\ntoken_url = \"https://API.box.com/v2/token\"\n\
                 api_url = \"https://elsewhere\"\n";
    assert!(under(moved, login(), None).2);
}

#[test]
fn a_login_is_not_taken_for_an_application() {
    for entry in
        [format!("{CCG}client_id = \"app\"\n"), JWT.to_owned(), format!("{JWT}client_id = \"app\"\n")]
    {
        for registration in [None, Some(imported(None))] {
            let (_, trouble, begun) = under(&entry, login(), registration);
            assert!(matches!(trouble, Some(Trouble::AuthDiffers { stored_is_login: true })), "{trouble:?}");
            assert!(!begun, "{entry}");
        }
    }
}

#[test]
fn an_application_is_not_taken_for_a_login() {
    let auth = ServerAuth::ClientCredentials(user("1"));
    let entry = "[accounts.work]\nauth = \"oauth2\"\nclient_id = \"app\"\n";
    let (_, trouble, begun) = under(entry, server(auth.clone()), Some(imported(Some(auth))));
    assert!(matches!(trouble, Some(Trouble::AuthDiffers { stored_is_login: false })), "{trouble:?}");
    assert!(!begun);
}

#[test]
fn the_secrets_of_an_imported_application_go_nowhere_else() {
    for auth in [ServerAuth::ClientCredentials(user("1")), ServerAuth::Jwt(None)] {
        for edited in [
            "[box]\ntoken_url = \"https://other/t\"\n",
            "[accounts.work.box]\ntoken_url = \"https://other/t\"\n",
            "[accounts.work]\nclient_id = \"other\"\n",
        ] {
            let (_, trouble, begun) = under(edited, server(auth.clone()), Some(imported(Some(auth.clone()))));
            assert!(matches!(trouble, Some(Trouble::BindingDiffers { .. })), "{edited}: {trouble:?}");
            assert!(!begun, "{edited}");
        }
        // Whatever the engine does, another application is never given the stored secrets.
        let (effective, ..) = under(
            "[accounts.work]\nclient_id = \"other\"\n",
            server(auth.clone()),
            Some(imported(Some(auth.clone()))),
        );
        assert!(matches!(effective.secret, EffectiveSecret::Unknown));
        assert!(matches!(effective.app_settings, EffectiveSecret::Unknown));
        assert!(matches!(effective.passphrase, EffectiveSecret::Unknown));
    }
}

#[test]
fn an_application_of_the_config_may_change_its_endpoint_with_it() {
    let entry = format!("{CCG}client_id = \"other\"\n[box]\ntoken_url = \"https://other/t\"\n");
    let (effective, trouble, begun) = under(&entry, server(ServerAuth::ClientCredentials(user("1"))), None);
    assert!(trouble.is_none() && begun, "nothing is lost by it, and nothing stored is sent: {trouble:?}");
    let binding = Binding { client_id: "other".into(), token_origin: "https://other".into() };
    assert_eq!(effective.settings.binding, Some(binding));
    assert!(matches!(effective.secret, EffectiveSecret::Source(_)));
}

#[test]
fn a_key_of_the_config_is_not_mixed_with_stored_secrets() {
    let ccg = ServerAuth::ClientCredentials(user("1"));
    for stored in [ccg, ServerAuth::Jwt(None)] {
        for entry in [JWT.to_owned(), format!("{JWT}client_id = \"app\"\n")] {
            let (effective, trouble, begun) =
                under(&entry, server(stored.clone()), Some(imported(Some(stored.clone()))));
            assert!(trouble.is_none() && begun, "{trouble:?}");
            assert!(matches!(effective.app_settings, EffectiveSecret::Source(_)));
            assert!(matches!(effective.passphrase, EffectiveSecret::Unknown));
            assert!(matches!(effective.secret, EffectiveSecret::Unknown));
        }
    }
    let nameless = config(JWT).resolve(&"work".parse().unwrap(), None, None).unwrap();
    assert_eq!(nameless.settings.binding.unwrap().client_id, "", "its settings file names it");
}

#[test]
fn an_entry_without_auth_adjusts_an_imported_application() {
    let auth = ServerAuth::Jwt(Some(user("7")));
    let entry = "[accounts.work]\nrefresh = \"on-demand\"\nclient_secret = { env = \"S\" }\n";
    let (effective, trouble, _) = under(entry, server(auth.clone()), Some(imported(Some(auth.clone()))));
    assert_eq!((effective.settings.server_auth, trouble), (Some(auth), None));
    assert!(matches!(effective.app_settings, EffectiveSecret::Stored(_)));
    assert!(matches!(effective.passphrase, EffectiveSecret::Stored(_)));
    assert!(matches!(effective.secret, EffectiveSecret::Source(_)), "the config's secret wins");
}
