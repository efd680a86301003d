//! Where an account's Box is: its URLs, proxy and trust anchor, checked once and then trusted.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use url::{Host, Url};

/// An `https` URL, or an `http` one of a loopback host. It carries no credentials, query or fragment, so
/// it can be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct BoxUrl(Url);

/// The address of an HTTP proxy, possibly with credentials: its `Debug` and `Display` leave them out.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl(Url);

/// Why a value cannot be used as an endpoint setting. It never repeats the value, which may hold a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEndpoint {
    /// No absolute URL.
    #[error("not a URL: {0}")]
    Syntax(String),
    /// Neither `https`, nor `http` of a loopback host.
    #[error("only https:// is accepted (http:// for a loopback host such as 127.0.0.1 or localhost)")]
    Plaintext,
    /// Credentials, a query or a fragment.
    #[error("a URL without user name, password, query and fragment is expected")]
    Surplus,
    /// A proxy that is spoken to in another protocol than HTTP.
    #[error("a proxy URL begins with http:// or https://")]
    ProxyScheme,
    /// No key of `[box]`.
    #[error("no such endpoint setting: {0}")]
    UnknownKey(String),
}

/// The keys of `[box]` and `[accounts.NAME.box]`.
pub const KEYS: [&str; 7] =
    ["authorize_url", "token_url", "revoke_url", "api_url", "upload_url", "ca_file", "proxy"];

/// Endpoint settings as one source gives them: what is absent comes from the next source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointSettings {
    /// Where a person authorizes the application.
    pub authorize_url: Option<BoxUrl>,
    /// Token endpoint (RFC 6749 section 3.2).
    pub token_url: Option<BoxUrl>,
    /// Revocation endpoint (RFC 7009).
    pub revoke_url: Option<BoxUrl>,
    /// Base of the API, without `/2.0`.
    pub api_url: Option<BoxUrl>,
    /// Base of the upload API.
    pub upload_url: Option<BoxUrl>,
    /// A PEM file with certificates that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// The proxy; where absent, the environment's.
    pub proxy: Option<ProxyUrl>,
}

/// Where requests of an account go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Where a person authorizes the application.
    pub authorize_url: BoxUrl,
    /// Token endpoint (RFC 6749 section 3.2).
    pub token_url: BoxUrl,
    /// Revocation endpoint (RFC 7009).
    pub revoke_url: BoxUrl,
    /// Base of the API, without `/2.0`.
    pub api_url: BoxUrl,
    /// Base of the upload API.
    pub upload_url: BoxUrl,
    /// A PEM file with certificates that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// The proxy; where absent, the environment's.
    pub proxy: Option<ProxyUrl>,
}

impl EndpointSettings {
    /// Takes over one key of [`KEYS`]; relative file names are relative to `base`.
    pub fn set(&mut self, key: &str, value: &str, base: &Path) -> Result<(), InvalidEndpoint> {
        match key {
            "authorize_url" => self.authorize_url = Some(value.parse()?),
            "token_url" => self.token_url = Some(value.parse()?),
            "revoke_url" => self.revoke_url = Some(value.parse()?),
            "api_url" => self.api_url = Some(value.parse()?),
            "upload_url" => self.upload_url = Some(value.parse()?),
            "ca_file" => self.ca_file = Some(base.join(value)),
            "proxy" => self.proxy = Some(value.parse()?),
            other => return Err(InvalidEndpoint::UnknownKey(other.to_owned())),
        }
        Ok(())
    }

    /// `self`, and where it says nothing, `lower`.
    #[must_use]
    pub fn over(self, lower: Self) -> Self {
        Self {
            authorize_url: self.authorize_url.or(lower.authorize_url),
            token_url: self.token_url.or(lower.token_url),
            revoke_url: self.revoke_url.or(lower.revoke_url),
            api_url: self.api_url.or(lower.api_url),
            upload_url: self.upload_url.or(lower.upload_url),
            ca_file: self.ca_file.or(lower.ca_file),
            proxy: self.proxy.or(lower.proxy),
        }
    }

    /// The endpoint: Box's own URLs where nothing else was said (Box: API reference, "Authorization").
    pub fn resolve(self) -> Result<Endpoint, InvalidEndpoint> {
        let or = |url: Option<BoxUrl>, default: &str| url.map_or_else(|| default.parse(), Ok);
        Ok(Endpoint {
            authorize_url: or(self.authorize_url, "https://account.box.com/api/oauth2/authorize")?,
            token_url: or(self.token_url, "https://api.box.com/oauth2/token")?,
            revoke_url: or(self.revoke_url, "https://api.box.com/oauth2/revoke")?,
            api_url: or(self.api_url, "https://api.box.com")?,
            upload_url: or(self.upload_url, "https://upload.box.com")?,
            ca_file: self.ca_file,
            proxy: self.proxy,
        })
    }
}

impl Endpoint {
    /// Scheme, host and port of the token endpoint: what a grant is bound to besides its `client_id`.
    pub fn token_origin(&self) -> String {
        self.token_url.origin()
    }
}

impl BoxUrl {
    /// Scheme, host and port in lower case, without the scheme's default port.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// Whether the host is this machine: 127.0.0.0/8, `::1` or `localhost`.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// The URL itself.
    pub fn as_url(&self) -> &Url {
        &self.0
    }

    /// The URL with `path` appended to its own.
    pub(crate) fn below(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}/{path}", self.0.path().trim_end_matches('/')));
        url
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

impl FromStr for BoxUrl {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(|error| InvalidEndpoint::Syntax(error.to_string()))?;
        if !(url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url)) {
            return Err(InvalidEndpoint::Plaintext);
        }
        let bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if bare { Ok(Self(url)) } else { Err(InvalidEndpoint::Surplus) }
    }
}

impl fmt::Display for BoxUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl fmt::Debug for BoxUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl ProxyUrl {
    /// Whether the URL holds a password, which makes it a secret.
    pub fn has_password(&self) -> bool {
        self.0.password().is_some()
    }

    /// The URL with its credentials.
    pub(crate) fn expose(&self) -> &Url {
        &self.0
    }
}

impl FromStr for ProxyUrl {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(|error| InvalidEndpoint::Syntax(error.to_string()))?;
        let fits = matches!(url.scheme(), "http" | "https") && url.has_host();
        if fits { Ok(Self(url)) } else { Err(InvalidEndpoint::ProxyScheme) }
    }
}

impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.origin().ascii_serialization())
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plaintext_is_for_loopback_only() {
        for good in ["https://api.box.com/x", "http://127.9.9.9:1/", "http://[::1]/", "http://LocalHost:80/"]
        {
            assert!(good.parse::<BoxUrl>().is_ok(), "{good}");
        }
        for bad in [
            "http://api.box.com/",
            "http://127.0.0.1.evil.com/",
            "http://localhost.evil/",
            "ftp://127.0.0.1/",
        ] {
            assert_eq!(bad.parse::<BoxUrl>(), Err(InvalidEndpoint::Plaintext), "{bad}");
        }
        for bad in ["https://u@h/", "https://u:p@h/", "https://h/?a", "https://h/#a"] {
            assert_eq!(bad.parse::<BoxUrl>(), Err(InvalidEndpoint::Surplus), "{bad}");
        }
        assert!(matches!("api.box.com".parse::<BoxUrl>(), Err(InvalidEndpoint::Syntax(_))));
    }

    #[test]
    fn origins_are_compared_in_one_spelling() {
        let origin = |text: &str| text.parse::<BoxUrl>().unwrap().origin();
        assert_eq!(origin("HTTPS://API.Box.com:443/oauth2/token"), "https://api.box.com");
        assert_eq!(origin("https://api.box.com:8443/"), "https://api.box.com:8443");
        assert_eq!(origin("http://[::1]:80/"), "http://[::1]");
    }

    #[test]
    fn boxs_own_urls_are_the_default_and_nearer_settings_win() {
        let endpoint = EndpointSettings::default().resolve().unwrap();
        assert_eq!(endpoint.token_url.to_string(), "https://api.box.com/oauth2/token");
        assert_eq!(endpoint.api_url.below("2.0/users/me").as_str(), "https://api.box.com/2.0/users/me");

        let mut near = EndpointSettings::default();
        near.set("token_url", "https://near/t", Path::new("/etc")).unwrap();
        near.set("ca_file", "ca.pem", Path::new("/etc/boxd")).unwrap();
        let mut far = EndpointSettings::default();
        far.set("token_url", "https://far/t", Path::new("/")).unwrap();
        far.set("revoke_url", "https://far/r", Path::new("/")).unwrap();
        let endpoint = near.over(far).resolve().unwrap();
        assert_eq!(endpoint.token_origin(), "https://near");
        assert_eq!(endpoint.revoke_url.origin(), "https://far");
        assert_eq!(endpoint.ca_file.unwrap(), Path::new("/etc/boxd/ca.pem"));
    }

    #[test]
    fn a_proxys_password_is_not_printed() {
        let proxy: ProxyUrl = "http://user:hunter2@proxy:3128".parse().unwrap();
        assert!(proxy.has_password());
        assert_eq!(format!("{proxy} {proxy:?}"), "http://proxy:3128 http://proxy:3128");
        assert_eq!("socks5://proxy".parse::<ProxyUrl>(), Err(InvalidEndpoint::ProxyScheme));
    }
}
