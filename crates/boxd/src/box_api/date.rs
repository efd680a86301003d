//! The moment of an answer, by the clock of whoever sent it.

use std::time::UNIX_EPOCH;

use boxd_engine::WallTime;
use reqwest::header::{DATE, HeaderMap};

/// `Date` (RFC 9110 section 6.6.1), to the second.
pub(crate) fn date(headers: &HeaderMap) -> Option<WallTime> {
    let text = headers.get(DATE)?.to_str().ok()?;
    let since_epoch = httpdate::parse_http_date(text.trim()).ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(WallTime::default().after(since_epoch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_a_point_in_time() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(DATE, text.parse().unwrap());
            date(&headers)
        };
        assert_eq!(of("Sun, 22 Nov 2026 03:04:05 GMT"), Some(WallTime(1_795_316_645_000)));
        assert_eq!(of("Thu, 01 Jan 1970 00:00:00 GMT"), Some(WallTime(0)));
        assert_eq!(of("yesterday"), None);
        assert_eq!(date(&HeaderMap::new()), None);
    }
}
