//! The JSON object in the body of a request, member by member.

use std::{fmt, time::Duration};

use boxd_proto::Code;
use http_body_util::BodyExt as _;
use hyper::{
    HeaderMap, StatusCode,
    body::{Body as _, Incoming},
    header::{self, HeaderValue},
};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::Value;

use super::{answer::JSON, refusal::Refusal};

/// Longest body, in bytes.
const MOST: usize = 64 * 1024;
/// How much of a longer one is read before it is refused.
const MOST_DISCARDED: usize = 1024 * 1024;

/// The members of an object in the order in which they came, repeated ones too.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Members(pub(super) Vec<(String, Value)>);

/// Reads a body, for which a client has `within`.
pub(super) async fn members(
    headers: &HeaderMap<HeaderValue>,
    body: Incoming,
    within: Duration,
) -> Result<Members, Refusal> {
    if !is_json(headers) {
        let refusal = Refusal::bad_request(
            "the body is not marked as JSON",
            "send a JSON object with Content-Type: application/json",
        );
        return Err(refusal.status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    if is_announced_too_large(headers, &body) {
        return Err(too_large());
    }
    let Ok(whole) = tokio::time::timeout(within, whole(body)).await else {
        let refusal = Refusal::bad_request("the body did not come in time", "send it in one go");
        return Err(refusal.status(StatusCode::REQUEST_TIMEOUT));
    };
    let whole = whole?;
    serde_json::from_slice(&whole).map_err(|error| {
        Refusal::bad_request(
            format!("the body is not a JSON object: {error}"),
            "send an object, such as {\"account\":\"work\"}",
        )
    })
}

/// The body; one that is too large is taken in part, for those clients that send before they read.
async fn whole(mut body: Incoming) -> Result<Vec<u8>, Refusal> {
    let mut whole = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame
            .map_err(|error| Refusal::bad_request(format!("the body broke off: {error}"), "send it whole"))?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if length <= MOST {
            whole.extend_from_slice(&data);
        } else if length > MOST_DISCARDED {
            break;
        }
    }
    if length > MOST { Err(too_large()) } else { Ok(whole) }
}

/// Whether the client need not send what would be refused: it waits for leave to send (RFC 9110 section 10.1.1), or
/// would not be read to the end anyway.
fn is_announced_too_large(headers: &HeaderMap<HeaderValue>, body: &Incoming) -> bool {
    let most = if headers.contains_key(header::EXPECT) { MOST } else { MOST_DISCARDED };
    usize::try_from(body.size_hint().lower()).is_ok_and(|length| length > most)
}

fn is_json(headers: &HeaderMap<HeaderValue>) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    match (types.next().and_then(|value| value.to_str().ok()), types.next()) {
        (Some(text), None) => {
            text.split(';').next().is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case(JSON))
        }
        _ => false,
    }
}

fn too_large() -> Refusal {
    Refusal::of(
        Code::TooLarge,
        format!("the body has more than {MOST} bytes"),
        "send the members of this route alone; see /openapi.json",
    )
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_members_are_seen() {
        let members: Members = serde_json::from_str(r#"{"a":1,"b":null,"a":2}"#).unwrap();
        let names: Vec<&str> = members.0.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a", "b", "a"]);
        assert!(serde_json::from_str::<Members>("[]").is_err());
    }

    #[test]
    fn json_is_told_by_its_media_type() {
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::CONTENT_TYPE, HeaderValue::from_str(value).unwrap());
            }
            is_json(&headers)
        };
        assert!(of(&["application/json"]) && of(&["Application/JSON ; charset=utf-8"]));
        assert!(!of(&[]) && !of(&["text/plain"]) && !of(&["application/json", "application/json"]));
    }
}
