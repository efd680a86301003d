//! The redirect URI of a login: where Box sends the browser, always a loopback address.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use url::{Host, Url};

/// A loopback redirect URI (RFC 8252 section 7.3), with or without a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectUri {
    host: LoopbackHost,
    port: Option<u16>,
    path: String,
}

/// A host that never leaves this machine. Box takes them for different hosts: the app lists one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoopbackHost {
    /// `127.0.0.1`
    V4,
    /// `[::1]`
    V6,
    /// `localhost`, which a browser takes for either.
    Name,
}

/// Why a text is no redirect URI of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRedirectUri {
    /// It cannot be read at all.
    #[error("it is no URL ({0})")]
    NoUrl(#[from] url::ParseError),
    /// Nothing listens for anything but `http` here.
    #[error("it does not begin with `http://`")]
    Scheme,
    /// The code would leave this machine.
    #[error("its host is none of 127.0.0.1, [::1] and localhost")]
    Host,
    /// Port 0 means any port, which is said by leaving it out.
    #[error("port 0 cannot be listened on: leave the port out for any free one")]
    Port,
    /// Box compares these too, but has its own parameters there.
    #[error("it has a user, a query or a fragment")]
    Surplus,
}

impl RedirectUri {
    /// The host.
    pub fn host(&self) -> LoopbackHost {
        self.host
    }

    /// The port, where one is fixed.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The path as a browser requests it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// As the Box app must list it: Box takes a loopback address with any port (Box: guide "OAuth 2.0 setup").
    pub fn registered(&self) -> String {
        format!("http://{}{}", self.host, self.path)
    }

    /// With the port that is listened on.
    pub fn at(&self, port: u16) -> String {
        format!("http://{}{}", self.host.authority(port), self.path)
    }
}

impl Default for RedirectUri {
    /// `http://127.0.0.1/callback`
    fn default() -> Self {
        Self { host: LoopbackHost::V4, port: None, path: "/callback".into() }
    }
}

impl FromStr for RedirectUri {
    type Err = InvalidRedirectUri;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text)?;
        if url.scheme() != "http" {
            return Err(InvalidRedirectUri::Scheme);
        }
        let host = match url.host() {
            Some(Host::Ipv4(Ipv4Addr::LOCALHOST)) => LoopbackHost::V4,
            Some(Host::Ipv6(Ipv6Addr::LOCALHOST)) => LoopbackHost::V6,
            Some(Host::Domain("localhost")) => LoopbackHost::Name,
            _ => return Err(InvalidRedirectUri::Host),
        };
        let surplus = !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some();
        match url.port() {
            Some(0) => Err(InvalidRedirectUri::Port),
            _ if surplus => Err(InvalidRedirectUri::Surplus),
            port => Ok(Self { host, port, path: url.path().to_owned() }),
        }
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => f.write_str(&self.at(port)),
            None => f.write_str(&self.registered()),
        }
    }
}

// === impl LoopbackHost ===

impl LoopbackHost {
    /// `host:port` as browsers write it: without the port where it is that of `http`.
    pub(super) fn authority(self, port: u16) -> String {
        match port {
            80 => self.to_string(),
            port => format!("{self}:{port}"),
        }
    }

    /// The addresses to listen on: the first is needed, the second is taken where the machine has it.
    pub(super) fn addresses(self) -> (IpAddr, Option<IpAddr>) {
        match self {
            Self::V4 => (Ipv4Addr::LOCALHOST.into(), None),
            Self::V6 => (Ipv6Addr::LOCALHOST.into(), None),
            Self::Name => (Ipv4Addr::LOCALHOST.into(), Some(Ipv6Addr::LOCALHOST.into())),
        }
    }
}

impl fmt::Display for LoopbackHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "127.0.0.1",
            Self::V6 => "[::1]",
            Self::Name => "localhost",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_addresses_are_taken() {
        for (text, registered, at) in [
            ("http://127.0.0.1/callback", "http://127.0.0.1/callback", "http://127.0.0.1:7/callback"),
            ("http://localhost:53682/", "http://localhost/", "http://localhost:7/"),
            ("http://LOCALHOST", "http://localhost/", "http://localhost:7/"),
            ("http://[::1]/a%20b", "http://[::1]/a%20b", "http://[::1]:7/a%20b"),
        ] {
            let uri: RedirectUri = text.parse().unwrap();
            assert_eq!((uri.registered().as_str(), uri.at(7).as_str()), (registered, at));
        }
        assert_eq!("http://localhost:53682/".parse::<RedirectUri>().unwrap().port(), Some(53_682));
        assert_eq!(RedirectUri::default().at(80), "http://127.0.0.1/callback");
        for bad in [
            "",
            "callback",
            "https://127.0.0.1/callback",
            "http://127.0.0.2/",
            "http://localhost.example.com/",
            "http://localhost@example.com/",
            "http://me@localhost/",
            "http://localhost/?a=b",
            "http://localhost/#f",
            "http://localhost:0/",
            "http://0.0.0.0/",
        ] {
            assert!(bad.parse::<RedirectUri>().is_err(), "{bad}");
        }
    }
}
