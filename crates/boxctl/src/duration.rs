//! Durations as people write them.

use std::time::Duration;

/// `90s`, `15m`, `1h`, `2d`; a bare number is seconds.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let seconds = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err("write it as 90s, 15m or 1h; a bare number is seconds".into()),
    };
    let number: u64 = number
        .parse()
        .map_err(|_reason| "write it as 90s, 15m or 1h; a bare number is seconds".to_owned())?;
    number
        .checked_mul(seconds)
        .map(Duration::from_secs)
        .ok_or_else(|| "that is longer than can be counted".into())
}

/// Whole milliseconds as the protocol counts them, saturating.
pub(crate) fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

/// Roughly how long, for people: `41 min`, `3 h 5 min`, `12 days`.
pub(crate) fn roughly(seconds: i64) -> String {
    let seconds = seconds.max(0);
    match (seconds / 86_400, seconds / 3600, seconds / 60) {
        (days, ..) if days >= 2 => format!("{days} days"),
        (_, hours, minutes) if hours >= 1 => match minutes % 60 {
            0 => format!("{hours} h"),
            rest => format!("{hours} h {rest} min"),
        },
        (.., minutes) if minutes >= 2 => format!("{minutes} min"),
        _ => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        assert_eq!(parse("90"), Ok(Duration::from_secs(90)));
        assert_eq!(parse("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse("15m"), Ok(Duration::from_mins(15)));
        assert_eq!(parse("1h"), Ok(Duration::from_hours(1)));
        for bad in ["", "m", "1.5h", "-1", "1w", "99999999999999999999", "1 h"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn tells_roughly() {
        let told: Vec<String> = [-5, 0, 59, 119, 120, 3599, 3600, 3660, 90_000, 172_800].map(roughly).into();
        assert_eq!(
            told,
            ["0 s", "0 s", "59 s", "119 s", "2 min", "59 min", "1 h", "1 h 1 min", "25 h", "2 days"]
        );
    }
}
