//! No path that is let through can leave its prefix, whoever reads it.

use proptest::prelude::*;
use url::Url;

use super::super::target::{BadTarget, Host, Target};
use crate::box_api::BoxUrl;

fn refused(path: &str) -> BadTarget {
    Target::parse(Host::Api, path).unwrap_err()
}

fn base(url: &str) -> BoxUrl {
    url.parse().unwrap()
}

/// The address as it is sent.
fn sent(host: Host, path: &str) -> String {
    let base = base(if host == Host::Api { "https://api.box.com" } else { "https://upload.box.com" });
    Target::parse(host, path).unwrap().url(&base).unwrap().into()
}

#[test]
fn paths_of_the_api_pass_as_they_are() {
    assert_eq!(sent(Host::Api, "/2.0/users/me"), "https://api.box.com/2.0/users/me");
    assert_eq!(
        sent(Host::Api, "/2.0/search?query=a%20b&fields=id,name&x=%2Foauth2%2F..//"),
        "https://api.box.com/2.0/search?query=a%20b&fields=id,name&x=%2Foauth2%2F..//"
    );
    assert_eq!(
        sent(Host::Api, "/2.0/files/1/metadata/global/a.b%20c"),
        "https://api.box.com/2.0/files/1/metadata/global/a.b%20c"
    );
    assert_eq!(sent(Host::Api, "/2.0/x/"), "https://api.box.com/2.0/x/");
    assert_eq!(
        sent(Host::Api, "/2.0/metadata_templates/enterprise/oauth2"),
        "https://api.box.com/2.0/metadata_templates/enterprise/oauth2"
    );
    assert_eq!(sent(Host::Api, "/2.0/a?"), "https://api.box.com/2.0/a?");
    assert_eq!(sent(Host::Upload, "/api/2.0/files/content"), "https://upload.box.com/api/2.0/files/content");
    let inside = base("https://proxy.example/box/");
    let target = Target::parse(Host::Api, "/2.0/a/b?c").unwrap();
    assert_eq!(target.url(&inside).unwrap().as_str(), "https://proxy.example/box/2.0/a/b?c");
}

#[test]
fn only_what_is_below_the_prefix_passes() {
    for path in [
        "",
        "/",
        "2.0/users/me",
        "/2.0",
        "/2.1/users",
        "/oauth2/token",
        "/oauth2/revoke",
        "/api/oauth2/authorize",
        "//api.box.com/2.0/users/me",
        "https://api.box.com/2.0/users/me",
        "@evil.example/2.0/",
        ".evil.example/2.0/",
        "/%32.0/users/me",
        "/2%2e0/users/me",
        "/api/2.0/files/content",
        "\\2.0\\users",
        "/./2.0/users",
        "?/2.0/",
    ] {
        assert_eq!(refused(path), BadTarget::Prefix(Host::Api), "{path}");
    }
    assert_eq!(Target::parse(Host::Upload, "/2.0/users/me"), Err(BadTarget::Prefix(Host::Upload)));
    assert_eq!(Target::parse(Host::Upload, "/api/oauth2/authorize"), Err(BadTarget::Prefix(Host::Upload)));
}

#[test]
fn dots_do_not_pass_in_any_disguise() {
    for path in [
        "/2.0/..",
        "/2.0/../oauth2/token",
        "/2.0/./x",
        "/2.0/a/../../oauth2/token",
        "/2.0/%2e%2e/oauth2/token",
        "/2.0/%2E./oauth2/token",
        "/2.0/.%2e",
        "/2.0/..;/oauth2/token",
        "/2.0/..;x=y/oauth2",
        "/2.0/%2e%2e%3b/x",
        "/2.0/x/.",
    ] {
        assert_eq!(refused(path), BadTarget::Dots, "{path}");
    }
}

#[test]
fn separators_do_not_pass_in_any_disguise() {
    for path in [
        "/2.0/..%2foauth2/token",
        "/2.0/a%2Fb",
        "/2.0/a%5cb",
        "/2.0/a\\b",
        "/2.0/%252e%252e/oauth2",
        "/2.0/a%00b",
        "/2.0/a%0d%0ab",
        "/2.0/a%7f",
        "/2.0/a b",
        "/2.0/a\tb",
        "/2.0/a\r\nHost: x",
        "/2.0/a#b",
        "/2.0/%",
        "/2.0/%2",
        "/2.0/%zz",
        "/2.0/%+1",
        "/2.0/%c0%ae%c0%ae/oauth2",
        "/2.0/%c0%af",
        "/2.0/ä",
        "/2.0/{a}",
        "/2.0/a|b",
        "/2.0/a?b c",
        "/2.0/a?b#c",
        "/2.0/a?\u{0}",
        "/2.0/a?b\r\nx",
        "/2.0/a?ä",
    ] {
        assert_eq!(refused(path), BadTarget::Character, "{path}");
    }
    for path in ["/2.0//x", "/2.0/a//b", "/2.0//", "/2.0/;/x", "/2.0//oauth2/token"] {
        assert_eq!(refused(path), BadTarget::Empty, "{path}");
    }
    for path in ["/2.0/oauth2/token", "/2.0/OAuth2/token", "/2.0/oauth%32/revoke", "/2.0/oauth2;x/token"] {
        assert_eq!(refused(path), BadTarget::OAuth, "{path}");
    }
    assert_eq!(refused(&format!("/2.0/{}", "a".repeat(9000))), BadTarget::Long);
}

/// Text that is likely to be dangerous.
fn path() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "/",
        ".",
        "..",
        "%2e",
        "%2E",
        "%2f",
        "%5c",
        "\\",
        ";",
        "%3b",
        "%25",
        "%00",
        "a",
        "oauth2",
        "%c0%ae",
        "?",
        "#",
        "@",
        ":",
        "//",
        "2.0",
        "api",
        "%e3%80%82",
        "%ef%bc%8e",
        "\u{ff0e}",
        "\t",
        "\n",
        " ",
        "%",
        "token",
    ]);
    let prefix = prop::sample::select(vec!["/2.0/", "/api/2.0/", "/2.0", "", "//", "/2.0/../", "/2.0\\"]);
    let noise = prop_oneof![piece.prop_map(str::to_owned), "\\PC{0,3}"];
    (prefix, prop::collection::vec(noise, 0..8)).prop_map(|(prefix, rest)| prefix.to_owned() + &rest.concat())
}

/// Percent-decoding once, as careless servers do.
fn decoded(path: &str) -> String {
    let mut bytes = path.bytes();
    let mut plain = Vec::new();
    while let Some(byte) = bytes.next() {
        let code = (byte == b'%').then(|| {
            let digits = [bytes.next().unwrap_or(b'x'), bytes.next().unwrap_or(b'x')];
            u8::from_str_radix(std::str::from_utf8(&digits).unwrap_or("x"), 16).unwrap_or(b'?')
        });
        plain.push(code.unwrap_or(byte));
    }
    String::from_utf8_lossy(&plain).into_owned()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]
    #[test]
    fn what_passes_stays_below_its_prefix(text in path(), upload: bool) {
        let host = if upload { Host::Upload } else { Host::Api };
        if let Ok(target) = Target::parse(host, &text) {
            let base = base("https://box.example");
            let sent = target.url(&base).expect("what passes is sent");
            prop_assert_eq!(sent.host_str(), Some("box.example"));
            prop_assert!(sent.path().starts_with(host.prefix()), "{}", sent);
            prop_assert!(sent.username().is_empty() && sent.port().is_none() && sent.fragment().is_none());
            // As it is; decoded, and normalised again; with parameters cut off.
            let path = text.split('?').next().unwrap();
            let once = decoded(path);
            let cut: String = once.split('/').map(|part| part.split(';').next().unwrap()).collect::<Vec<_>>().join("/");
            for reading in [path, &once, &decoded(&once), &cut] {
                let url = Url::parse(&format!("https://box.example{}", reading.replace('?', "%3F").replace('#', "%23"))).unwrap();
                prop_assert_eq!(url.host_str(), Some("box.example"));
                prop_assert!(url.path().starts_with(host.prefix()), "{} reads as {}", text, url);
                let rest = url.path()[host.prefix().len()..].to_ascii_lowercase();
                prop_assert!(!rest.starts_with("oauth2/") && rest != "oauth2", "{} reads as {}", text, url);
            }
        }
    }
}
