//! What is on the wire for each grant: exactly these fields, once.

use boxd_engine::{AccessToken, ClientSecret, Exchange};

use super::{
    super::Target,
    SECRET, api, endpoint,
    fake::{Act, Fake, answer, form_of},
    lost, not_sent, reply,
};
use crate::{
    assertion::{Algorithm, Claims, SigningKey, Subject},
    box_api::Endpoint,
};

const PARENT: &str = "parent&canary";

/// Each grant of this module, by a name of its own.
const GRANTS: [&str; 6] = ["code", "enterprise", "user", "assertion", "resource", "shared link"];

async fn ask(grant: &str, endpoint: &Endpoint) -> Exchange {
    let (api, secret, parent) = (api(), ClientSecret::new(SECRET), AccessToken::new(PARENT));
    let enterprise = Subject::Enterprise("12345".to_owned());
    let user = Subject::User("678".to_owned());
    let scopes = ["item_download".to_owned(), "item_preview".to_owned()];
    let exchange = match grant {
        "code" => {
            let redirect = "http://127.0.0.1:53682/callback";
            api.authorization_code(endpoint, "id", &secret, "code+canary", redirect, "verifier~canary").await
        }
        "enterprise" => api.client_credentials(endpoint, "id", &secret, &enterprise).await,
        "user" => api.client_credentials(endpoint, "id", &secret, &user).await,
        "assertion" => {
            let claims = Claims::at(boxd_engine::WallTime(0), "id", &user, [1; 32]);
            let assertion = key().assertion(&claims, "kid", Algorithm::RS256).unwrap();
            api.jwt_bearer(endpoint, "id", &secret, &assertion).await
        }
        "resource" => {
            let file = Target::Resource("https://api.box.com/2.0/files/1".to_owned());
            api.token_exchange(endpoint, &parent, &scopes, Some(&file)).await
        }
        "shared link" => {
            let link = Target::SharedLink("https://app.box.com/s/x?y=1&z".to_owned());
            api.token_exchange(endpoint, &parent, &scopes[..1], Some(&link)).await
        }
        _ => api.token_exchange(endpoint, &parent, &scopes, None).await,
    };
    let text = format!("{exchange:?}");
    assert!(!text.contains("canary"), "a secret in {text}");
    exchange
}

pub(super) fn key() -> SigningKey {
    SigningKey::open(include_str!("../../assertion/tests/keys/pkcs8.pem"), None).unwrap()
}

/// The fields of the one request that a grant sends.
async fn fields(grant: &str) -> Vec<(String, String)> {
    let server = Fake::plain(answer("200 OK", "", "{}")).await;
    assert_eq!(reply(ask(grant, &endpoint(&[("token_url", &server.url())])).await).status, 200);
    let requests = server.requests();
    let [request] = requests.as_slice() else { panic!("{} requests", requests.len()) };
    let head = request.to_lowercase();
    assert!(head.starts_with("post /token http/1.1\r\n") && !head.contains("authorization:"), "{head}");
    form_of(request)
}

#[track_caller]
fn assert_fields(fields: &[(String, String)], expected: &[(&str, &str)]) {
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(fields, expected);
}

#[tokio::test]
async fn a_code_goes_with_its_redirect_uri_and_verifier() {
    let expected = [
        ("grant_type", "authorization_code"),
        ("code", "code+canary"),
        ("client_id", "id"),
        ("client_secret", SECRET),
        ("redirect_uri", "http://127.0.0.1:53682/callback"),
        ("code_verifier", "verifier~canary"),
    ];
    assert_fields(&fields("code").await, &expected);
}

#[tokio::test]
async fn client_credentials_name_their_subject() {
    for (grant, id) in [("enterprise", "12345"), ("user", "678")] {
        let expected = [
            ("grant_type", "client_credentials"),
            ("client_id", "id"),
            ("client_secret", SECRET),
            ("box_subject_type", grant),
            ("box_subject_id", id),
        ];
        assert_fields(&fields(grant).await, &expected);
    }
}

#[tokio::test]
async fn an_assertion_goes_with_the_credentials() {
    let fields = fields("assertion").await;
    let assertion = fields[1].1.clone();
    assert_eq!(assertion.split('.').count(), 3, "{assertion}");
    let expected = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("assertion", assertion.as_str()),
        ("client_id", "id"),
        ("client_secret", SECRET),
    ];
    assert_fields(&fields, &expected);
}

#[tokio::test]
async fn a_token_exchange_needs_no_credentials() {
    let common = |scope: &'static str| {
        [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", PARENT),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("scope", scope),
        ]
    };
    let both = common("item_download item_preview");
    assert_fields(&fields("no target").await, &both);
    let resource = ("resource", "https://api.box.com/2.0/files/1");
    assert_fields(&fields("resource").await, &[&both[..], &[resource]].concat());
    let link = ("box_shared_link", "https://app.box.com/s/x?y=1&z");
    assert_fields(&fields("shared link").await, &[&common("item_download")[..], &[link]].concat());
}

#[tokio::test]
async fn no_grant_is_sent_twice_and_what_was_lost_is_told_from_what_was_not_sent() {
    for grant in GRANTS {
        for act in [Act::Close, Act::Answer(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_vec())] {
            let server = Fake::plain(act).await;
            lost(ask(grant, &endpoint(&[("token_url", &server.url())])).await);
            assert_eq!(server.connections(), 1, "{grant}");
        }
        let server = Fake::plain(answer("503 Down", "retry-after: 1\r\n", "")).await;
        assert_eq!(reply(ask(grant, &endpoint(&[("token_url", &server.url())])).await).status, 503);
        assert_eq!(server.requests().len(), 1, "{grant}");
    }
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for grant in GRANTS {
        not_sent(ask(grant, &endpoint(&[("token_url", &format!("http://{free}/"))])).await);
    }
}
