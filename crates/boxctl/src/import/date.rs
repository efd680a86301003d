//! Dates as other tools write them, in seconds since the Unix epoch.

/// An RFC 3339 date, with a fraction and any offset. Go's zero time (of a token "without an end") is no date.
pub(super) fn of_rfc3339(date: &str) -> Option<i64> {
    let date: jiff::Timestamp = date.parse().ok()?;
    Some(date.as_second()).filter(|seconds| *seconds > 0)
}

/// Milliseconds since the epoch; none are no date.
pub(super) fn of_milliseconds(milliseconds: i64) -> Option<i64> {
    Some(milliseconds.div_euclid(1000)).filter(|seconds| *seconds > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_go_have_nanoseconds_and_offsets() {
        assert_eq!(of_rfc3339("2026-11-22T02:34:24.622343297Z"), Some(1_795_314_864));
        assert_eq!(of_rfc3339("2026-11-22T03:34:24.622343297+01:00"), Some(1_795_314_864));
        assert_eq!(of_rfc3339("0001-01-01T00:00:00Z"), None);
        assert_eq!(of_rfc3339("tomorrow"), None);
    }

    #[test]
    fn milliseconds_are_cut() {
        assert_eq!(of_milliseconds(1_795_311_555_637), Some(1_795_311_555));
        assert_eq!(of_milliseconds(0), None);
        assert_eq!(of_milliseconds(i64::MIN), None);
    }
}
