//! One request: checked in the order in which the reasons to refuse it count, then answered.

use std::sync::Arc;

use boxd_proto::{Code, Request as Message};
use hyper::{Request, Response, body::Incoming, http::request::Parts};
use percent_encoding::percent_decode_str;

use super::{
    accept,
    ask::Ask,
    body::Body,
    document, events, health, metrics, passthrough, payload, provenance,
    query::Query,
    refusal::Refusal,
    routes::{self, Found, Operation, Route},
    status, token,
    wish::{self, Wish},
};
use crate::peer::Caller;
use crate::server::{Server, Service};

/// Answers a request, whatever it is.
pub(super) async fn answer<S: Service>(
    server: &Server<S>,
    caller: &Arc<Caller>,
    request: Request<Incoming>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let found = routes::find(&path);
    let answer = of_found(Ask { server, caller }, &found, parts, body).await;
    let answer = answer.unwrap_or_else(Refusal::into_answer);
    server.counters.http_requests.up(&found, answer.status());
    answer
}

async fn of_found<S: Service>(
    ask: Ask<'_, S>,
    found: &Found<'_>,
    parts: Parts,
    body: Incoming,
) -> Result<Response<Body>, Refusal> {
    provenance::check(&parts)?;
    match *found {
        Found::Nothing => Err(not_found(parts.uri.path())),
        Found::Passthrough(upstream) => passthrough::answer(ask, upstream, parts, body).await,
        Found::Route { route, name, .. } => of_route(ask, route, name, parts, body).await,
    }
}

async fn of_route<S: Service>(
    ask: Ask<'_, S>,
    route: &Route,
    name: &str,
    parts: Parts,
    body: Incoming,
) -> Result<Response<Body>, Refusal> {
    let method = parts.method.as_str();
    let is_head = method == "HEAD";
    let method = route.method(method).ok_or_else(|| Refusal::method(route.allow()))?;
    let query = Query::parse(parts.uri.query().unwrap_or_default(), method.parameters)?;
    let offer = accept::choose(&parts.headers, method.offers)?;
    let account = || query.get("account").map(str::to_owned);
    match method.operation {
        Operation::Token if is_head => token::probe(&ask, Wish::of_query(&query)?, offer).await,
        Operation::Token => token::answer(&ask, Wish::of_query(&query)?, offer).await,
        Operation::TokenByBody => {
            let members = payload::members(&parts.headers, body, ask.server.limits.receive).await?;
            token::answer(&ask, Wish::of_members(members)?, offer).await
        }
        Operation::Status => status::answer(&ask, account()).await,
        Operation::Account => status::answer(&ask, Some(account_name(name)?)).await,
        Operation::Refresh => {
            let wait_millis = wish::wait_millis(query.get("wait"))?;
            status::after_refresh(&ask, Message::Refresh { account: Some(account_name(name)?), wait_millis })
                .await
        }
        Operation::Events => {
            let after = events::known(&parts.headers).or(query.get("after")).map(str::to_owned);
            events::answer(&ask, Message::Watch { account: account(), after }, is_head).await
        }
        Operation::Health => health::of_daemon(&ask).await,
        Operation::Ready => health::of_accounts(&ask, account()).await,
        Operation::Metrics => metrics::answer(&ask).await,
        Operation::Document => document::answer(&ask).await,
    }
}

/// The account in a path; whether there can be one of this name is for the service to say.
fn account_name(segment: &str) -> Result<String, Refusal> {
    let name = percent_decode_str(segment).decode_utf8();
    match name {
        Ok(name) => Ok(name.into_owned()),
        Err(_) => {
            Err(Refusal::bad_request("the account in the path is not UTF-8", "see /v1/status for the names"))
        }
    }
}

/// There is no such route.
pub(super) fn not_found(path: &str) -> Refusal {
    let shown: String = path.chars().take(100).collect();
    Refusal::of(
        Code::NotFound,
        format!("there is no route {}", shown.escape_debug()),
        "see /openapi.json for what there is; /v1/status lists the accounts",
    )
}
