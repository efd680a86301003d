//! The name of an account, checked once and then trusted.

use std::{fmt, str::FromStr, sync::Arc};

/// 1 to 64 of `a-z 0-9 . _ -`, beginning with a letter or digit, not ending in a dot, and no name that
/// Windows keeps for devices: fit for a file name anywhere. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountName(Arc<str>);

/// Why a text is no account name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` is no account name: use 1 to 64 of a-z 0-9 . _ -, beginning with a letter or digit, \
     not ending in a dot, and not a Windows device name",
    .0.escape_debug()
)]
pub struct InvalidAccountName(String);

/// Names that Windows gives to devices, with or without an extension.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
const NUMBERED_DEVICES: [&str; 2] = ["com", "lpt"];

impl AccountName {
    /// The name that `login` and `import` create where there is no account yet.
    pub fn default_name() -> Self {
        Self("default".into())
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountName {
    type Err = InvalidAccountName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(allowed)
            && text.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
            && !text.ends_with('.')
            && !is_device(text);
        if fits { Ok(Self(text.into())) } else { Err(InvalidAccountName(text.chars().take(80).collect())) }
    }
}

fn is_device(text: &str) -> bool {
    let stem = text.split('.').next().unwrap_or_default();
    let numbered =
        |prefix: &str| stem.strip_prefix(prefix).is_some_and(|rest| matches!(rest.as_bytes(), [b'0'..=b'9']));
    DEVICES.contains(&stem) || NUMBERED_DEVICES.into_iter().any(numbered)
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_fit_for_files_everywhere() {
        for good in ["work", "a", "0", "a.b-c_d", "com", "com10", "console", &"x".repeat(64)] {
            assert!(good.parse::<AccountName>().is_ok(), "{good}");
        }
        for bad in
            ["", ".x", "-x", "_x", "x.", "Work", "a/b", "a b", "con", "com1", "lpt9.txt", "aux.b", "é", "a\n"]
        {
            assert!(bad.parse::<AccountName>().is_err(), "{bad}");
        }
        assert!("x".repeat(65).parse::<AccountName>().is_err());
    }
}
