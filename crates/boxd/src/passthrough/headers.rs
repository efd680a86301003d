//! Which headers are passed on, and which are between two neighbours only.

use hyper::{
    HeaderMap,
    header::{
        AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, HOST, HeaderName, SET_COOKIE, TE, TRAILER,
        TRANSFER_ENCODING, UPGRADE,
    },
};

/// Most bytes that names and values of one message may have together: they also have to fit into a frame.
pub(crate) const MOST_BYTES: usize = 32 * 1024;
/// Most headers of one message.
pub(crate) const MOST: usize = 100;

/// More headers than are passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {MOST} headers, or more than {MOST_BYTES} bytes of them")]
pub(crate) struct TooMany;

/// Between two neighbours, besides those that `Connection` names (RFC 9110 section 7.6.1).
const HOP_BY_HOP: [HeaderName; 8] = [
    CONNECTION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("http2-settings"),
    HeaderName::from_static("proxy-connection"),
];

/// What a client says to boxd, or what boxd says itself. The length is that of the body which is really sent.
const OF_THE_CLIENT: [HeaderName; 6] =
    [HOST, AUTHORIZATION, COOKIE, EXPECT, CONTENT_LENGTH, HeaderName::from_static("cookie2")];

/// Whom a call is made as, other than the token's user (Box: guide "As-User").
pub(super) const AS_USER: &str = "as-user";

/// Cookies would make one program's session another's.
const OF_THE_SERVER: [HeaderName; 2] = [SET_COOKIE, HeaderName::from_static("set-cookie2")];

/// What may go to another host than Box's API: nothing there is a secret or of Box alone.
const TO_ANY_HOST: [&str; 10] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "range",
    "user-agent",
];

/// The headers of a client's call, for Box.
pub(crate) fn of_call(headers: &HeaderMap) -> Result<HeaderMap, TooMany> {
    passed_on(headers, |name| OF_THE_CLIENT.contains(name) || name.as_str().starts_with("boxd-"))
}

/// The headers of Box's answer, for the client.
pub(crate) fn of_answer(headers: &HeaderMap) -> Result<HeaderMap, TooMany> {
    passed_on(headers, |name| OF_THE_SERVER.contains(name))
}

/// Those headers of a call that may go wherever Box redirects to.
pub(crate) fn of_redirected(headers: &HeaderMap) -> HeaderMap {
    let may_go = headers.iter().filter(|(name, _)| TO_ANY_HOST.contains(&name.as_str()));
    may_go.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn passed_on(headers: &HeaderMap, own: impl Fn(&HeaderName) -> bool) -> Result<HeaderMap, TooMany> {
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers.len() > MOST || size > MOST_BYTES {
        return Err(TooMany);
    }
    let named = named_by_connection(headers);
    let stays = |name: &HeaderName| {
        HOP_BY_HOP.contains(name) || name.as_str().starts_with("proxy-") || named.contains(name) || own(name)
    };
    let passed = headers.iter().filter(|(name, _)| !stays(name));
    let mut kept = HeaderMap::new();
    for (name, value) in passed {
        kept.append(name, value.clone());
    }
    Ok(kept)
}

fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(CONNECTION).into_iter();
    let tokens = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    tokens.filter_map(|token| HeaderName::from_bytes(token.trim_ascii()).ok()).collect()
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn what_is_between_neighbours_goes_no_further() {
        let lines = headers(&[
            ("connection", "keep-alive, X-Mine"),
            ("connection", "close ,  x-other"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "close"),
            ("proxy-authorization", "Basic canary"),
            ("proxy-authenticate", "Basic"),
            ("te", "trailers"),
            ("trailer", "x"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("http2-settings", "x"),
            ("x-mine", "1"),
            ("x-other", "1"),
            ("x-kept", "1"),
        ]);
        assert_eq!(names(&of_call(&lines).unwrap()), ["x-kept"]);
        assert_eq!(names(&of_answer(&lines).unwrap()), ["x-kept"]);
    }

    #[test]
    fn credentials_and_what_is_meant_for_boxd_stay_here() {
        let call = headers(&[
            ("host", "boxd"),
            ("authorization", "Bearer canary"),
            ("cookie", "canary"),
            ("cookie2", "canary"),
            ("expect", "100-continue"),
            ("content-length", "5"),
            ("boxd-account", "work"),
            ("content-type", "application/json"),
            ("as-user", "7"),
            ("if-match", "1"),
        ]);
        assert_eq!(names(&of_call(&call).unwrap()), ["as-user", "content-type", "if-match"]);
    }

    #[test]
    fn an_answer_keeps_its_length_but_no_cookie() {
        let answer = headers(&[
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
            ("content-length", "5"),
            ("location", "https://dl.example/"),
            ("vary", "a"),
            ("vary", "b"),
        ]);
        let kept = of_answer(&answer).unwrap();
        assert_eq!(names(&kept), ["content-length", "location", "vary"]);
        assert_eq!(kept.get_all("vary").iter().count(), 2);
    }

    #[test]
    fn another_host_learns_nothing_of_box() {
        let call = headers(&[
            ("boxapi", "shared_link=x&shared_link_password=canary"),
            ("as-user", "7"),
            ("range", "bytes=0-1"),
            ("x-api-key", "canary"),
            ("user-agent", "curl"),
        ]);
        assert_eq!(names(&of_redirected(&call)), ["range", "user-agent"]);
    }

    #[test]
    fn too_many_are_refused() {
        let mut many = HeaderMap::new();
        for _ in 0..=MOST {
            many.append("x", HeaderValue::from_static("1"));
        }
        assert_eq!(of_call(&many), Err(TooMany));
        let mut large = HeaderMap::new();
        large.insert("x", HeaderValue::from_bytes(&vec![b'x'; MOST_BYTES]).unwrap());
        assert_eq!(of_answer(&large), Err(TooMany));
    }
}
