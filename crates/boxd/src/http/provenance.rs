//! Refuses what a browser could have sent: a page of a stranger must not reach the socket through any forwarder.

use boxd_proto::Code;
use hyper::{
    HeaderMap, Version,
    header::{self, HeaderValue},
    http::request::Parts,
};

use super::refusal::Refusal;

/// Headers that browsers add and programs do not; those of fetch metadata begin with `sec-fetch-`.
const OF_BROWSERS: [header::HeaderName; 2] = [header::ORIGIN, header::REFERER];
const FETCH_METADATA: &str = "sec-fetch-";

/// Whether the request may come from a program.
pub(super) fn check(request: &Parts) -> Result<(), Refusal> {
    let headers = &request.headers;
    let marked = OF_BROWSERS.iter().any(|name| headers.contains_key(name))
        || headers.keys().any(|name| name.as_str().starts_with(FETCH_METADATA));
    if marked {
        return Err(denied(
            "the request has headers that only a browser sends (Origin, Referer, Sec-Fetch-*)",
        ));
    }
    // A request line that names a host beats the header (RFC 9112 section 3.2.2); neither may be foreign.
    if request.uri.authority().is_some_and(|authority| is_foreign(authority.as_str())) {
        return Err(denied(FOREIGN));
    }
    match host(headers) {
        Ok(Some(host)) if is_foreign(host) => Err(denied(FOREIGN)),
        Ok(None) if request.version == Version::HTTP_11 => Err(Refusal::bad_request(
            "the request has no Host header, which HTTP/1.1 asks for",
            "send any name without a dot, such as `Host: boxd`",
        )),
        Ok(_) => Ok(()),
        Err(()) => Err(Refusal::bad_request(
            "the request has several Host headers, or one that is no host",
            "send one name without a dot, such as `Host: boxd`",
        )),
    }
}

const FOREIGN: &str = "the request names a host with a dot, as only one that came from elsewhere does";

fn denied(detail: &str) -> Refusal {
    Refusal::of(
        Code::Denied,
        detail,
        "ask over the socket with a name without a dot: curl --unix-socket SOCKET http://boxd/v1/token",
    )
}

/// The one `Host`.
fn host(headers: &HeaderMap<HeaderValue>) -> Result<Option<&str>, ()> {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => Ok(None),
        (Some(host), None) => {
            let host = host.to_str().map_err(|_not_ascii| ())?;
            let is_host = !host.contains(['/', '\\', '?', '#', '@', ' ', '\t', ',']);
            if is_host { Ok(Some(host)) } else { Err(()) }
        }
        (Some(_), Some(_)) => Err(()),
    }
}

/// A name of the domain name system or an address has a dot; the socket's path, percent-encoded as
/// requests-unixsocket sends it, may have one too, but no name has an encoded slash.
fn is_foreign(host: &str) -> bool {
    let is_path = host.to_ascii_lowercase().contains("%2f");
    host.contains('.') && !is_path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(version: Version, uri: &str, headers: &[(&str, &str)]) -> u16 {
        let mut request = hyper::Request::builder().version(version).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        match check(&request.body(()).unwrap().into_parts().0) {
            Ok(()) => 200,
            Err(refusal) => refusal.into_answer().status().as_u16(),
        }
    }

    fn of_host(host: &str) -> u16 {
        status(Version::HTTP_11, "/v1/token", &[("host", host)])
    }

    #[test]
    fn names_that_programs_send_are_taken() {
        for host in ["boxd", "localhost", "localhost:80", "unix", "", "%2Frun%2Fuser%2F0%2Fboxd%2Fboxd.sock"]
        {
            assert_eq!(of_host(host), 200, "{host}");
        }
        assert_eq!(status(Version::HTTP_10, "/v1/token", &[]), 200);
        assert_eq!(status(Version::HTTP_11, "http://boxd/v1/token", &[("host", "boxd")]), 200);
    }

    #[test]
    fn names_and_addresses_with_a_dot_are_refused() {
        for host in ["evil.example", "127.0.0.1", "127.0.0.1:8080", "localhost.", "a%20.b"] {
            assert_eq!(of_host(host), 403, "{host}");
        }
        assert_eq!(status(Version::HTTP_11, "http://evil.example/v1/token", &[("host", "boxd")]), 403);
    }

    #[test]
    fn marks_of_browsers_are_refused_whatever_they_say() {
        for (name, value) in [
            ("origin", "null"),
            ("origin", "http://boxd"),
            ("referer", ""),
            ("sec-fetch-site", "none"),
            ("sec-fetch-mode", "navigate"),
            ("Sec-Fetch-Anything", "x"),
        ] {
            assert_eq!(
                status(Version::HTTP_11, "/v1/token", &[("host", "boxd"), (name, value)]),
                403,
                "{name}"
            );
        }
    }

    #[test]
    fn a_host_is_needed_once_and_must_be_one() {
        assert_eq!(status(Version::HTTP_11, "/v1/token", &[]), 400);
        assert_eq!(status(Version::HTTP_11, "/v1/token", &[("host", "boxd"), ("host", "boxd")]), 400);
        for host in ["boxd/x", "a@b", "a b", "boxd,boxd", "bo\\xd"] {
            assert_eq!(of_host(host), 400, "{host}");
        }
    }
}
