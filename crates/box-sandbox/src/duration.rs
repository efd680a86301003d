//! Durations as people write them: `90s`, `15m`, `1h`, `60d`; a bare number is seconds.

/// Whole seconds.
///
/// # Errors
/// A text that shows the accepted forms.
pub fn parse_seconds(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(['s', 'm', 'h', 'd']);
    let unit = match text.get(digits.len()..) {
        Some("" | "s") => 1,
        Some("m") => 60,
        Some("h") => 60 * 60,
        Some("d") => 24 * 60 * 60,
        _ => 0,
    };
    match digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)) {
        Some(seconds) if unit > 0 => Ok(seconds),
        _ => Err("expected a duration such as 90s, 15m, 1h, 60d or a number of seconds".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::parse_seconds;

    #[test]
    fn reads_every_unit() {
        let parsed = ["0", "90s", "15m", "1h", "60d"].map(|text| parse_seconds(text).unwrap());
        assert_eq!(parsed, [0, 90, 900, 3600, 5_184_000]);
    }

    #[test]
    fn refuses_everything_else() {
        for text in ["", "s", "-1", "1.5h", "1w", "1hm", "1 h", "99999999999999999999", "999999999999999999d"]
        {
            assert!(parse_seconds(text).is_err(), "{text:?}");
        }
    }
}
