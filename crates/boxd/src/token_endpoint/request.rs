//! Reads a request to the token endpoint (RFC 6749 sections 2.3.1 and 6), and says what is wrong with one.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hyper::{
    HeaderMap, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use url::form_urlencoded;
use zeroize::Zeroizing;

type Text = Zeroizing<String>;

/// A client that asks for its token to be renewed.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) client_id: Text,
    pub(super) client_secret: Text,
    pub(super) refresh_token: Text,
    /// It showed its secret in a header.
    pub(super) by_basic: bool,
}

/// An error response (RFC 6749 section 5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) error: &'static str,
    pub(super) description: String,
    pub(super) retry_after: Option<u32>,
    /// The client must show itself by this scheme.
    pub(super) basic: bool,
}

#[derive(Default)]
struct Parameters {
    grant_type: Option<Text>,
    refresh_token: Option<Text>,
    client_id: Option<Text>,
    client_secret: Option<Text>,
}

// === impl Refused ===

impl Refused {
    pub(super) fn new(status: StatusCode, error: &'static str, description: impl Into<String>) -> Self {
        Self { status, error, description: description.into(), retry_after: None, basic: false }
    }

    fn invalid(description: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    /// Wrong id or secret.
    pub(super) fn client(by_basic: bool) -> Self {
        let description =
            "client id and secret are those of this endpoint: see BOX_CLIENT_ID and BOX_CLIENT_SECRET";
        let refused = Self::new(StatusCode::UNAUTHORIZED, "invalid_client", description);
        Self { basic: by_basic, ..refused }
    }
}

/// Reads head and body.
pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Asked, Refused> {
    const FORM: &str = "application/x-www-form-urlencoded";
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case(FORM) {
        return Err(Refused::invalid("the body must be application/x-www-form-urlencoded"));
    }
    let parameters = parameters(body)?;
    let (basic, by_basic) = match headers.get(AUTHORIZATION) {
        Some(value) => (basic(value.as_bytes()), true),
        None => (None, false),
    };
    let (client_id, client_secret) = match (basic, by_basic) {
        (Some((id, secret)), _) => {
            let differs = |sent: &Option<Text>, shown: &Text| sent.as_ref().is_some_and(|sent| sent != shown);
            if differs(&parameters.client_id, &id) || differs(&parameters.client_secret, &secret) {
                return Err(Refused::invalid("the client shows itself in two ways that differ"));
            }
            (id, secret)
        }
        (None, true) => return Err(Refused::client(true)),
        (None, false) => match (parameters.client_id, parameters.client_secret) {
            (Some(id), Some(secret)) => (id, secret),
            _ => return Err(Refused::client(false)),
        },
    };
    match parameters.grant_type.as_ref().map(|grant_type| grant_type.as_str()) {
        Some("refresh_token") => {}
        Some(_) => {
            let description = "this endpoint only renews: grant_type=refresh_token";
            return Err(Refused::new(StatusCode::BAD_REQUEST, "unsupported_grant_type", description));
        }
        None => return Err(Refused::invalid("grant_type is missing")),
    }
    let refresh_token =
        parameters.refresh_token.ok_or_else(|| Refused::invalid("refresh_token is missing"))?;
    Ok(Asked { client_id, client_secret, refresh_token, by_basic })
}

/// The parameters that count; none may be there twice (RFC 6749 section 3.2), others are ignored.
fn parameters(body: &[u8]) -> Result<Parameters, Refused> {
    let mut found = Parameters::default();
    for (name, value) in form_urlencoded::parse(body) {
        let place = match &*name {
            "grant_type" => &mut found.grant_type,
            "refresh_token" => &mut found.refresh_token,
            "client_id" => &mut found.client_id,
            "client_secret" => &mut found.client_secret,
            _ => continue,
        };
        // Sent without a value is as not sent.
        if !value.is_empty() && place.replace(Zeroizing::new(value.into_owned())).is_some() {
            return Err(Refused::invalid("a parameter is there twice"));
        }
    }
    Ok(found)
}

/// Id and secret of `Basic` (RFC 7617), each form-encoded (RFC 6749 section 2.3.1).
fn basic(value: &[u8]) -> Option<(Text, Text)> {
    let (scheme, encoded) = value.split_at_checked(b"Basic ".len())?;
    if !scheme.eq_ignore_ascii_case(b"Basic ") {
        return None;
    }
    let decoded = Zeroizing::new(BASE64_STANDARD.decode(encoded.trim_ascii()).ok()?);
    let text = str::from_utf8(&decoded).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((decoded_form(id)?, decoded_form(secret)?))
}

fn decoded_form(text: &str) -> Option<Text> {
    let as_value = Zeroizing::new(format!("={}", text.replace('&', "%26")));
    let (_, value) = form_urlencoded::parse(as_value.as_bytes()).next()?;
    Some(Zeroizing::new(value.into_owned()))
}
