//! Real sockets that misbehave, and what a request makes of them.

mod fake;
mod grants;
mod jwt;
mod outcomes;
mod proxies;
mod reading_codes;
mod reading_downscoped;
mod requests;

use std::{path::Path, time::Duration};

use boxd_engine::{ClientSecret, Exchange, Reply};

use super::{BoxApi, Deadlines, Endpoint, EndpointSettings, ProxyEnvironment};

/// Secrets that must appear on the wire and nowhere else.
const SECRET: &str = "client/secret=canary";
const REFRESH: &str = "refresh&token+canary";

fn api() -> BoxApi {
    api_with(ProxyEnvironment::default())
}

fn api_with(environment: ProxyEnvironment) -> BoxApi {
    let deadlines = Deadlines { connect: Duration::from_millis(400), total: Duration::from_millis(800) };
    BoxApi::new(deadlines, environment)
}

fn endpoint(settings: &[(&str, &str)]) -> Endpoint {
    let mut endpoint = EndpointSettings::default();
    for (key, value) in settings {
        endpoint.set(key, value, Path::new("/")).unwrap();
    }
    endpoint.resolve().unwrap()
}

async fn refresh(endpoint: &Endpoint) -> Exchange {
    refresh_by(&api(), endpoint).await
}

async fn refresh_by(api: &BoxApi, endpoint: &Endpoint) -> Exchange {
    let exchange = api.refresh(endpoint, "id", &ClientSecret::new(SECRET), REFRESH).await;
    let text = format!("{exchange:?}");
    assert!(!text.contains("canary"), "a secret in {text}");
    exchange
}

#[track_caller]
fn not_sent(exchange: Exchange) -> String {
    match exchange {
        Exchange::NotSent(reason) => reason,
        other => panic!("expected NotSent, got {other:?}"),
    }
}

#[track_caller]
fn lost(exchange: Exchange) -> String {
    match exchange {
        Exchange::Lost(reason) => reason,
        other => panic!("expected Lost, got {other:?}"),
    }
}

#[track_caller]
fn reply(exchange: Exchange) -> Reply {
    match exchange {
        Exchange::Reply(reply) => reply,
        other => panic!("expected a reply, got {other:?}"),
    }
}
