//! Check `box`: whether the daemon reaches Box, one finding for each place.

use boxd_client::Reached;

use super::{finding::Finding, scene::Scene};

const NAME: &str = "box";

pub(super) fn check(scene: &Scene) -> Vec<Finding> {
    match scene.answering().map(|answering| &answering.ways) {
        None => vec![Finding::skipped(NAME, "it is the daemon that talks to Box, and none answers")],
        Some(Err(error)) => vec![Finding::skipped(NAME, format!("the daemon does not try it: {error}"))],
        Some(Ok(ways)) => ways.iter().map(judge).collect(),
    }
}

fn judge(way: &Reached) -> Finding {
    let what = format!("{} ({})", way.origin, way.purposes.join(", "));
    let through = way.proxy.as_ref().map(|proxy| format!(" through the proxy {proxy}")).unwrap_or_default();
    let at = way.address.as_ref().map(|address| format!(" at {address}")).unwrap_or_default();
    let Some(reason) = &way.error else {
        let tls = way.tls.as_ref().map(|tls| format!(", {tls}")).unwrap_or_default();
        let status = way.status.map(|status| format!(", HTTP {status}")).unwrap_or_default();
        return Finding::ok(
            NAME,
            format!("{what} answers{at}{through}{tls}{status}, in {} ms", way.took_millis),
        );
    };
    let host = way.origin.rsplit('/').next().unwrap_or_default();
    Finding::fail(NAME, format!("{what} cannot be reached{at}{through}: {reason}"), remedy(way, host, reason))
}

fn remedy(way: &Reached, host: &str, reason: &str) -> String {
    let reason = reason.to_ascii_lowercase();
    if reason.contains("ca_file") || reason.contains("certificate file") {
        return "correct `ca_file` in the config, then: boxctl reload".into();
    }
    if reason.contains("certificate") {
        return "a proxy that opens TLS needs its certificate named: [box] ca_file = \"FILE\" in the config, then: \
                boxctl reload; also check this machine's clock"
            .into();
    }
    if way.proxy.is_some() {
        return format!(
            "check the proxy: curl -v --proxy PROXY https://{host}/; its place is [box] proxy in the config"
        );
    }
    if reason.contains("dns") || reason.contains("lookup") {
        return format!("check the name service: getent hosts {host}");
    }
    format!("check the network and its firewall: curl -v {}/", way.origin)
}

#[cfg(test)]
mod tests {
    use super::{super::finding::State, *};

    fn way(error: Option<&str>) -> Reached {
        Reached {
            origin: "https://api.box.com".into(),
            purposes: vec!["token_url".into(), "api_url".into()],
            address: Some("192.0.2.1:443".into()),
            tls: Some("TLS 1.3".into()),
            status: error.is_none().then_some(404),
            took_millis: 80,
            error: error.map(str::to_owned),
            ..Reached::default()
        }
    }

    #[test]
    fn any_answer_will_do() {
        let found = judge(&way(None));
        assert_eq!(found.state, State::Ok);
        assert_eq!(
            found.evidence,
            "https://api.box.com (token_url, api_url) answers at 192.0.2.1:443, TLS 1.3, HTTP 404, in 80 ms"
        );
    }

    #[test]
    fn the_remedy_fits_the_reason() {
        let remedy = |reason: &str| judge(&way(Some(reason))).remedy.unwrap();
        assert!(remedy("invalid peer certificate: UnknownIssuer").contains("ca_file = "));
        assert!(remedy("dns error: no such host").contains("getent hosts api.box.com"));
        assert!(remedy("connection refused").contains("curl -v https://api.box.com/"));
        let proxied = Reached { proxy: Some("http://p:3128".into()), ..way(Some("unsuccessful tunnel")) };
        let found = judge(&proxied);
        assert!(found.evidence.contains("through the proxy http://p:3128"));
        assert!(found.remedy.unwrap().contains("[box] proxy"));
    }
}
