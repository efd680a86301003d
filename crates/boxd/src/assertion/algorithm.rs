//! The signature algorithms that Box takes.

use std::{fmt, str::FromStr};

use ring::signature::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaEncoding};

/// RSASSA-PKCS1-v1_5 with a SHA-2 hash (RFC 7518 section 3.3; Box: guide "JWT without SDKs").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// With SHA-256: what Box's SDKs use.
    #[default]
    RS256,
    /// With SHA-384.
    RS384,
    /// With SHA-512: what Box's guide uses.
    RS512,
}

/// A name that is none of the algorithms.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown signature algorithm {0:?}: Box takes RS256, RS384 and RS512")]
pub struct UnknownAlgorithm(String);

impl Algorithm {
    /// The name in a JWT header (`alg`).
    pub fn name(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
        }
    }

    pub(super) fn encoding(self) -> &'static dyn RsaEncoding {
        match self {
            Self::RS256 => &RSA_PKCS1_SHA256,
            Self::RS384 => &RSA_PKCS1_SHA384,
            Self::RS512 => &RSA_PKCS1_SHA512,
        }
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [Self::RS256, Self::RS384, Self::RS512]
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .ok_or_else(|| UnknownAlgorithm(name.chars().take(40).collect()))
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
