//! Spans of time as people write them.

use std::time::Duration;

/// `90s`, `15m`, `1h`, `2d`, or a bare number of seconds.
pub fn parse(text: &str) -> Option<Duration> {
    let text = text.trim();
    let split = text.len() - usize::from(text.ends_with(['s', 'm', 'h', 'd']));
    let (number, unit) = text.split_at_checked(split)?;
    let seconds_each = match unit {
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => 1,
    };
    let digits_only = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = if digits_only { number.parse().ok()? } else { return None };
    number.checked_mul(seconds_each).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_one_unit() {
        for (text, seconds) in [("90s", 90), ("15m", 900), ("1h", 3600), ("2d", 172_800), ("7", 7), ("0", 0)]
        {
            assert_eq!(parse(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for bad in
            ["", "s", "-1", "+1", "1.5h", "1h30m", "1 h", "5é", "99999999999999999999", "9999999999999999d"]
        {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
