//! What a client wants of a token, out of a query or a JSON body.

use std::time::Duration;

use boxd_proto::{Rejected, Request, ScopedTokenRequest, TokenRequest};
use serde_json::{Number, Value};

use super::{
    payload::Members,
    query::{Query, bad},
    refusal::Refusal,
};
use crate::config::duration;

/// How durations are written.
const DURATIONS: &str = "write it as 90s, 15m or 1h; a bare number is seconds";

/// A wish: the account's own token, unless it has a scope, target or user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wish(ScopedTokenRequest);

// === impl Wish ===

impl Wish {
    pub(super) fn of_query(query: &Query) -> Result<Self, Refusal> {
        let text = |name| query.get(name).map(str::to_owned);
        Self(ScopedTokenRequest {
            token: TokenRequest {
                account: text("account"),
                min_ttl_seconds: min_ttl_seconds(query.get("min_ttl"))?,
                rejected: Rejected::No,
                wait_millis: wait_millis(query.get("wait"))?,
            },
            user: text("user"),
            scope: text("scope").into_iter().collect(),
            resource: text("resource"),
            shared_link: text("shared_link"),
        })
        .checked()
    }

    pub(super) fn of_members(Members(members): Members) -> Result<Self, Refusal> {
        let mut wish = ScopedTokenRequest::default();
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in members {
            if seen.contains(&name) {
                return Err(bad(&shown(&name), "is there more than once", "give it once"));
            }
            match name.as_str() {
                "account" => wish.token.account = text(&name, value)?,
                "min_ttl" => wish.token.min_ttl_seconds = min_ttl_seconds(span(&name, value)?.as_deref())?,
                "wait" => wish.token.wait_millis = wait_millis(span(&name, value)?.as_deref())?,
                "scope" => wish.scope = texts(&name, value)?,
                "resource" => wish.resource = text(&name, value)?,
                "shared_link" => wish.shared_link = text(&name, value)?,
                "user" => wish.user = text(&name, value)?,
                "rejected" => wish.token.rejected = generation(&name, &value)?,
                _ => {
                    return Err(bad(
                        &shown(&name),
                        "is no member of this request",
                        "the members are: account, min_ttl, wait, scope, resource, shared_link, user, rejected",
                    ));
                }
            }
            seen.push(name);
        }
        Self(wish).checked()
    }

    /// A scope that names nothing must not give more than was asked for.
    fn checked(self) -> Result<Self, Refusal> {
        let names_nothing = |scope: &String| scope.split(' ').all(str::is_empty);
        if self.0.scope.iter().any(names_nothing) {
            return Err(bad("scope", "names no scope", "leave it out, or name one, such as item_download"));
        }
        Ok(self)
    }

    /// The request for such a token.
    pub(super) fn request(self) -> Request {
        let Self(wish) = self;
        let is_plain = wish.scope.is_empty()
            && wish.user.is_none()
            && wish.resource.is_none()
            && wish.shared_link.is_none();
        if is_plain { Request::Token(wish.token) } else { Request::ScopedToken(Box::new(wish)) }
    }

    /// The question whether there is one already.
    pub(super) fn probe(self) -> Request {
        Request::HasToken(Box::new(self.0))
    }
}

/// A wait, as the protocol counts it.
pub(super) fn wait_millis(text: Option<&str>) -> Result<Option<u32>, Refusal> {
    let wait = parse("wait", text)?;
    Ok(wait.map(|wait| u32::try_from(wait.as_millis()).unwrap_or(u32::MAX)))
}

fn min_ttl_seconds(text: Option<&str>) -> Result<u32, Refusal> {
    let min_ttl = parse("min_ttl", text)?.unwrap_or_default();
    Ok(u32::try_from(min_ttl.as_secs()).unwrap_or(u32::MAX))
}

fn parse(name: &str, text: Option<&str>) -> Result<Option<Duration>, Refusal> {
    match text.map(duration::parse) {
        None => Ok(None),
        Some(Some(duration)) => Ok(Some(duration)),
        Some(None) => Err(bad(name, "is no duration", DURATIONS)),
    }
}

/// A text; null is as good as nothing.
fn text(name: &str, value: Value) -> Result<Option<String>, Refusal> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.is_empty() => {
            Err(bad(name, "is empty", "leave it out, or give it a value"))
        }
        Value::String(text) => Ok(Some(text)),
        _ => Err(bad(name, "is no string", "send a string")),
    }
}

/// Scopes: a list, or one string with spaces as in OAuth (RFC 6749 section 3.3).
fn texts(name: &str, value: Value) -> Result<Vec<String>, Refusal> {
    match value {
        Value::Array(items) if items.is_empty() => {
            Err(bad(name, "is empty", "leave it out, or name a scope"))
        }
        Value::Array(items) => items.into_iter().map(|item| one_of_list(name, item)).collect(),
        value => Ok(text(name, value)?.into_iter().collect()),
    }
}

/// One scope.
fn one_of_list(name: &str, item: Value) -> Result<String, Refusal> {
    match text(name, item)? {
        Some(scope) if !scope.contains(' ') => Ok(scope),
        _ => Err(bad(name, "holds what is not one scope", "send a list with one scope in each string")),
    }
}

/// A duration as text, or seconds as a number.
fn span(name: &str, value: Value) -> Result<Option<String>, Refusal> {
    match value {
        Value::Number(number) => match whole(&number) {
            Some(seconds) => Ok(Some(seconds.to_string())),
            None => Err(bad(name, "is no whole number of seconds", DURATIONS)),
        },
        Value::Null | Value::String(_) => text(name, value),
        _ => Err(bad(name, "is no duration", DURATIONS)),
    }
}

fn generation(name: &str, value: &Value) -> Result<Rejected, Refusal> {
    match value {
        Value::Null => Ok(Rejected::No),
        value => value.as_number().and_then(whole).map(Rejected::Generation).ok_or_else(|| {
            bad(name, "is no generation", "send the number that came as `generation` with the refused token")
        }),
    }
}

/// A whole number, also as those write it who know no other than floating ones: `17.0`.
fn whole(number: &Number) -> Option<u64> {
    let of_float = || {
        let float = number.as_f64().filter(|float| float.fract() == 0.0 && *float >= 0.0)?;
        format!("{float:.0}").parse().ok()
    };
    number.as_u64().or_else(of_float)
}

/// A name that a stranger chose, fit for a message.
fn shown(name: &str) -> String {
    name.chars().take(64).collect::<String>().escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_json(json: &str) -> Option<Request> {
        Wish::of_members(serde_json::from_str(json).unwrap()).ok().map(Wish::request)
    }

    #[test]
    fn a_plain_wish_is_for_the_accounts_own_token() {
        let plain = TokenRequest {
            account: Some("work".into()),
            min_ttl_seconds: 900,
            rejected: Rejected::Generation(17),
            wait_millis: Some(5000),
        };
        let json = r#"{"account":"work","min_ttl":"15m","wait":5,"rejected":17,"scope":null}"#;
        assert_eq!(of_json(json), Some(Request::Token(plain.clone())));
        let json = r#"{"account":"work","min_ttl":900.0,"wait":"5s","rejected":1.7e1,"user":null}"#;
        assert_eq!(of_json(json), Some(Request::Token(plain)));
        assert_eq!(of_json("{}"), Some(Request::Token(TokenRequest::default())));
    }

    #[test]
    fn anything_narrower_is_for_a_derived_one() {
        for json in [
            r#"{"scope":"a b"}"#,
            r#"{"scope":["a"]}"#,
            r#"{"resource":"file:1"}"#,
            r#"{"shared_link":"https://a"}"#,
            r#"{"user":"1"}"#,
        ] {
            assert!(matches!(of_json(json), Some(Request::ScopedToken(_))), "{json}");
        }
    }

    #[test]
    fn what_says_nothing_is_refused_rather_than_widened() {
        for json in [
            r#"{"scope":""}"#,
            r#"{"scope":" "}"#,
            r#"{"scope":[]}"#,
            r#"{"scope":[null]}"#,
            r#"{"scope":["a"," "]}"#,
            r#"{"scope":["a b"]}"#,
            r#"{"user":""}"#,
            r#"{"user":7}"#,
            r#"{"resource":""}"#,
            r#"{"min_ttl":-1}"#,
            r#"{"min_ttl":1.5}"#,
            r#"{"wait":"soon"}"#,
            r#"{"rejected":"17"}"#,
            r#"{"rejected":-1}"#,
            r#"{"rejected":1e300}"#,
            r#"{"rejected":17.5}"#,
            r#"{"rejected":17,"rejected":18}"#,
            r#"{"acount":"work"}"#,
        ] {
            assert_eq!(of_json(json), None, "{json}");
        }
    }
}
