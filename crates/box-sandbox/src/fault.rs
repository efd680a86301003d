//! Faults as data: what they are, how they are written in JSON, and the queue they wait in.

use std::collections::VecDeque;

use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// An endpoint that faults can strike.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// `POST /oauth2/token`.
    Token,
    /// `POST /oauth2/revoke`.
    Revoke,
    /// Everything under `/2.0/`.
    Api,
    /// `/api/oauth2/authorize`.
    Authorize,
    /// `POST /api/2.0/files/content`.
    Upload,
    /// What `GET /2.0/files/N/content` redirects to.
    Download,
}

/// Whether the endpoint has done its work (the grant is spent, the token revoked or used) when the fault strikes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// It has not, and does so only if a `hang` is released.
    Before,
    /// It has; the client is the only one who doesn't know.
    After,
}

/// A status that ends an exchange: 200 to 599.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Status(StatusCode);

impl Status {
    /// As the HTTP library knows it.
    pub fn code(self) -> StatusCode {
        self.0
    }
}

impl TryFrom<u16> for Status {
    type Error = String;

    fn try_from(status: u16) -> Result<Self, String> {
        match StatusCode::from_u16(status) {
            Ok(code) if (200..=599).contains(&status) => Ok(Self(code)),
            _ => Err(format!("status {status} is not between 200 and 599")),
        }
    }
}

impl From<Status> for u16 {
    fn from(status: Status) -> Self {
        status.0.as_u16()
    }
}

/// What goes wrong. The crate documentation describes each for users of the control API.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "fault", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// The connection is reset before anything is read from it.
    Refuse {},
    /// The answer waits for `POST /_sandbox/release`, or for ever.
    Hang {},
    /// The connection is closed without an answer.
    Drop {},
    /// An HTTP error without an OAuth error.
    Status {
        /// Anything from 200 to 599.
        status: Status,
        /// Seconds for `Retry-After`.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
        /// In place of what Box sends with that status.
        #[serde(skip_serializing_if = "Option::is_none")]
        body: Option<String>,
    },
    /// An OAuth error by name.
    Error {
        /// RFC 6749 name or one of Box's own.
        error: String,
        /// Its text.
        #[serde(default)]
        error_description: String,
        /// 400 unless given.
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<Status>,
    },
    /// A web page, as captive portals (200) and load balancers (5xx) send it.
    Html {
        /// 200 unless given.
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<Status>,
    },
    /// A redirect.
    Redirect {
        /// 302 unless given.
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<Status>,
        /// A sign-in page on a closed port unless given.
        #[serde(skip_serializing_if = "Option::is_none")]
        location: Option<String>,
    },
    /// Half of the body, then the connection ends: `Content-Length` says more than comes.
    Truncate {},
    /// Half of the body with a `Content-Length` that fits: JSON that does not parse.
    TruncateJson {},
    /// The true answer, a few bytes at a time.
    Slow {
        /// Pause before each piece, 100 unless given.
        #[serde(default = "default_pause")]
        pause_ms: u64,
        /// Bytes in a piece, 16 unless given.
        #[serde(default = "default_piece")]
        piece: usize,
    },
    /// A body of `bytes` spaces before the true answer.
    Oversized {
        /// 64 MiB unless given.
        #[serde(default = "default_bytes")]
        bytes: u64,
    },
    /// The true answer changed by a JSON merge patch (RFC 7396): odd types, members missing or added.
    Patch {
        /// The patch.
        merge: Value,
    },
}

fn default_pause() -> u64 {
    100
}

fn default_piece() -> usize {
    16
}

fn default_bytes() -> u64 {
    64 * 1024 * 1024
}

impl Fault {
    /// The name that the control API uses.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Refuse {} => "refuse",
            Self::Hang {} => "hang",
            Self::Drop {} => "drop",
            Self::Status { .. } => "status",
            Self::Error { .. } => "error",
            Self::Html { .. } => "html",
            Self::Redirect { .. } => "redirect",
            Self::Truncate {} => "truncate",
            Self::TruncateJson {} => "truncate_json",
            Self::Slow { .. } => "slow",
            Self::Oversized { .. } => "oversized",
            Self::Patch { .. } => "patch",
        }
    }

    /// The only time at which this fault makes sense, for those that have one.
    fn only_when(&self) -> Option<When> {
        match self {
            Self::Refuse {} => Some(When::Before),
            Self::Slow { .. } | Self::Oversized { .. } | Self::Patch { .. } => Some(When::After),
            _ => None,
        }
    }
}

/// A fault with its place and time, and how often it is still to strike.
#[derive(Clone, Debug)]
pub struct Queued {
    /// What goes wrong.
    pub fault: Fault,
    /// Before or after the work.
    pub when: When,
    endpoint: Endpoint,
    count: u64,
}

impl Queued {
    /// Reads the JSON form of the control API.
    ///
    /// # Errors
    /// A text for the caller: what is unknown, missing or contradictory.
    pub fn from_json(mut spec: Map<String, Value>) -> Result<Self, String> {
        let when: Option<When> = take(&mut spec, "when")?;
        let endpoint: Option<Endpoint> = take(&mut spec, "path")?;
        let count: Option<u64> = take(&mut spec, "count")?;
        let fault: Fault = serde_json::from_value(Value::Object(spec)).map_err(|error| error.to_string())?;
        let when = match (fault.only_when(), when) {
            (Some(only), Some(asked)) if only != asked => {
                return Err(format!("fault \"{}\" can only come {}", fault.name(), json!(only)));
            }
            (only, asked) => only.or(asked).unwrap_or(When::Before),
        };
        Ok(Self { fault, when, endpoint: endpoint.unwrap_or(Endpoint::Token), count: count.unwrap_or(1) })
    }

    /// The JSON form, with what is left of the count.
    pub fn to_json(&self) -> Value {
        let mut spec = json!(self.fault);
        if let Value::Object(members) = &mut spec {
            members.insert("when".to_owned(), json!(self.when));
            members.insert("path".to_owned(), json!(self.endpoint));
            members.insert("count".to_owned(), json!(self.count));
        }
        spec
    }
}

fn take<T: for<'de> Deserialize<'de>>(
    spec: &mut Map<String, Value>,
    name: &str,
) -> Result<Option<T>, String> {
    let Some(value) = spec.remove(name) else { return Ok(None) };
    serde_json::from_value(value).map(Some).map_err(|error| format!("{name}: {error}"))
}

/// First in, first out, for each endpoint on its own.
#[derive(Debug, Default)]
pub struct Faults(VecDeque<Queued>);

impl Faults {
    /// Appends a fault; one with count 0 never strikes.
    pub fn push(&mut self, queued: Queued) {
        if queued.count > 0 {
            self.0.push_back(queued);
        }
    }

    /// The next fault for a request to `endpoint`.
    pub fn next_for(&mut self, endpoint: Endpoint) -> Option<Queued> {
        self.strike(|queued| queued.endpoint == endpoint && !matches!(queued.fault, Fault::Refuse {}))
    }

    /// True where the connection at hand is to be refused.
    pub fn next_refuses(&mut self) -> bool {
        self.strike(|queued| matches!(queued.fault, Fault::Refuse {})).is_some()
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// All that are still to strike.
    pub fn to_json(&self) -> Value {
        self.0.iter().map(Queued::to_json).collect()
    }

    fn strike(&mut self, wanted: impl Fn(&Queued) -> bool) -> Option<Queued> {
        let at = self.0.iter().position(wanted)?;
        let entry = self.0.get_mut(at)?;
        entry.count -= 1;
        if entry.count > 0 { Some(entry.clone()) } else { self.0.remove(at) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(spec: Value) -> Result<Queued, String> {
        let Value::Object(spec) = spec else { panic!("not an object") };
        Queued::from_json(spec)
    }

    #[test]
    fn strikes_in_order_and_as_often_as_asked() {
        let mut faults = Faults::default();
        faults.push(parse(json!({"fault": "drop", "when": "after", "count": 2})).unwrap());
        faults.push(parse(json!({"fault": "hang", "path": "api"})).unwrap());
        faults.push(parse(json!({"fault": "html"})).unwrap());
        let mut next = |endpoint| faults.next_for(endpoint).map(|queued| queued.fault.name());
        assert_eq!(next(Endpoint::Token), Some("drop"));
        assert_eq!(next(Endpoint::Api), Some("hang"));
        assert_eq!(next(Endpoint::Token), Some("drop"));
        assert_eq!(next(Endpoint::Token), Some("html"));
        assert_eq!(next(Endpoint::Token), None);
        assert_eq!(next(Endpoint::Revoke), None);
    }

    #[test]
    fn refusals_wait_for_a_connection() {
        let mut faults = Faults::default();
        faults.push(parse(json!({"fault": "refuse"})).unwrap());
        assert!(faults.next_for(Endpoint::Token).is_none());
        assert!(faults.next_refuses());
        assert!(!faults.next_refuses());
    }

    #[test]
    fn says_what_is_wrong_with_a_fault() {
        for (spec, part) in [
            (json!({"fault": "hagn"}), "hagn"),
            (json!({"fault": "hang", "wehn": "after"}), "wehn"),
            (json!({"fault": "hang", "when": "later"}), "when"),
            (json!({"fault": "status", "status": 101}), "101"),
            (json!({"fault": "slow", "when": "before"}), "after"),
            (json!({"fault": "refuse", "when": "after"}), "before"),
        ] {
            let error = parse(spec.clone()).expect_err("accepted");
            assert!(error.contains(part), "{spec} says {error:?}");
        }
    }

    #[test]
    fn json_form_comes_back_complete() {
        let spec = json!({"fault": "status", "status": 503, "retry_after": 7, "when": "after", "path": "token", "count": 3});
        assert_eq!(parse(spec.clone()).unwrap().to_json(), spec);
    }
}
