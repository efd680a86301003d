//! The states of accounts, made piece by piece: there may be ten thousand.

use boxd_proto::{AccountStatus, Request, Response as Message};
use bytes::Bytes;
use hyper::Response;

use super::{answer, ask::Ask, body::Body, refusal::Refusal};
use crate::server::Service;

/// From this size on, in bytes, a piece is sent before more is made.
const ENOUGH: usize = 16 * 1024;

/// The state of one account, or of all.
pub(super) async fn answer<S: Service>(
    ask: &Ask<'_, S>,
    account: Option<String>,
) -> Result<Response<Body>, Refusal> {
    let accounts = statuses(ask, account).await?;
    let mut pieces = Pieces { accounts, next: Next::First };
    let first = pieces.next().unwrap_or_default();
    let body = match pieces.next() {
        // Nearly always: with its length.
        None => Body::whole(first),
        Some(second) => Body::pieces([first, second].into_iter().chain(pieces)),
    };
    Ok(answer::with(answer::JSON, body))
}

/// The state of an account that was renewed.
pub(super) async fn after_refresh<S: Service>(
    ask: &Ask<'_, S>,
    refresh: Request,
) -> Result<Response<Body>, Refusal> {
    match ask.one(refresh).await? {
        Message::Account(status) => Ok(answer::json(&boxd_json::status(std::slice::from_ref(&*status)))),
        _ => Err(Refusal::unexpected()),
    }
}

/// The states of accounts, one by one.
pub(super) async fn statuses<S: Service>(
    ask: &Ask<'_, S>,
    account: Option<String>,
) -> Result<impl Iterator<Item = AccountStatus> + Send + use<S>, Refusal> {
    let responses = ask.many(Request::Status { account }).await?;
    Ok(responses.filter_map(|response| match response {
        Message::Account(status) => Some(*status),
        _ => None,
    }))
}

/// The text of `boxd_json::status`, in pieces.
struct Pieces<I> {
    accounts: I,
    next: Next,
}

#[derive(PartialEq)]
enum Next {
    First,
    More,
    Nothing,
}

impl<I: Iterator<Item = AccountStatus>> Iterator for Pieces<I> {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let mut piece = match self.next {
            Next::First => "{\"accounts\":[".to_owned(),
            Next::More => String::with_capacity(ENOUGH),
            Next::Nothing => return None,
        };
        while piece.len() < ENOUGH {
            let Some(status) = self.accounts.next() else {
                piece += "],\"schema\":";
                piece += &boxd_json::SCHEMA.to_string();
                piece += "}\n";
                self.next = Next::Nothing;
                break;
            };
            if self.next == Next::More {
                piece.push(',');
            }
            self.next = Next::More;
            piece.push_str(&boxd_json::line(&boxd_json::account(&status)));
        }
        Some(piece.into())
    }
}
