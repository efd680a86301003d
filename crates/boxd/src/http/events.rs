//! `/v1/events`: what happens to accounts, as server-sent events (HTML standard, section 9.2).

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use boxd_proto::{Event, EventKind, Request, Response as Message};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use hyper::{HeaderMap, Response, header::HeaderValue};

use super::{
    answer,
    ask::Ask,
    body::{Body, BrokenOff},
    refusal::Refusal,
    routes::EVENTS,
};
use crate::server::Service;

/// After so long without an event a comment shows that the daemon lives, and finds out whether the client does.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// First of all, how long a client that lost its connection waits before it comes back, in milliseconds.
const OPENING: &str = "retry: 1000\n\n";

/// The text of the last event: all who watch are told the same, so it is written once.
#[derive(Debug, Default)]
pub(crate) struct LastTold(Mutex<Option<(Event, Bytes)>>);

impl LastTold {
    fn text(&self, event: &Event) -> Bytes {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((told, text)) if told == event => text.clone(),
            _ => last.insert((event.clone(), text(event))).1.clone(),
        }
    }
}

/// The events, for as long as the client likes; `watch` says of what.
pub(super) async fn answer<S: Service>(
    ask: &Ask<'_, S>,
    watch: Request,
    is_head: bool,
) -> Result<Response<Body>, Refusal> {
    let responses = ask.stream(watch).await?;
    if is_head {
        return Ok(answer::with(EVENTS, Body::unsent()));
    }
    let last_told = Arc::clone(&ask.server.last_told);
    let events = stream::unfold((Some(responses), last_told), async |(responses, last_told)| {
        let mut responses = responses?;
        match tokio::time::timeout(HEARTBEAT, responses.next()).await {
            Err(_elapsed) => Some((Bytes::from_static(b": heartbeat\n\n"), (Some(responses), last_told))),
            Ok(Some(Message::Event(event))) => Some((last_told.text(&event), (Some(responses), last_told))),
            Ok(Some(Message::Error(problem))) => {
                Some((text(&dropped(problem.to_string())), (None, last_told)))
            }
            Ok(_) => None,
        }
    });
    let opening = stream::iter([Bytes::from_static(OPENING.as_bytes())]);
    Ok(answer::with(EVENTS, Body::endless(opening.chain(events).map(Ok::<_, BrokenOff>))))
}

/// The last event that a client which comes back says that it knows.
pub(super) fn known(headers: &HeaderMap<HeaderValue>) -> Option<&str> {
    headers.get("last-event-id").and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty())
}

/// One event. Its JSON is one line, and neither kind nor id can hold a newline.
fn text(event: &Event) -> Bytes {
    let kind = boxd_json::event_kind(event.kind);
    let id = event.id.as_ref().map(|id| format!("id: {id}\n")).unwrap_or_default();
    let data = boxd_json::line(&boxd_json::event(event));
    Bytes::from(format!("event: {kind}\n{id}data: {data}\n\n"))
}

fn dropped(detail: String) -> Event {
    Event { id: None, kind: EventKind::Dropped, account: None, status: None, detail: Some(detail) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_kind_an_id_and_a_line() {
        let mut event = dropped("two\nlines".into());
        let told = text(&event);
        let told = std::str::from_utf8(&told).unwrap();
        assert!(told.starts_with("event: dropped\ndata: {") && told.ends_with("}\n\n"), "{told}");
        assert_eq!(told.lines().count(), 3, "{told}");
        event.id = Some("1f-2".into());
        assert!(text(&event).starts_with(b"event: dropped\nid: 1f-2\ndata: {"));
    }

    #[test]
    fn the_last_text_is_that_of_no_other_event() {
        let last_told = LastTold::default();
        for detail in ["one", "one", "two", "one"] {
            let event = dropped(detail.into());
            assert_eq!(last_told.text(&event), text(&event));
        }
    }
}
