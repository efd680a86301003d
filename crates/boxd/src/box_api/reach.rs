//! Whether Box can be reached, without credentials: for a person who looks for what is wrong.

use std::{sync::Arc, time::Duration};

use boxd_engine::WallTime;
use boxd_proto::Reached;
use reqwest::{Method, Request};

use super::{BoxApi, Endpoint, client::Clients, date::date, endpoint::BoxUrl, exchange::describe};
use crate::{box_api::observed::SeenTls, clock::Clock};

/// For everything: somebody waits at a terminal.
const DEADLINE: Duration = Duration::from_secs(15);
/// For naming the addresses of a host that did not answer.
const LOOKUP: Duration = Duration::from_secs(2);
/// So many of them are named.
const ADDRESSES: usize = 4;

impl BoxApi {
    /// Asks the origin of a URL for its root (`HEAD /`), with a connection and a trust store of its own.
    pub(crate) async fn reach(&self, clock: &Clock, endpoint: &Endpoint, url: &BoxUrl) -> Reached {
        let begun = clock.boot();
        let mut reached = Reached { origin: url.origin(), ..Reached::default() };
        let asked = ask(&self.clients, clock, endpoint, url, &mut reached);
        reached.error = match tokio::time::timeout(DEADLINE, asked).await {
            Ok(Ok(())) => None,
            Ok(Err(reason)) => Some(reason),
            Err(_elapsed) => Some(format!("no answer within {} s", DEADLINE.as_secs())),
        };
        reached.took_millis = u32::try_from(clock.boot().0.saturating_sub(begun.0)).unwrap_or(u32::MAX);
        if reached.error.is_some() && reached.proxy.is_none() && reached.address.is_none() {
            reached.address = addresses(url).await;
        }
        reached
    }
}

async fn ask(
    clients: &Clients,
    clock: &Clock,
    endpoint: &Endpoint,
    url: &BoxUrl,
    reached: &mut Reached,
) -> Result<(), String> {
    let seen = Arc::<SeenTls>::default();
    let (client, proxy) =
        clients.observed(endpoint, url, Arc::clone(&seen)).await.map_err(|unbuilt| unbuilt.to_string())?;
    reached.proxy = proxy;
    let mut root = url.as_url().clone();
    root.set_path("/");
    let sent = clock.wall();
    let answer = client.execute(Request::new(Method::HEAD, root)).await;
    let received = clock.wall();
    reached.tls = seen.get().map(|version| (*version).to_owned());
    let answer = answer.map_err(describe)?;
    reached.address = answer.remote_addr().map(|address| address.to_string());
    reached.status = Some(answer.status().as_u16());
    reached.clock_ahead_seconds = date(answer.headers()).map(|date| ahead(date, sent, received));
    Ok(())
}

/// By how many seconds a clock is ahead that told `date`, cut to a second, between two moments of ours.
fn ahead(date: WallTime, sent: WallTime, received: WallTime) -> i64 {
    if date.0 > received.0 {
        return (date.0 - received.0 + 999) / 1000;
    }
    // The last moment of that second.
    (date.0.saturating_add(999) - sent.0).min(0) / 1000
}

async fn addresses(url: &BoxUrl) -> Option<String> {
    let url = url.as_url();
    let (host, port) = (url.host_str()?.trim_matches(['[', ']']), url.port_or_known_default()?);
    let found = tokio::time::timeout(LOOKUP, tokio::net::lookup_host((host, port))).await.ok()?.ok()?;
    let found: Vec<String> = found.take(ADDRESSES).map(|address| address.to_string()).collect();
    (!found.is_empty()).then(|| found.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_only_off_by_what_cannot_be_explained_otherwise() {
        let seconds =
            |date: i64, sent: i64, received: i64| ahead(WallTime(date), WallTime(sent), WallTime(received));
        assert_eq!(seconds(10_000, 10_400, 10_500), 0, "dates are cut to a second");
        assert_eq!(seconds(10_000, 5_000, 12_000), 0, "it was told at some moment between the two");
        assert_eq!(seconds(60_000, 10_000, 10_500), 50);
        assert_eq!(seconds(10_000, 60_999, 61_500), -50);
    }
}
