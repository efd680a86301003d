//! What comes back from Box, as a request or as a person pasted it.

use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use super::{
    authorize::same,
    redirect::{LoopbackHost, RedirectUri},
};

/// Longest code that is passed on, in bytes. Box's have 32 characters.
const LONGEST_CODE: usize = 2048;
/// Shortest text that is taken for a code that a person copied.
const SHORTEST_PASTED: usize = 12;
/// Longest error text that is shown, in characters.
const LONGEST_ERROR: usize = 300;

/// The authorization response (RFC 6749 section 4.1.2), of the right state.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The person consented.
    Code(Zeroizing<String>),
    /// `access_denied`: the person did not.
    Denied,
    /// Another error.
    Error { error: String, description: Option<String> },
}

/// Why something is no answer to a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Foreign {
    #[error("it does not carry the state of this login: it is of an older or another one")]
    State,
    #[error("it carries neither a code nor an error")]
    Empty,
    #[error("it carries a parameter twice")]
    Twice,
    #[error("its code cannot be one of Box")]
    Code,
    #[error("it is not the redirect URI of this login")]
    Elsewhere,
}

/// Reads the query of a redirect to the listener.
pub(super) fn of_query(query: &str, state: &str) -> Result<Answer, Foreign> {
    let mut found = Parameters::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let place = match &*name {
            "state" => &mut found.state,
            "code" => &mut found.code,
            "error" => &mut found.error,
            "error_description" => &mut found.description,
            _ => continue,
        };
        if place.replace(Zeroizing::new(value.into_owned())).is_some() {
            return Err(Foreign::Twice);
        }
    }
    if !found.state.as_ref().is_some_and(|sent| same(sent, state)) {
        return Err(Foreign::State);
    }
    match (found.error, found.code) {
        (Some(error), _) if error.as_str() == "access_denied" => Ok(Answer::Denied),
        (Some(error), _) => Ok(Answer::Error {
            error: shown(&error),
            description: found.description.map(|description| shown(&description)),
        }),
        (None, Some(code)) => code_of(code),
        (None, None) => Err(Foreign::Empty),
    }
}

/// Reads what a person copied: the address that the browser was sent to, or the code alone.
pub(super) fn of_pasted(pasted: &str, redirect: &RedirectUri, state: &str) -> Result<Answer, Foreign> {
    let pasted = pasted.trim();
    if let Some((_, query)) = pasted.split_once('?') {
        let address = Url::parse(pasted).map_err(|_reason| Foreign::Elsewhere)?;
        // The port is not compared: a tunnel may have moved it, and the state proves more.
        let ours = address.scheme() == "http"
            && address.path() == redirect.path()
            && address.host_str() == Some(host(redirect.host()));
        if !ours {
            return Err(Foreign::Elsewhere);
        }
        return of_query(query.split('#').next().unwrap_or_default(), state);
    }
    if pasted.contains('=') {
        return of_query(pasted, state);
    }
    // A stray line must not be shown to Box and end the login.
    if pasted.len() < SHORTEST_PASTED
        || !pasted
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~'))
    {
        return Err(Foreign::Code);
    }
    code_of(Zeroizing::new(pasted.to_owned()))
}

#[derive(Default)]
struct Parameters {
    state: Option<Zeroizing<String>>,
    code: Option<Zeroizing<String>>,
    error: Option<Zeroizing<String>>,
    description: Option<Zeroizing<String>>,
}

fn host(host: LoopbackHost) -> &'static str {
    match host {
        LoopbackHost::V4 => "127.0.0.1",
        LoopbackHost::V6 => "[::1]",
        LoopbackHost::Name => "localhost",
    }
}

/// `VSCHAR` of RFC 6749 appendix A.11, without the space.
fn code_of(code: Zeroizing<String>) -> Result<Answer, Foreign> {
    let fits = (1..=LONGEST_CODE).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_graphic());
    if fits && !code.contains("://") { Ok(Answer::Code(code)) } else { Err(Foreign::Code) }
}

/// Text of others, short and without control characters.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).take(LONGEST_ERROR).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Answer {
        Answer::Code(Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn queries() {
        let error = |error: &str, description: Option<&str>| {
            Ok(Answer::Error { error: error.into(), description: description.map(str::to_owned) })
        };
        for (query, expected) in [
            ("state=S&code=abc", Ok(code("abc"))),
            ("code=a%2Bc&x=1&state=S", Ok(code("a+c"))),
            ("state=S&error=access_denied&error_description=no", Ok(Answer::Denied)),
            ("state=S&error=access_denied&code=abc", Ok(Answer::Denied)),
            ("state=S&error=server_error&error_description=a%1Bb", error("server_error", Some("a\u{FFFD}b"))),
            ("state=S&error=x", error("x", None)),
            ("", Err(Foreign::State)),
            ("code=abc", Err(Foreign::State)),
            ("state=s&code=abc", Err(Foreign::State)),
            ("state=&code=abc", Err(Foreign::State)),
            ("state=T&error=access_denied", Err(Foreign::State)),
            ("state=S&state=S&code=abc", Err(Foreign::Twice)),
            ("state=S&code=abc&code=abd", Err(Foreign::Twice)),
            ("state=S", Err(Foreign::Empty)),
            ("state=S&code=", Err(Foreign::Code)),
            ("state=S&code=a%20b", Err(Foreign::Code)),
            ("state=S&code=a%0d%0ab", Err(Foreign::Code)),
        ] {
            assert_eq!(of_query(query, "S"), expected, "{query}");
        }
        assert_eq!(of_query(&format!("state=S&code={}", "x".repeat(2049)), "S"), Err(Foreign::Code));
    }

    #[test]
    fn what_people_paste() {
        let redirect = RedirectUri::default();
        for (pasted, expected) in [
            ("  abcdefghijkl\n", Ok(code("abcdefghijkl"))),
            ("abcdefghijk", Err(Foreign::Code)),
            ("http://127.0.0.1:7/callback?state=S&code=abc\n", Ok(code("abc"))),
            ("http://127.0.0.1/callback?code=abc&state=S#", Ok(code("abc"))),
            ("code=abc&state=S", Ok(code("abc"))),
            ("http://127.0.0.1:7/callback?state=T&code=abc", Err(Foreign::State)),
            ("http://127.0.0.1:7/callback?code=abc", Err(Foreign::State)),
            ("http://127.0.0.1:7/other?state=S&code=abc", Err(Foreign::Elsewhere)),
            ("http://example.com/callback?state=S&code=abc", Err(Foreign::Elsewhere)),
            ("https://account.box.com/api/oauth2/authorize?state=S&code=a", Err(Foreign::Elsewhere)),
            ("http://127.0.0.1:7/callback", Err(Foreign::Code)),
            ("code=abc", Err(Foreign::State)),
            ("two words", Err(Foreign::Code)),
            ("", Err(Foreign::Code)),
        ] {
            assert_eq!(of_pasted(pasted, &redirect, "S"), expected, "{pasted}");
        }
    }
}
