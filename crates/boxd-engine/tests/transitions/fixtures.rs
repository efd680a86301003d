//! Grants, settings and answers of Box as the tests use them.

use std::{sync::Arc, time::Duration};

use boxd_engine::{
    AccessToken, Binding, BootId, BootTime, Credential, Exchange, Generation, GrantId, IssuedToken, Loaded,
    Moment, Record, RefreshToken, Reply, Settings, StoreFault, WallTime,
};

pub(crate) const MINUTE: u64 = 60;
pub(crate) const HOUR: u64 = 3600;
pub(crate) const DAY: u64 = 24 * HOUR;
/// `expires_in` of every token here, unless a test says otherwise.
pub(crate) const LIFE: u64 = HOUR;
/// The lead in force: five minutes, which is less than a third of [`LIFE`].
pub(crate) const LEAD: u64 = 5 * MINUTE;

pub(crate) const INVALID_GRANT: &str =
    r#"{"error":"invalid_grant","error_description":"Invalid refresh token"}"#;

pub(crate) const BOOT: u64 = 500_000_000;
pub(crate) const WALL: i64 = 1_790_000_000_000;

pub(crate) fn settings() -> Settings {
    Settings { binding: Some(binding()), ..Settings::default() }
}

pub(crate) fn binding() -> Binding {
    Binding { client_id: "app".into(), token_origin: "https://api.box.com".into() }
}

pub(crate) fn boot_id() -> BootId {
    BootId([1; 16])
}

pub(crate) fn moment(boot: u64, wall: i64) -> Moment {
    Moment { boot_id: boot_id(), boot: BootTime(boot), wall: WallTime(wall) }
}

/// The moment at which a bench starts.
pub(crate) fn start() -> Moment {
    moment(BOOT, WALL)
}

/// A record with access token `A{n}`, refresh token `R{n}` and the one before it.
pub(crate) fn record(n: u64, sent: Moment, life: u64) -> Record {
    let token = AccessToken::new(format!("A{n}"));
    Record {
        grant: GrantId([1; 16]),
        generation: Generation(n),
        binding: binding(),
        registration: None,
        credential: Credential::OAuth2 {
            access: Some(IssuedToken { token, sent, life: Duration::from_secs(life) }),
            refresh: RefreshToken::new(format!("R{n}")),
            born: sent,
            previous: Some(RefreshToken::new(format!("R{}", n - 1))),
        },
        user: None,
        logging_out: false,
        unconfirmed: false,
        renamed_from: None,
    }
}

/// A login's or import's record: another grant, whose tokens are called `A100` and `R100`.
pub(crate) fn newcomer(sent: Moment) -> Record {
    Record { grant: GrantId([2; 16]), registration: Some(Arc::default()), ..record(100, sent, LIFE) }
}

pub(crate) fn grant(record: Record) -> Loaded {
    Loaded::Grant { record: Box::new(record), in_doubt: false, foreign: false, rewrite: false }
}

pub(crate) fn in_doubt() -> Loaded {
    let record = Box::new(record(5, start(), LIFE));
    Loaded::Grant { record, in_doubt: true, foreign: false, rewrite: false }
}

pub(crate) fn pair(n: u64, life: u64) -> Exchange {
    reply(200, &format!(r#"{{"access_token":"A{n}","refresh_token":"R{n}","expires_in":{life}}}"#))
}

pub(crate) fn reply(status: u16, body: &str) -> Exchange {
    Exchange::Reply(Reply { status, retry_after: None, body: body.as_bytes().to_vec() })
}

pub(crate) fn later(status: u16, seconds: u64) -> Exchange {
    let retry_after = Some(Duration::from_secs(seconds));
    Exchange::Reply(Reply { status, retry_after, body: Vec::new() })
}

pub(crate) fn error(error: &str) -> Exchange {
    reply(400, &format!(r#"{{"error":"{error}"}}"#))
}

pub(crate) fn unreachable() -> Exchange {
    Exchange::NotSent("no route to host".into())
}

pub(crate) fn lost() -> Exchange {
    Exchange::Lost("connection reset".into())
}

pub(crate) fn full() -> Result<(), StoreFault> {
    Err(StoreFault("no space left on device".into()))
}
