//! What is not certain about Box, as switches: how refresh tokens, old access tokens and lifetimes behave.

use serde::{Deserialize, Serialize};

use super::mint::Mint;

/// The two switches together make four moods.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Mood {
    /// What a second use of a refresh token gives.
    pub replay: Replay,
    /// When the old access token dies.
    pub old_token: OldToken,
}

/// What a second use of a refresh token gives.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Replay {
    /// The same new pair again, until that pair is first used (Box staff in box/box-node-sdk#157 and
    /// box/box-typescript-sdk-gen#34).
    #[default]
    Window,
    /// Nothing: a used refresh token is dead at once (Box's documentation, taken literally).
    Strict,
}

/// When the old access token dies.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OldToken {
    /// When the new one is first used (box/box-node-sdk#157).
    #[default]
    FirstUse,
    /// With the refresh.
    AtOnce,
}

/// How long new tokens live, in seconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Lifetimes {
    /// `None`: 3600 to 4200, as Box's vary.
    pub access: Option<u64>,
    /// Counted from each refresh.
    pub refresh: u64,
    /// Of authorization codes.
    pub code: u64,
}

impl Lifetimes {
    /// 60 days (Box: guides/authentication/tokens/refresh).
    pub const REFRESH: u64 = 60 * 24 * 60 * 60;
    /// 30 seconds (Box: guides/api-calls/permissions-and-errors/expiration).
    pub const CODE: u64 = 30;

    pub(super) fn next_access(&self, mint: &mut Mint) -> u64 {
        self.access.unwrap_or_else(|| mint.between(3600, 4200))
    }
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self { access: None, refresh: Self::REFRESH, code: Self::CODE }
    }
}
