//! Accounts, records and tokens that can be searched for.

use std::{sync::Arc, time::Duration};

use boxd_engine::{
    AccessToken, Binding, BootId, BootTime, ClientSecret, Credential, Generation, GrantId, IssuedToken,
    Loaded, Moment, Record, RefreshToken, Registration, User, WallTime,
};

use crate::account_name::AccountName;

/// In every secret of every sample.
pub(super) const CANARY: &str = "CANARY";

pub(super) fn account(name: &str) -> AccountName {
    name.parse().unwrap()
}

/// A whole record: the secrets name the generation that they belong to.
pub(super) fn record(grant: u8, generation: u64) -> Record {
    let sent = Moment { boot_id: BootId([1; 16]), boot: BootTime(5000), wall: WallTime(1_795_000_000_123) };
    let token = |what: &str, number: u64| format!("{CANARY}-{what}-{grant}-{number}-{}", "x".repeat(64));
    Record {
        grant: GrantId([grant; 16]),
        generation: Generation(generation),
        binding: Binding { client_id: "client".into(), token_origin: "https://api.box.com".into() },
        registration: Some(Arc::new(Registration {
            client_secret: Some(ClientSecret::new(format!("{CANARY}-secret"))),
            endpoints: vec![("token_url".into(), "http://127.0.0.1:1/token".into())],
            ..Registration::default()
        })),
        credential: Credential::OAuth2 {
            access: Some(IssuedToken {
                token: AccessToken::new(token("access", generation)),
                sent,
                life: Duration::from_hours(1),
            }),
            refresh: RefreshToken::new(token("refresh", generation)),
            born: sent,
            previous: Some(RefreshToken::new(token("refresh", generation - 1))),
        },
        user: Some(Arc::new(User {
            id: "7".into(),
            login: "a\"b\\c@x.org".into(),
            name: "Ann \u{e9}".into(),
        })),
        logging_out: false,
        unconfirmed: true,
        renamed_from: Some("old".into()),
    }
}

/// Everything of a record, secrets included, to compare two.
pub(super) fn everything(record: &Record) -> String {
    let registration = record.registration.as_ref();
    let secret = registration.and_then(|app| app.client_secret.as_ref()).map(ClientSecret::expose);
    let tokens = match &record.credential {
        Credential::OAuth2 { refresh, previous, .. } => {
            (Some(refresh.expose()), previous.as_ref().map(RefreshToken::expose))
        }
        Credential::AccessOnly { .. } | Credential::Server { .. } => (None, None),
    };
    let access = record.access().map(|access| access.token.expose());
    format!("{record:?} {secret:?} {tokens:?} {access:?}")
}

/// A loaded grant: (record, in doubt, foreign, rewrite).
pub(super) fn grant(loaded: Loaded) -> (Record, bool, bool, bool) {
    match loaded {
        Loaded::Grant { record, in_doubt, foreign, rewrite } => (*record, in_doubt, foreign, rewrite),
        other => panic!("no grant: {other:?}"),
    }
}
