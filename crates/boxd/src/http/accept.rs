//! Which of the media types on offer a client takes (RFC 9110 section 12.5.1).

use hyper::{
    HeaderMap, StatusCode,
    header::{self, HeaderValue},
};

use super::refusal::Refusal;

/// Weights are counted in thousandths.
const FULL: u16 = 1000;

/// The best of `offers` by the client's wish; where it wishes them alike, the first.
pub(super) fn choose(
    headers: &HeaderMap<HeaderValue>,
    offers: &'static [&'static str],
) -> Result<&'static str, Refusal> {
    let mut ranges = Vec::new();
    for value in headers.get_all(header::ACCEPT) {
        let text = value.to_str().unwrap_or_default();
        ranges.extend(text.split(',').filter_map(range));
    }
    let is_without_wish = ranges.is_empty();
    let mut best: Option<(u16, &'static str)> = None;
    for offer in offers {
        let weight = if is_without_wish { FULL } else { weight(&ranges, offer) };
        if weight > best.map_or(0, |(weight, _)| weight) {
            best = Some((weight, offer));
        }
    }
    best.map(|(_, offer)| offer).ok_or_else(|| not_acceptable(offers))
}

/// A media range, in lower case and without parameters, and its weight.
fn range(text: &str) -> Option<(String, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let range = parts.next().filter(|range| !range.is_empty())?.to_ascii_lowercase();
    let weight = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| thousandths(value.trim()))
    });
    Some((range, weight.unwrap_or(FULL)))
}

/// `qvalue` of RFC 9110 section 12.4.2; what is none counts in full.
fn thousandths(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    match whole {
        "0" if is_number => format!("{fraction:0<3}").parse().unwrap_or(FULL),
        _ => FULL,
    }
}

/// The weight of the most specific range that fits.
fn weight(ranges: &[(String, u16)], offer: &str) -> u16 {
    // Without the parameters that an offer has (`charset`, `version`).
    let offer = offer.split(';').next().unwrap_or(offer).trim();
    let main = offer.split('/').next().unwrap_or_default();
    let exact = |range: &str| range == offer;
    let of_main = |range: &str| range.strip_suffix("/*") == Some(main);
    let any = |range: &str| range == "*/*";
    let of = |fits: &dyn Fn(&str) -> bool| {
        ranges.iter().filter(|(range, _)| fits(range)).map(|(_, weight)| *weight).max()
    };
    of(&exact).or_else(|| of(&of_main)).or_else(|| of(&any)).unwrap_or(0)
}

fn not_acceptable(offers: &[&str]) -> Refusal {
    let detail = "none of the media types of this route is one that Accept admits";
    Refusal::bad_request(detail, format!("accept one of: {}", offers.join(", ")))
        .status(StatusCode::NOT_ACCEPTABLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFERS: &[&str] = &["application/json", "text/plain; charset=utf-8"];

    fn chosen(accept: &[&str]) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(header::ACCEPT, HeaderValue::from_str(value).unwrap());
        }
        choose(&headers, OFFERS).ok()
    }

    #[test]
    fn the_first_offer_is_for_whoever_does_not_mind() {
        for accept in [&[][..], &["*/*"], &[""], &["application/*"], &["text/html, */*;q=0.1"]] {
            assert_eq!(chosen(accept), Some("application/json"), "{accept:?}");
        }
    }

    #[test]
    fn the_clients_weights_decide() {
        for accept in [
            "text/plain",
            "TEXT/PLAIN",
            "text/*",
            "text/plain;charset=utf-8",
            "application/json;q=0.5, text/plain;q=0.501",
            "application/json;q=0, */*",
            "*/*;q=0.1,text/plain;q=0.2",
        ] {
            assert_eq!(chosen(&[accept]), Some("text/plain; charset=utf-8"), "{accept}");
        }
        assert_eq!(chosen(&["text/plain;q=0.2", "application/json;q=0.3"]), Some("application/json"));
    }

    #[test]
    fn what_admits_nothing_is_refused() {
        for accept in ["text/html", "image/*", "*/*;q=0", "*/*;q=0.000", "text/plain;q=0", "nonsense"] {
            assert_eq!(chosen(&[accept]), None, "{accept}");
        }
    }
}
