//! Follows Box's redirects to where files really are: never with a token, and only over a safe way.

use boxd_proto::Problem;
use hyper::{HeaderMap, Method, Response, StatusCode, header::LOCATION};
use url::Url;

use super::{
    AnswerBody, Bearers, Call, headers, problems,
    send::{self, Answered, Ready, Stream},
    ways::Ways,
};
use crate::{box_api::BoxUrl, peer::Peer};

/// Most redirects in a row.
const MOST: usize = 5;

/// As [`super::pass`], and where the answer to a GET or HEAD is a redirect, what it leads to. The token is sent to
/// Box's API alone: not to where it redirects, and not back either.
pub(crate) async fn pass_and_follow<B: Stream>(
    source: &impl Bearers,
    ways: &Ways,
    peer: &Peer,
    call: Call<B>,
) -> Result<Response<AnswerBody>, Problem> {
    let method = call.method.clone();
    let headers = headers::of_redirected(&call.headers);
    let mut answered = send::begin(source, ways, peer, call).await?;
    if method != Method::GET && method != Method::HEAD {
        return answered.into_response();
    }
    let mut at = answered.response.url().clone();
    let at_home = is_loopback(&at);
    for _ in 0..MOST {
        let Some(location) = location(answered.response.status(), answered.response.headers()) else {
            return answered.into_response();
        };
        let Some((url, base)) = next(&at, location, at_home) else {
            let what = "Box redirects to an address that is not followed: only https:// is".to_owned();
            return Err(problems::unfit(&answered.account, what));
        };
        let Answered { response, account, endpoint, progress, place } = answered;
        // The connection of an answer that is not read to its end ends with it.
        drop(response);
        let ready = Ready {
            account: &account,
            endpoint: &endpoint,
            base: &base,
            method: method.clone(),
            url: url.clone(),
            headers: headers.clone(),
            body: None,
        };
        let response = send::send_once(ways, ready, &progress).await?;
        at = url;
        answered = Answered { response, account, endpoint, progress, place };
    }
    if location(answered.response.status(), answered.response.headers()).is_some() {
        let what = format!("Box redirects more than {MOST} times");
        return Err(problems::unfit(&answered.account, what));
    }
    answered.into_response()
}

/// Where a redirect leads (RFC 9110 section 15.4).
fn location(status: StatusCode, headers: &HeaderMap) -> Option<&str> {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
        .then(|| headers.get(LOCATION)?.to_str().ok())
        .flatten()
}

/// The address that `location` means, with its origin: `https`, or `http` on this machine. Box cannot lead a call
/// to this machine: only a loopback API, such as a sandbox, can.
fn next(at: &Url, location: &str, at_home: bool) -> Option<(Url, BoxUrl)> {
    let mut url = at.join(location).ok()?;
    url.set_fragment(None);
    if !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let base: BoxUrl = url.origin().ascii_serialization().parse().ok()?;
    (at_home || !base.is_loopback()).then_some((url, base))
}

fn is_loopback(url: &Url) -> bool {
    url.origin().ascii_serialization().parse::<BoxUrl>().is_ok_and(|base| base.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leads(at: &str, location: &str) -> Option<String> {
        let at = Url::parse(at).unwrap();
        next(&at, location, is_loopback(&at)).map(|(url, _)| url.into())
    }

    #[test]
    fn only_a_safe_way_is_followed() {
        let api = "https://api.box.com/2.0/files/1/content";
        assert_eq!(
            leads(api, "https://dl.boxcloud.com/d/1?s=2#x").as_deref(),
            Some("https://dl.boxcloud.com/d/1?s=2")
        );
        assert_eq!(leads(api, "/other").as_deref(), Some("https://api.box.com/other"));
        for location in [
            "http://dl.boxcloud.com/",
            "http://127.0.0.1:8080/",
            "https://127.0.0.1/",
            "https://localhost/",
            "https://[::1]/",
            "https://u:p@dl.boxcloud.com/",
            "ftp://dl.boxcloud.com/",
            "file:///etc/passwd",
            "https://",
        ] {
            assert_eq!(leads(api, location), None, "{location}");
        }
        let sandbox = "http://127.0.0.1:1234/2.0/files/1/content";
        assert!(leads(sandbox, "/d/1").is_some() && leads(sandbox, "http://192.0.2.1/").is_none());
    }

    #[test]
    fn only_redirects_lead_anywhere() {
        let mut headers = HeaderMap::new();
        assert_eq!(location(StatusCode::FOUND, &headers), None);
        headers.insert(LOCATION, "/x".parse().unwrap());
        assert_eq!(location(StatusCode::FOUND, &headers), Some("/x"));
        assert_eq!(location(StatusCode::CREATED, &headers), None);
        assert_eq!(location(StatusCode::NOT_MODIFIED, &headers), None);
    }
}
