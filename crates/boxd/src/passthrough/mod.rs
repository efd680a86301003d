//! Passes calls to Box's API through, with the account's token put in: a program then never holds a token at all.
//!
//! Calls go to the account's `api_url` or `upload_url` and nowhere else, only below the prefix of the API
//! (`target`), and without what is between two neighbours (`headers`). Bodies stream both ways (`body`).

mod body;
mod follow;
pub(crate) mod headers;
pub(crate) mod native;
pub(crate) mod problems;
mod progress;
mod send;
mod slots;
pub(crate) mod target;
#[cfg(test)]
mod tests;
mod ways;

use boxd_engine::Generation;
use boxd_proto::Problem;
use bytes::Bytes;
use hyper::{HeaderMap, Method, header::HeaderValue};

use crate::{account_name::AccountName, box_api::Endpoint, peer::Peer};

pub use body::{AnswerBody, Broken};
pub(crate) use follow::pass_and_follow;
pub(crate) use progress::LONGEST_STANDSTILL;
pub(crate) use send::pass;
pub use send::{METHODS, Stream};
pub use target::{BadTarget, Host, Target};
pub(crate) use ways::Ways;

/// A call as a client makes it.
#[derive(Debug)]
pub struct Call<B> {
    /// Which account; `None`: the default one.
    pub account: Option<String>,
    /// How.
    pub method: Method,
    /// Where to.
    pub target: Target,
    /// As they came.
    pub headers: HeaderMap,
    /// The body.
    pub payload: Payload<B>,
}

/// What a call brings along.
#[derive(Clone, Debug)]
pub enum Payload<B> {
    /// Nothing.
    Empty,
    /// All of it is here, so that it can be sent again.
    Whole(Bytes),
    /// It comes piece by piece, once.
    Streamed(B),
}

/// A token in the form in which it is sent, and where it may be sent to.
#[derive(Clone, Debug)]
pub(crate) struct Bearer {
    pub(crate) account: AccountName,
    pub(crate) endpoint: Endpoint,
    /// `Bearer …`, marked as sensitive.
    pub(crate) authorization: HeaderValue,
    pub(crate) generation: Generation,
    /// Whether calls may be made as another user (Box: guide "As-User"), where the token's app may do that.
    pub(crate) may_act_as: bool,
}

/// Where tokens come from.
pub(crate) trait Bearers {
    /// Whether the configuration lets calls through.
    fn is_enabled(&self) -> bool;

    /// The present token of an account.
    fn bearer(
        &self,
        peer: &Peer,
        account: Option<&str>,
    ) -> impl Future<Output = Result<Bearer, Problem>> + Send;

    /// Box answered 401 to `refused`: the token after it, renewed once for all who ask.
    fn bearer_after(
        &self,
        peer: &Peer,
        refused: &Bearer,
    ) -> impl Future<Output = Result<Bearer, Problem>> + Send;

    /// Box answered 401 to `refused`: a renewal is begun where it is due, and not waited for.
    fn report(&self, peer: &Peer, refused: &Bearer) -> impl Future<Output = ()> + Send;
}
