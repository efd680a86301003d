//! One request and what came of it: not sent, lost, or answered.

use std::{error::Error as _, time::Duration};

use boxd_engine::{Exchange, Reply, WallTime};
use bytes::Bytes;
use reqwest::{Client, Request, Response};
use zeroize::Zeroizing;

use super::{answer::printable, date::date, retry_after::retry_after};

/// Longest answer that is read; Box's are below 1 KiB.
pub(crate) const ANSWER_LIMIT: usize = 64 * 1024;

/// What came of a request, and when Box answered by its own clock (`Date`).
pub(crate) struct Answered {
    pub(crate) exchange: Exchange,
    pub(crate) date: Option<WallTime>,
}

impl From<Exchange> for Answered {
    fn from(exchange: Exchange) -> Self {
        Self { exchange, date: None }
    }
}

/// A form (`application/x-www-form-urlencoded`) in a buffer that is wiped when the last holder drops it.
///
/// hyper and rustls copy it into buffers of their own, which are freed without being wiped.
pub(crate) fn form(fields: &[(&str, &str)]) -> Bytes {
    // Percent-encoding trebles at most: with room for that the buffer never moves, and leaves no copy.
    let room = fields.iter().map(|(name, value)| 3 * (name.len() + value.len()) + 2).sum();
    let mut form = url::form_urlencoded::Serializer::new(String::with_capacity(room));
    form.extend_pairs(fields);
    Bytes::from_owner(Zeroizing::new(form.finish().into_bytes()))
}

/// Sends a request once and reads its answer, within the deadline.
pub(crate) async fn exchange(client: &Client, request: Request, deadline: Duration) -> Answered {
    match tokio::time::timeout(deadline, send(client, request)).await {
        Ok(answered) => answered,
        // Connecting has a shorter deadline of its own, so that this one means: sent.
        Err(_elapsed) => {
            Exchange::Lost(format!("no whole answer within {} s", deadline.as_secs_f32())).into()
        }
    }
}

async fn send(client: &Client, request: Request) -> Answered {
    let host = request.url().host_str().unwrap_or_default().to_owned();
    match client.execute(request).await {
        Ok(response) => {
            let date = date(response.headers());
            Answered { exchange: read(response).await, date }
        }
        // The connection was never made: name lookup, TCP, the proxy's CONNECT and TLS all fail here.
        Err(error) if error.is_connect() => Exchange::NotSent(format!("{host}: {}", describe(error))).into(),
        Err(error) => Exchange::Lost(describe(error)).into(),
    }
}

async fn read(mut response: Response) -> Exchange {
    let status = response.status().as_u16();
    let retry_after = retry_after(response.headers());
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
    if announced.is_some_and(|length| length > ANSWER_LIMIT) {
        return too_large();
    }
    // Room for the whole answer, where its length is known, so that no copy of it is left behind.
    let mut body = Zeroizing::new(Vec::with_capacity(announced.unwrap_or(4096)));
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len().saturating_add(chunk.len()) > ANSWER_LIMIT => return too_large(),
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) => return Exchange::Lost(describe(error)),
        }
    }
    Exchange::Reply(Reply { status, retry_after, body: std::mem::take(&mut *body) })
}

fn too_large() -> Exchange {
    Exchange::Lost("answer too large".to_owned())
}

/// The innermost two causes: the outer ones only say that a request failed. None of them quotes a request.
pub(crate) fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut causes = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        // hyper's envelope around what the connector says.
        if !text.starts_with("client error (") && !causes.contains(&text) {
            causes.push(text);
        }
        cause = inner.source();
    }
    let inner = if causes.len() > 1 { causes.split_off(1) } else { causes };
    let inner = inner.split_at(inner.len().saturating_sub(2)).1;
    printable(&inner.join(": "), 300)
}
