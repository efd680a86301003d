//! The life cycle of a Box OAuth 2.0 grant as a pure state machine.
//!
//! A [`Session`] holds one account's grant. It is told what happened ([`Event`], with the time as
//! [`Now`]) and answers with what must be done ([`Effect`]). It reads no clock, opens no file or
//! socket, knows no async and draws no random number, so that every history can be replayed in a test.
//!
//! Two things are tracked apart: **the token** (is there one that is valid, and until when) and **the
//! grant** (healthy, being spent, in doubt, dead). A fault of the grant never takes away a token that is
//! still valid.
//!
//! # The journal around a spend
//! A Box refresh token works once. Between "Box rotated it" and "the successor is on disk" a crash could
//! cost the person a login, so every spend goes through four steps, and the [`Record`] that holds the
//! refresh token is *moved* along with them (there is only one, so there can be only one spend):
//!
//! 1. [`Effect::Prove`]: the store makes an intent durable, at full size. Failing that nothing is sent.
//! 2. [`Effect::Spend`]: one POST to the token endpoint.
//! 3. [`Effect::Commit`]: the successor is made durable **before** anyone sees the new access token.
//! 4. The new [`Snapshot`] is published.
//!
//! An answer that is lost leaves the grant *in doubt*: the same refresh token is sent again, since Box
//! answers with the same pair until the new one is used.
#![forbid(unsafe_code)]

pub mod ask;
pub mod event;
pub mod grant;
pub mod reply;
pub mod schedule;
pub mod secret;
mod session;
pub mod snapshot;
pub mod time;
pub mod trouble;

pub use ask::{Answer, Ask, Refusal};
pub use event::{Commit, CommitReason, Effect, Event, NewGrant, Operation, Spend, StoreFault};
pub use grant::{
    Binding, Credential, Generation, GrantId, IssuedToken, Record, Registration, ServerAuth, Subject, User,
    Which,
};
pub use reply::{Exchange, Reply, TokenResponse, Verdict, classify};
pub use schedule::Settings;
pub use secret::{AccessToken, AppSettingsText, ClientSecret, Passphrase, RefreshToken};
pub use session::{Loaded, Session};
pub use snapshot::{Published, Served, Snapshot, State, Way};
pub use time::{BootId, BootTime, Jitter, Moment, Now, WallTime};
pub use trouble::{Lock, Trouble};
