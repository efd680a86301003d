//! What the daemon answers.

use serde::{Deserialize, Serialize};

use super::{
    api::ApiHead,
    audit::AuditRecord,
    doctor::{Holder, Reached},
    event::Event,
    key::KeyStatus,
    login::{LoginNeeds, LoginPage},
    status::{AccountStatus, Info},
    token::{ScopedToken, Token},
};
use crate::{error::Problem, piece::Piece, token_endpoint::TokenEndpoint};

/// An answer. Variants are only ever added at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Response {
    /// A token.
    Token(Token),
    /// The state of one account.
    Account(Box<AccountStatus>),
    /// The name of one account.
    AccountName(String),
    /// The end of a list.
    End,
    /// It is done.
    Done,
    /// Where things are.
    Info(Box<Info>),
    /// It could not be done.
    Error(Problem),
    /// A downscoped token, or one as another user.
    ScopedToken(Box<ScopedToken>),
    /// A login that waits for the person.
    LoginPage(Box<LoginPage>),
    /// What must be known of the application before a login can begin.
    LoginNeeds(Box<LoginNeeds>),
    /// One event of many.
    Event(Box<Event>),
    /// Nothing has happened for a while; the daemon is alive.
    Heartbeat,
    /// A piece of Prometheus' text format, of whole lines.
    Metrics(String),
    /// The head of Box's answer to a call.
    ApiHead(Box<ApiHead>),
    /// A piece of the body of that answer.
    ApiBody(Piece),
    /// A token endpoint is open.
    TokenEndpoint(Box<TokenEndpoint>),
    /// The key that seals the store.
    Key(Box<KeyStatus>),
    /// One way to Box.
    Reached(Box<Reached>),
    /// Who holds each of the grants, in the order in which they were asked for.
    Holders(Vec<Option<Holder>>),
    /// A record of the audit log.
    Audit(Box<AuditRecord>),
}
