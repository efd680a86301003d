//! The authorization server as a pure state machine: grants, tokens, moods; no clock, no I/O.
//!
//! Every operation takes `now` in Unix seconds and writes what happened to the [`journal`]. One file per grant type,
//! each with a function `issue`, called from [`Provider::token`].

mod answer;
mod assertion;
mod authorization_code;
mod authorize;
mod bare;
mod challenge;
mod change;
mod client;
mod client_credentials;
mod code;
mod consent;
mod console;
mod endpoints;
mod error;
mod form;
mod grant;
mod grant_type;
mod holder;
mod id;
pub mod journal;
mod jwt_bearer;
mod limit;
mod mint;
mod mood;
mod provider;
mod redirect;
mod refresh;
mod resource;
mod restriction;
mod revoke;
mod scope;
mod token;
mod token_exchange;
mod user;

pub use self::answer::TokenAnswer;
pub use self::authorize::{Answer, Refusal, Request};
pub use self::bare::BareView;
pub use self::client::{Client, Settings};
pub use self::error::OAuthError;
pub use self::form::Form;
pub use self::grant::{Flight, GrantView};
pub use self::grant_type::{GrantType, Origin};
pub use self::id::{GrantId, UserId};
pub use self::limit::{Limit, Limits};
pub use self::mint::Mint;
pub use self::mood::{Lifetimes, Mood, OldToken, Replay};
pub use self::provider::Provider;
pub use self::restriction::{Item, ItemKind, Restricted, SharedLink};
pub use self::scope::{APP_SCOPES, Scopes};
pub use self::user::{ENTERPRISE_ID, Sort, User};

#[cfg(test)]
mod tests;
