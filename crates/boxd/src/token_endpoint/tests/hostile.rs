//! Requests that are wrong, and those of others than the program.

use super::*;
use crate::token_endpoint::{OpenError, listener::MOST_CONNECTIONS};

#[tokio::test(start_paused = true)]
async fn who_does_not_know_the_secrets_gets_nothing_but_a_reason() {
    let endpoint = Account::new().open(None);
    let told = endpoint.told();
    let (id, secret, refresh) = (&told.client_id, told.client_secret.expose(), told.refresh_token.expose());
    let short = format!("grant_type=refresh_token&refresh_token={refresh}");
    let whole = form(told);
    for (headers, body, expected) in [
        (String::new(), whole.replace(secret, "guess"), (401, "invalid_client")),
        (String::new(), whole.replace(id, "guess"), (401, "invalid_client")),
        (String::new(), short.clone(), (401, "invalid_client")),
        (String::new(), String::new(), (401, "invalid_client")),
        (basic(id, "guess"), short.clone(), (401, "invalid_client")),
        ("Authorization: Basic \u{7f}!\r\n".replace('\u{7f}', "~"), short.clone(), (401, "invalid_client")),
        (format!("Authorization: Bearer {secret}\r\n"), short.clone(), (401, "invalid_client")),
        (basic(id, secret), whole.replace(secret, "guess"), (400, "invalid_request")),
        (String::new(), whole.replace(refresh, "guess"), (400, "invalid_grant")),
        (
            String::new(),
            whole.replace("=refresh_token", "=client_credentials"),
            (400, "unsupported_grant_type"),
        ),
        (String::new(), whole.replace("=refresh_token", "="), (400, "invalid_request")),
        (basic(id, secret), "grant_type=refresh_token".into(), (400, "invalid_request")),
        (String::new(), format!("{whole}&refresh_token=x"), (400, "invalid_request")),
        (String::new(), format!("{whole}&x={}", "x".repeat(8192)), (413, "invalid_request")),
    ] {
        let answer = post(told, &headers, &body).await;
        assert_eq!(answer.error(), expected, "{headers}{body}");
        let text = answer.body.to_string();
        assert!(!text.contains(secret) && !text.contains(refresh) && !text.contains("access-1"), "{text}");
        let challenged = answer.head.contains("www-authenticate: basic");
        assert_eq!(challenged, expected.0 == 401 && headers.starts_with("Auth"), "{headers}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_a_program_on_this_machine_that_means_us_is_answered() {
    let endpoint = Account::new().open(None);
    let told = endpoint.told();
    let (host, body) = (host(told), form(told));
    let port = host.rsplit(':').next().unwrap();
    let request = |line: &str, headers: &str| {
        let length = body.len();
        format!(
            "{line} HTTP/1.1\r\n{headers}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: \
             {length}\r\n\r\n{body}"
        )
    };
    let ours = format!("Host: {host}\r\n");
    let (post, absolute) = ("POST /oauth2/token", format!("POST http://{host}/oauth2/token"));
    for (line, headers, status) in [
        (post, ours.clone(), 200),
        (post, format!("Host: evil.example:{port}\r\n"), 421),
        (post, format!("Host: localhost:{port}\r\n"), 421),
        (post, "Host: 127.0.0.1\r\n".into(), 421),
        (post, String::new(), 421),
        (post, format!("{ours}{ours}"), 421),
        (&absolute, ours.clone(), 421),
        (post, format!("{ours}Origin: http://{host}\r\n"), 403),
        (post, format!("{ours}Origin: null\r\n"), 403),
        (post, format!("{ours}Sec-Fetch-Site: none\r\n"), 403),
        (post, format!("{ours}Referer: http://{host}/\r\n"), 403),
        ("GET /oauth2/token", ours.clone(), 405),
        ("POST /oauth2/token/", ours.clone(), 404),
        ("POST /", ours.clone(), 404),
    ] {
        let answer = exchange(told, &request(line, &headers)).await;
        assert_eq!(answer.status, status, "{line} {headers}");
    }
    let json = request(post, &ours).replace("x-www-form-urlencoded", "json");
    assert_eq!(exchange(told, &json).await.error(), (400, "invalid_request"));
}

#[tokio::test(start_paused = true)]
async fn those_who_say_nothing_keep_nobody_out() {
    let endpoint = Account::new().open(None);
    let told = endpoint.told();
    let mut silent = Vec::new();
    for _ in 0..MOST_CONNECTIONS * 2 {
        silent.push(TcpStream::connect(host(told)).await.unwrap());
    }
    assert_eq!(post(told, "", &form(told)).await.access(), "access-1");
    // Each is closed in the end, with or without a word.
    for mut stream in silent {
        let mut rest = Vec::new();
        drop(stream.read_to_end(&mut rest).await);
    }
}

#[tokio::test(start_paused = true)]
async fn those_who_say_nothing_end_no_renewal_of_the_program() {
    let account = Account::new();
    let endpoint = account.open(None);
    let told = endpoint.told();
    account.0.is_slow.store(true, Ordering::Relaxed);
    let crowd = async {
        let mut silent = Vec::new();
        for _ in 0..MOST_CONNECTIONS * 3 {
            silent.push(TcpStream::connect(host(told)).await.unwrap());
        }
        silent
    };
    let asked = form(told);
    let (answer, _silent) = tokio::join!(post(told, "", &asked), crowd);
    assert_eq!(answer.access(), "access-1");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let endpoint = Account::new().open(None);
    let told = endpoint.told();
    let head = format!(
        "POST /oauth2/token HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: 100\r\n\r\ngrant_type",
        host(told)
    );
    assert_eq!(exchange(told, &head).await.error(), (408, "invalid_request"));
}

#[tokio::test(start_paused = true)]
async fn only_what_was_an_endpoint_is_opened_again() {
    let account = Account::new();
    let endpoint = account.open(None);
    let told = endpoint.told().clone();
    drop(endpoint);
    let foreign = [
        TokenEndpoint { url: "http://0.0.0.0:50000/oauth2/token".into(), ..told.clone() },
        TokenEndpoint { url: "http://127.0.0.1:80/oauth2/token".into(), ..told.clone() },
        TokenEndpoint { url: "http://127.0.0.1:50000/".into(), ..told.clone() },
        TokenEndpoint { client_secret: Secret::new("boxd-local-short"), ..told.clone() },
        TokenEndpoint { refresh_token: Secret::new(""), ..told.clone() },
        TokenEndpoint { client_id: "x".repeat(told.client_id.len()), ..told.clone() },
    ];
    for foreign in foreign {
        let opened = OpenEndpoint::open(account.clone(), None, Some(&foreign));
        assert!(matches!(opened, Err(OpenError::Foreign)), "{foreign:?}");
    }
}
