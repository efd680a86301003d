//! Redirect URIs: which can be registered, and which of those a request may name (Box: guides/authentication/oauth2).

use url::{Host, Url};

/// A URI for the list of an app: `https`, or `http` on the machine of the user.
pub(super) fn register(uri: &str) -> Result<Url, String> {
    let parsed = Url::parse(uri).map_err(|error| format!("redirect URI {uri}: {error}"))?;
    if parsed.fragment().is_some() {
        return Err(format!("redirect URI {uri}: a fragment is not allowed"));
    }
    match parsed.scheme() {
        "https" => Ok(parsed),
        "http" if is_loopback(&parsed) => Ok(parsed),
        _ => Err(format!("redirect URI {uri}: only https, or http on a loopback host")),
    }
}

/// Scheme, host, path and query have to be those of a registered one; the port too, except on loopback hosts.
pub(super) fn matches(registered: &Url, asked: &Url) -> bool {
    let same_port = registered.port_or_known_default() == asked.port_or_known_default();
    registered.scheme() == asked.scheme()
        && registered.host() == asked.host()
        && (same_port || is_loopback(registered))
        && registered.path() == asked.path()
        && registered.query() == asked.query()
        && asked.fragment().is_none()
        && asked.username() == registered.username()
        && asked.password() == registered.password()
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{matches, register};

    fn fits(registered: &str, asked: &str) -> bool {
        matches(&register(registered).unwrap(), &asked.parse().unwrap())
    }

    #[test]
    fn only_the_port_of_a_loopback_host_is_free() {
        let registered = "http://127.0.0.1/callback";
        for asked in ["http://127.0.0.1/callback", "http://127.0.0.1:8080/callback"] {
            assert!(fits(registered, asked), "{asked}");
        }
        for asked in [
            "http://localhost/callback",
            "http://[::1]/callback",
            "https://127.0.0.1/callback",
            "http://127.0.0.1/Callback",
            "http://127.0.0.1/callback/",
            "http://127.0.0.1/callback?a=1",
            "http://127.0.0.1/callback#a",
            "http://user@127.0.0.1/callback",
            "http://127.0.0.1.example.com/callback",
        ] {
            assert!(!fits(registered, asked), "{asked}");
        }
        assert!(fits("http://[::1]/callback", "http://[::1]:3000/callback"));
        assert!(fits("https://example.com/a?b=c", "https://example.com:443/a?b=c"));
        assert!(!fits("https://example.com/a", "https://example.com:8443/a"));
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        for uri in ["http://example.com/callback", "app://callback", "nonsense", "https://example.com/#a"] {
            assert!(register(uri).is_err(), "{uri}");
        }
    }
}
