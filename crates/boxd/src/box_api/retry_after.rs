//! The wait that an answer asks for.

use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// `Retry-After` as a number of seconds, or as a date less the answer's own `Date` (RFC 9110 section
/// 10.2.3): the server's clock on both sides, so ours need not be right.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let wish = text(RETRY_AFTER)?;
    if let Ok(seconds) = wish.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let then = httpdate::parse_http_date(wish).ok()?;
    let present = httpdate::parse_http_date(text(DATE)?).ok()?;
    Some(then.duration_since(present).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(wish: &str, date: Option<&str>) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, wish.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        retry_after(&headers)
    }

    #[test]
    fn seconds_and_dates_are_understood() {
        let date = Some("Sun, 22 Nov 2026 03:04:05 GMT");
        assert_eq!(of("7", None), Some(Duration::from_secs(7)));
        assert_eq!(of("Sun, 22 Nov 2026 03:04:35 GMT", date), Some(Duration::from_secs(30)));
        assert_eq!(of("Sun, 22 Nov 2026 03:00:00 GMT", date), Some(Duration::ZERO));
        assert_eq!(of("Sun, 22 Nov 2026 03:04:35 GMT", None), None);
        assert_eq!(of("soon", date), None);
        assert_eq!(of("-1", date), None);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
