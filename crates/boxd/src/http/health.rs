//! `/healthz` and `/readyz`: for those who start the daemon, and for those who wait for a token.

use boxd_proto::{AccountStatus, Code, Request, Response as Message};
use hyper::Response;
use serde_json::{Value, json};

use super::{answer, ask::Ask, body::Body, refusal::Refusal, status};
use crate::server::Service;

/// Accounts that are named one by one, of those that are not ready.
const MOST_NAMED: usize = 100;
/// Accounts that are looked at in one go; requests of other clients come in between.
const IN_ONE_GO: usize = 64;

/// Whether the daemon makes progress: it does, if it can say so.
pub(super) async fn of_daemon<S: Service>(ask: &Ask<'_, S>) -> Result<Response<Body>, Refusal> {
    match ask.one(Request::Info).await? {
        Message::Info(info) => {
            Ok(answer::json(&json!({ "schema": boxd_json::SCHEMA, "status": "ok", "version": info.version })))
        }
        _ => Err(Refusal::unexpected()),
    }
}

/// Whether one account, or every one, can hand out a token now.
pub(super) async fn of_accounts<S: Service>(
    ask: &Ask<'_, S>,
    account: Option<String>,
) -> Result<Response<Body>, Refusal> {
    let (mut ready, mut unready) = (0_usize, 0_usize);
    let mut reasons = Vec::new();
    for (index, status) in status::statuses(ask, account).await?.enumerate() {
        if index % IN_ONE_GO == IN_ONE_GO - 1 {
            tokio::task::yield_now().await;
        }
        if status.token {
            ready += 1;
        } else {
            unready += 1;
            if reasons.len() < MOST_NAMED {
                reasons.push(reason(&status));
            }
        }
    }
    match (ready, unready) {
        (0, 0) => Err(Refusal::of(
            Code::Unavailable,
            "there are no accounts yet",
            "log in with `boxctl login`, or bring a grant along with `boxctl import`",
        )
        .with("reasons", json!([]))),
        (_, 0) => {
            Ok(answer::json(&json!({ "schema": boxd_json::SCHEMA, "status": "ready", "accounts": ready })))
        }
        _ => Err(Refusal::of(
            Code::Unavailable,
            format!("{unready} of {} accounts can hand out no token now", ready + unready),
            "see `reasons`, and the `next_step` of each",
        )
        .with("reasons", reasons.into())),
    }
}

fn reason(status: &AccountStatus) -> Value {
    json!({
        "account": status.account,
        "state": boxd_json::state(status.state),
        "error": status.error.as_ref().map(boxd_json::problem),
    })
}
