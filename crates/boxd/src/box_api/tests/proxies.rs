//! Requests through a proxy: what it refuses was not sent.

use super::{
    ProxyEnvironment, api, api_with, endpoint,
    fake::{Act, Authority, Fake, answer},
    not_sent, refresh, refresh_by, reply,
};

const TARGET: &str = "https://box.test/token";

async fn through(proxy: &Fake, target: &str, authority: &Authority) -> boxd_engine::Exchange {
    let proxy = format!("http://user:canary@{}", proxy.address);
    let ca_file = authority.ca_file();
    refresh(&endpoint(&[("token_url", target), ("proxy", &proxy), ("ca_file", ca_file.to_str().unwrap())]))
        .await
}

#[tokio::test]
async fn a_proxy_that_refuses_was_sent_no_request() {
    let authority = Authority::new();
    for status in ["407 Proxy Authentication Required", "403 Forbidden", "502 Bad Gateway"] {
        let proxy = Fake::plain(answer(status, "", "<html>")).await;
        not_sent(through(&proxy, TARGET, &authority).await);
        let requests = proxy.requests();
        assert!(requests[0].starts_with("CONNECT box.test:443 "), "{requests:?}");
        assert_eq!(requests.len(), 1);
    }
}

#[tokio::test]
async fn a_tunnel_that_breaks_before_tls_is_up_carried_nothing() {
    let authority = Authority::new();
    for after in ["", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n<html>a captive portal</html>"] {
        let proxy = Fake::plain(Act::Tunnel(after.as_bytes().to_vec())).await;
        not_sent(through(&proxy, TARGET, &authority).await);
        assert!(!proxy.requests().concat().contains("refresh_token"));
    }
    for act in [Act::Hang, Act::Close] {
        let proxy = Fake::plain(act).await;
        not_sent(through(&proxy, TARGET, &authority).await);
    }
}

#[tokio::test]
async fn a_good_tunnel_carries_the_request_unread() {
    let authority = Authority::new();
    let server = Fake::tls(answer("200 OK", "", "{}"), &authority).await;
    let proxy = Fake::plain(Act::Forward(server.address)).await;
    assert_eq!(reply(through(&proxy, TARGET, &authority).await).status, 200);
    assert_eq!(server.requests().len(), 1);
    // "user:canary" in Base64: the credentials are for the proxy alone.
    assert!(proxy.requests()[0].to_lowercase().contains("proxy-authorization: basic"));
    assert!(!server.requests()[0].to_lowercase().contains("proxy-authorization"));
}

#[tokio::test]
async fn the_environments_proxy_is_used_unless_excepted() {
    let authority = Authority::new();
    let server = Fake::tls(answer("200 OK", "", "{}"), &authority).await;
    let proxy = Fake::plain(Act::Forward(server.address)).await;
    let ca_file = authority.ca_file();
    let endpoint = endpoint(&[("token_url", TARGET), ("ca_file", ca_file.to_str().unwrap())]);
    let environment = |no_proxy: &'static str| {
        let address = proxy.address.to_string();
        ProxyEnvironment::read(move |name| match name {
            "HTTPS_PROXY" => Some(address.clone()),
            "NO_PROXY" => Some(no_proxy.to_owned()),
            _ => None,
        })
    };
    assert_eq!(reply(refresh_by(&api_with(environment("other.test")), &endpoint).await).status, 200);
    assert_eq!(proxy.connections(), 1);
    not_sent(refresh_by(&api_with(environment("other.test,box.test")), &endpoint).await);
    assert_eq!(proxy.connections(), 1);

    let unusable = ProxyEnvironment::read(|name| (name == "https_proxy").then(|| "socks5://canary".into()));
    let reason = not_sent(refresh_by(&api_with(unusable), &endpoint).await);
    assert!(reason.contains("HTTPS_PROXY"), "{reason}");
}

#[tokio::test]
async fn a_loopback_host_is_never_reached_through_a_proxy() {
    let server = Fake::plain(answer("200 OK", "", "{}")).await;
    let proxy = Fake::plain(answer("200 OK", "", "{}")).await;
    let address = format!("http://{}", proxy.address);
    let configured = endpoint(&[("token_url", &server.url()), ("proxy", &address)]);
    assert_eq!(reply(refresh_by(&api(), &configured).await).status, 200);
    let environment = ProxyEnvironment::read(|_| Some(address.clone()));
    let from_environment = endpoint(&[("token_url", &server.url())]);
    assert_eq!(reply(refresh_by(&api_with(environment), &from_environment).await).status, 200);
    assert_eq!((server.connections(), proxy.connections()), (2, 0));
}
