//! What is asked of Box: method, path and headers.

use boxd_client::{ApiHeader, Secret};

use crate::failure::Failure;

/// The path as Box has it: what every path begins with may be left out.
pub(super) fn path(upload: bool, given: &str) -> Result<String, Failure> {
    if given.contains("://") {
        return Err(Failure::usage(
            "boxctl api takes a path, not a whole address",
            "leave the host out: /2.0/users/me; for Box's upload host add --upload",
        ));
    }
    let bare = given.strip_prefix('/').unwrap_or(given);
    Ok(match upload {
        true if bare.starts_with("api/2.0/") => format!("/{bare}"),
        true if bare.starts_with("2.0/") => format!("/api/{bare}"),
        true => format!("/api/2.0/{bare}"),
        false if bare.starts_with("2.0/") => format!("/{bare}"),
        false => format!("/2.0/{bare}"),
    })
}

/// The methods that boxd passes through.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// What is asked for, in capitals.
pub(super) fn method(given: Option<&str>, has_body: bool) -> Result<String, Failure> {
    let Some(given) = given else {
        return Ok(if has_body { "POST" } else { "GET" }.to_owned());
    };
    let method = given.to_ascii_uppercase();
    if METHODS.contains(&method.as_str()) {
        return Ok(method);
    }
    let methods = METHODS.join(", ");
    Err(Failure::usage(format!("{given} is no method of Box's API"), format!("-X takes one of {methods}")))
}

/// The headers that were given.
pub(super) fn headers(given: &[String]) -> Result<Vec<ApiHeader>, Failure> {
    given.iter().map(|line| header(line)).collect()
}

fn header(line: &str) -> Result<ApiHeader, Failure> {
    // The value may be a secret, so it is not repeated.
    let Some((name, value)) = line.split_once(':') else {
        return Err(Failure::usage("-H takes NAME: VALUE", "for example -H 'If-Match: 1'"));
    };
    let name = name.trim();
    if name.eq_ignore_ascii_case("authorization") {
        return Err(Failure::usage(
            "boxd puts the token in by itself",
            "leave -H Authorization out; -a NAME chooses the account",
        ));
    }
    Ok(ApiHeader { name: name.to_owned(), value: Secret::new(value.trim()) })
}

/// Says what the body is, unless it was said: JSON, which nearly every call to Box takes, or bytes.
pub(super) fn name_type(headers: &mut Vec<ApiHeader>, is_json: bool) {
    if headers.iter().any(|header| header.name.eq_ignore_ascii_case("content-type")) {
        return;
    }
    let value = if is_json { "application/json" } else { "application/octet-stream" };
    headers.push(ApiHeader { name: "Content-Type".to_owned(), value: Secret::new(value) });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_may_leave_out_what_all_paths_begin_with() {
        for given in ["/2.0/users/me", "2.0/users/me", "users/me", "/users/me"] {
            assert_eq!(path(false, given).unwrap(), "/2.0/users/me", "{given}");
        }
        for given in ["/api/2.0/files/content", "2.0/files/content", "files/content"] {
            assert_eq!(path(true, given).unwrap(), "/api/2.0/files/content", "{given}");
        }
        // For the daemon to refuse.
        assert_eq!(path(false, "../oauth2/token").unwrap(), "/2.0/../oauth2/token");
        assert!(path(false, "https://api.box.com/2.0/users/me").is_err());
    }

    #[test]
    fn a_body_makes_it_a_post() {
        assert_eq!(method(None, false).unwrap(), "GET");
        assert_eq!(method(None, true).unwrap(), "POST");
        assert_eq!(method(Some("put"), true).unwrap(), "PUT");
        for unknown in ["FOO", "TRACE", "CONNECT", ""] {
            assert!(method(Some(unknown), false).is_err(), "{unknown}");
        }
    }

    #[test]
    fn headers_are_name_and_value_and_never_a_token() {
        let parsed = headers(&["If-Match: 1".into(), "X:a:b".into()]).unwrap();
        assert_eq!((parsed[0].name.as_str(), parsed[0].value.expose()), ("If-Match", "1"));
        assert_eq!((parsed[1].name.as_str(), parsed[1].value.expose()), ("X", "a:b"));
        assert!(headers(&["canary".into()]).is_err());
        assert!(headers(&["authorization : Bearer canary".into()]).is_err());
    }

    #[test]
    fn the_type_is_named_unless_it_was() {
        let mut named = headers(&["content-type: text/plain".into()]).unwrap();
        name_type(&mut named, true);
        assert_eq!(named.len(), 1);
        let mut unnamed = Vec::new();
        name_type(&mut unnamed, true);
        assert_eq!(unnamed[0].value.expose(), "application/json");
    }
}
