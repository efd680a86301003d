//! `[audit]`: how the log of tokens handed out is kept.

use super::{
    Config, ConfigError,
    document::{Keys, Value},
};
use crate::audit::Settings;

const AUDIT: Keys = Keys { known: &["enabled", "required", "max_size", "keep"], elsewhere: &[] };

/// A log that is smaller than this is nothing but rotated.
const SMALLEST: u64 = 16 * 1024;
const MOST_KEPT: u64 = 1000;

impl Config {
    /// How the audit log is kept.
    pub fn audit(&self) -> Settings {
        self.audit
    }
}

pub(super) fn settings(value: &Value<'_, '_>) -> Result<Settings, ConfigError> {
    let table = value.table(AUDIT)?;
    let mut settings = Settings::default();
    if let Some(enabled) = table.get("enabled") {
        settings.enabled = enabled.boolean()?;
    }
    if let Some(required) = table.get("required") {
        settings.required = required.boolean()?;
        if settings.required && !settings.enabled {
            return Err(required.invalid("cannot be true where enabled is false"));
        }
    }
    if let Some(size) = table.get("max_size") {
        let bytes = bytes(size.name_or_number()?).filter(|bytes| *bytes >= SMALLEST);
        settings.max_size =
            bytes.ok_or_else(|| size.invalid("expected a size such as \"5M\", at least \"16K\""))?;
    }
    if let Some(keep) = table.get("keep") {
        let files = keep.name_or_number()?.parse().ok().filter(|files| (1..=MOST_KEPT).contains(files));
        let files = files.and_then(|files| u32::try_from(files).ok());
        settings.keep = files.ok_or_else(|| keep.invalid("expected a number of files, from 1 to 1000"))?;
    }
    Ok(settings)
}

/// `500K`, `5M`, `1G`, or a bare number of bytes.
fn bytes(text: &str) -> Option<u64> {
    let split = text.len() - usize::from(text.ends_with(['K', 'M', 'G']));
    let (number, unit) = text.split_at_checked(split)?;
    let each: u64 = match unit {
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        _ => 1,
    };
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse::<u64>().ok().filter(|_| is_number)?.checked_mul(each)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_one_unit() {
        for (text, size) in [("5M", 5 << 20), ("500K", 500 << 10), ("1G", 1 << 30), ("7", 7)] {
            assert_eq!(bytes(text), Some(size), "{text}");
        }
        for bad in ["", "M", "5 M", "-5M", "5MB", "1.5M", "99999999999999999999", "99999999999999G"] {
            assert_eq!(bytes(bad), None, "{bad}");
        }
    }
}
