//! Where a call goes: a path that cannot leave the part of Box's API that is passed through, however it is read.

use std::borrow::Cow;

use url::Url;

use crate::box_api::{BoxUrl, Endpoint};

/// Longest path with its query, in bytes.
const LONGEST: usize = 8 * 1024;

/// Which of an account's hosts a call goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// `api_url`.
    Api,
    /// `upload_url`.
    Upload,
}

/// A path and query below the prefix of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    host: Host,
    path: String,
    query: Option<String>,
}

/// Why a path is not passed on. It is not repeated: its query may hold a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    /// Not below the prefix of its host.
    #[error("the path must begin with {}", .0.prefix())]
    Prefix(Host),
    /// Longer than anything at Box.
    #[error("the path is longer than {LONGEST} bytes")]
    Long,
    /// A character, raw or percent-encoded, that could be read as something else.
    #[error(
        "the path holds a character that does not belong in one (RFC 3986 section 3.3): percent-encode it, \
         but slashes, backslashes, percent signs and control characters not even so"
    )]
    Character,
    /// `//`.
    #[error("the path holds an empty segment (`//`)")]
    Empty,
    /// `.` or `..`.
    #[error("the path holds a dot segment")]
    Dots,
    /// `oauth2` right below the prefix.
    #[error("the OAuth endpoints are boxd's own")]
    OAuth,
}

impl Host {
    /// What every path on it begins with (Box: API reference).
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Api => "/2.0/",
            Self::Upload => "/api/2.0/",
        }
    }

    /// Its base URL.
    pub(crate) fn base(self, endpoint: &Endpoint) -> &BoxUrl {
        match self {
            Self::Api => &endpoint.api_url,
            Self::Upload => &endpoint.upload_url,
        }
    }
}

impl Target {
    /// Checks a path with its query, as they stand in a request line.
    ///
    /// Servers differ in how often they decode a path and when they resolve its dots: so nothing passes that any
    /// of them could read as another path.
    ///
    /// # Errors
    /// Which rule it breaks.
    pub fn parse(host: Host, text: &str) -> Result<Self, BadTarget> {
        if text.len() > LONGEST {
            return Err(BadTarget::Long);
        }
        let (path, query) = match text.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (text, None),
        };
        let rest = path.strip_prefix(host.prefix()).ok_or(BadTarget::Prefix(host))?;
        let last = rest.split('/').count().saturating_sub(1);
        for (index, segment) in rest.split('/').enumerate() {
            let decoded = decode(segment)?;
            // Some servers cut parameters off before they resolve dots (`..;x`).
            let name = decoded.split(';').next().unwrap_or_default();
            if name.is_empty() && index < last {
                return Err(BadTarget::Empty);
            }
            if matches!(name, "." | "..") {
                return Err(BadTarget::Dots);
            }
            if index == 0 && name.eq_ignore_ascii_case("oauth2") {
                return Err(BadTarget::OAuth);
            }
        }
        // A fragment is not sent, so it would hide what follows it.
        if !query.unwrap_or_default().bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#') {
            return Err(BadTarget::Character);
        }
        Ok(Self { host, path: path.to_owned(), query: query.map(str::to_owned) })
    }

    /// Which host it is on.
    pub fn host(&self) -> Host {
        self.host
    }

    /// The path alone, which can be logged.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole address; `None` where it does not come out as the path that was checked.
    pub(crate) fn url(&self, base: &BoxUrl) -> Option<Url> {
        let mut url = base.below(self.path.trim_start_matches('/'));
        let expected = format!("{}{}", base.as_url().path().trim_end_matches('/'), self.path);
        let unchanged = url.path() == expected && url.origin() == base.as_url().origin();
        url.set_query(self.query.as_deref());
        unchanged.then_some(url)
    }
}

/// A segment without percent-encoding; refuses what could be a separator, or an encoding once more.
fn decode(segment: &str) -> Result<Cow<'_, str>, BadTarget> {
    if !segment.bytes().all(|byte| is_of_segment(byte) || byte == b'%') {
        return Err(BadTarget::Character);
    }
    if !segment.contains('%') {
        return Ok(Cow::Borrowed(segment));
    }
    let mut bytes = Vec::with_capacity(segment.len());
    let mut parts = segment.split('%');
    bytes.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).ok_or(BadTarget::Character)?;
        // Signs are digits to from_str_radix.
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(BadTarget::Character);
        }
        let byte = u8::from_str_radix(digits, 16).map_err(|_not_hex| BadTarget::Character)?;
        if byte.is_ascii_control() || matches!(byte, b'/' | b'\\' | b'%') {
            return Err(BadTarget::Character);
        }
        bytes.push(byte);
        bytes.extend_from_slice(rest.as_bytes());
    }
    // What is no UTF-8 could be an overlong form of a dot or slash.
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_not_utf8| BadTarget::Character)
}

/// `pchar` of RFC 3986 section 3.3, but for percent-encoding.
fn is_of_segment(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b':'
                | b'@'
        )
}
