//! HTTP on the same connections: framing, negotiation, deadlines and clients that misbehave.

use std::time::Duration;

use tokio::time::Instant;

use super::*;

/// The whole of what a server answers to `sent` until it closes; the last request asks it to.
async fn exchange(rig: &Rig, sent: &str) -> String {
    let (mut client, task) = rig.connect();
    // A server that has heard enough may close before all of it is sent.
    drop(client.write_all(sent.as_bytes()).await);
    let answered = read_rest(&mut client).await;
    task.await.unwrap();
    String::from_utf8(answered).unwrap()
}

fn request(line: &str, headers: &str, body: &str) -> String {
    format!(
        "{line} HTTP/1.1\r\nHost: boxd\r\nContent-Length: {}\r\n{headers}Connection: close\r\n\r\n{body}",
        body.len()
    )
}

async fn status(rig: &Rig, line: &str, headers: &str, body: &str) -> u16 {
    let answer = exchange(rig, &request(line, headers, body)).await;
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

/// Reads up to the end of one answer with a `Content-Length`.
async fn read_answer(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut answer = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&answer).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.unwrap().parse().unwrap() {
                return text;
            }
        }
        answer.push(stream.read_u8().await.unwrap());
    }
}

/// Whether the document has this status for the operation, where it has that operation.
fn is_documented(document: &serde_json::Value, line: &str, status: u16) -> bool {
    let (method, target) = line.split_once(' ').unwrap();
    let path = target.split('?').next().unwrap();
    let path = match path.strip_prefix("/v1/accounts/") {
        Some(rest) if rest.ends_with("/refresh") => "/v1/accounts/{name}/refresh",
        Some(_) => "/v1/accounts/{name}",
        None => path,
    };
    let operation = &document["paths"][path][method.to_lowercase()];
    operation.is_null() || !operation["responses"][status.to_string()].is_null()
}

const JSON: &str = "Content-Type: application/json\r\n";

#[tokio::test(start_paused = true)]
async fn a_connection_serves_many_requests_and_waits_for_ever_between_them() {
    let rig = Rig::new(Fake::default());
    let (mut client, task) = rig.connect();
    for _ in 0..3 {
        client.write_all(b"GET /v1/token HTTP/1.1\r\nHost: boxd\r\n\r\n").await.unwrap();
        let answer = read_answer(&mut client).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("\"generation\":7"), "{answer}");
        assert!(answer.contains("cache-control: no-store\r\n"), "{answer}");
        tokio::time::sleep(Duration::from_hours(1)).await;
    }
    assert_eq!(rig.server.counters.served.get(), 3);
    drop(client);
    task.await.unwrap();
    assert_eq!(rig.server.counters.faults.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn pipelined_requests_are_answered_in_order() {
    let rig = Rig::new(Fake::default());
    let accounts = ["a", "b", "c", "d"];
    let begun = accounts.map(|name| format!("GET /v1/token?account={name} HTTP/1.1\r\nHost: boxd\r\n\r\n"));
    let sent = begun.concat() + &request("GET /v1/token?account=last", "", "");
    let answer = exchange(&rig, &sent).await;
    let order: Vec<&str> = answer.split("\"account\":\"").skip(1).map(|rest| &rest[..1]).collect();
    assert_eq!(order, ["a", "b", "c", "d", "l"]);
}

#[tokio::test(start_paused = true)]
async fn a_request_is_read_however_it_is_cut() {
    let rig = Rig::new(Fake::default());
    let chunked = "POST /v1/token HTTP/1.1\r\nHost: boxd\r\nTransfer-Encoding: chunked\r\n\
                   Content-Type: application/json\r\nConnection: close\r\n\r\n\
                   5\r\n{\"acc\r\nd\r\nount\":\"work\"}\r\n0\r\n\r\n";
    for at in 1..chunked.len() {
        let (mut client, task) = rig.connect();
        client.write_all(&chunked.as_bytes()[..at]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
        client.write_all(&chunked.as_bytes()[at..]).await.unwrap();
        let answer = read_rest(&mut client).await;
        assert!(answer.starts_with(b"HTTP/1.1 200 OK"), "at {at}: {}", String::from_utf8_lossy(&answer));
        task.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn reasons_to_refuse_have_statuses_of_their_own() {
    let rig = Rig::new(Fake::default());
    let long = "x".repeat(70_000);
    let cases = [
        (200, "GET /v1/token?account=work&min_ttl=15m&wait=0", "", ""),
        (200, "POST /v1/token", JSON, "{}"),
        (400, "GET /v1/token?acount=work", "", ""),
        (400, "GET /v1/token?wait=soon", "", ""),
        (400, "POST /v1/token", JSON, "{\"acount\":1}"),
        (400, "POST /v1/token", JSON, "[]"),
        (400, "POST /v1/token", JSON, "{"),
        (400, "GET /v1/accounts/%ff", "", ""),
        (403, "GET /v1/token", "Origin: null\r\n", ""),
        (403, "GET /nothing", "Sec-Fetch-Mode: cors\r\n", ""),
        (404, "GET /", "", ""),
        (404, "GET /v1/token/", "", ""),
        (400, "DELETE /v1/api/2.0/../oauth2/token", "", ""),
        (403, "DELETE /v1/api/2.0/files/1", "", ""),
        (405, "TRACE /v1/api/2.0/files/1", "", ""),
        (405, "DELETE /v1/token", "", ""),
        (405, "PUT /v1/status", "", ""),
        (405, "TRACE /healthz", "", ""),
        (405, "GET /v1/accounts/work/refresh", "", ""),
        (406, "GET /v1/token", "Accept: text/html\r\n", ""),
        (413, "POST /v1/token", JSON, &long),
        (415, "POST /v1/token", "", "{}"),
        (415, "POST /v1/token", "Content-Type: application/x-www-form-urlencoded\r\n", "account=work"),
    ];
    let document = exchange(&rig, &request("GET /openapi.json", "", "")).await;
    let document: serde_json::Value =
        serde_json::from_str(document.split_once("\r\n\r\n").unwrap().1).unwrap();
    for (expected, line, headers, body) in cases {
        assert_eq!(status(&rig, line, headers, body).await, expected, "{line} {headers}");
        assert!(
            is_documented(&document, line, expected),
            "{line} may answer {expected}, but does not say so"
        );
    }
    assert_eq!(rig.server.counters.active.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_a_problem_that_nobody_may_keep() {
    let rig = Rig::new(Fake::default());
    let answer = exchange(&rig, &request("PATCH /v1/token", "", "")).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    for header in
        ["content-type: application/problem+json", "cache-control: no-store", "allow: GET, HEAD, POST"]
    {
        assert!(head.lines().any(|line| line == header), "{header}: {head}");
    }
    let problem: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!((&problem["code"], &problem["status"]), (&"method_not_allowed".into(), &405.into()));
}

#[tokio::test(start_paused = true)]
async fn bare_tokens_are_for_who_accepts_text() {
    let rig = Rig::new(Fake::default());
    let answer = exchange(&rig, &request("GET /v1/token", "Accept: text/plain\r\n", "")).await;
    assert!(answer.ends_with(&format!("\r\n\r\n{}\n", "T".repeat(32))), "{answer}");
    assert!(answer.contains("content-type: text/plain; charset=utf-8\r\n"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn head_has_no_body() {
    let rig = Rig::new(Fake::default());
    for line in ["HEAD /v1/token", "HEAD /openapi.json"] {
        let answer = exchange(&rig, &request(line, "", "")).await;
        assert!(
            answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\n"),
            "{line}: {answer}"
        );
    }
    assert_eq!(status(&rig, "HEAD /v1/nothing", "", "").await, 404);
}

#[tokio::test(start_paused = true)]
async fn heads_have_a_bound() {
    let rig = Rig::new(Fake::default());
    let large = format!("X-Large: {}\r\n", "x".repeat(20_000));
    assert_eq!(status(&rig, "GET /v1/token", &large, "").await, 431);
    let many = "X: x\r\n".repeat(200);
    assert_eq!(status(&rig, "GET /v1/token", &many, "").await, 431);
    let line = format!("GET /v1/token?account={}", "x".repeat(70_000));
    assert!(matches!(status(&rig, &line, "", "").await, 414 | 431));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_http_gets_400_and_ends() {
    let rig = Rig::new(Fake::default());
    for bad in [
        "GET /v1/token HTTP/1.1\r\nHost: boxd\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "POST /v1/token HTTP/1.1\r\nHost: boxd\r\nContent-Length: -1\r\n\r\n",
        "GET /v1/token HTTP/3.0\r\nHost: boxd\r\n\r\n",
        "GET /v1/token\r\n\r\n",
        "GET  /v1/token HTTP/1.1\r\nHost: boxd\r\n\r\n",
        "GET /v1/token HTTP/1.1\r\nHost : boxd\r\n\r\n",
        "GET /v1/token HTTP/1.1\r\nHost: boxd\r\n folded: x\r\n\r\n",
        "GET /v1/tok\u{e9}n\u{0} HTTP/1.1\r\nHost: boxd\r\n\r\n",
        "GET /v1/token HTTP/1.1\r\nConnection: close\r\n\r\n",
        "GET /v1/token HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
    ] {
        let answer = exchange(&rig, bad).await;
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{bad:?}: {answer}");
    }
    assert_eq!(rig.server.counters.active.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_slow_head_ends_after_the_deadline_however_it_trickles() {
    let rig = Rig::new(Fake::default());
    let (mut client, task) = rig.connect();
    let begun = Instant::now();
    for byte in request("GET /v1/token", "", "").bytes() {
        if client.write_all(&[byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    task.await.unwrap();
    assert!(begun.elapsed() <= Duration::from_secs(12), "{:?}", begun.elapsed());
    assert_eq!(rig.server.counters.faults.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_slow_head_after_a_request_ends_too() {
    let rig = Rig::new(Fake::default());
    let (mut client, task) = rig.connect();
    client.write_all(b"GET /v1/token HTTP/1.1\r\nHost: boxd\r\n\r\n").await.unwrap();
    read_answer(&mut client).await;
    tokio::time::sleep(Duration::from_mins(5)).await;
    let begun = Instant::now();
    client.write_all(b"GET /v1/tok").await.unwrap();
    task.await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_is_answered_with_408() {
    let rig = Rig::new(Fake::default());
    let (mut client, task) = rig.connect();
    let head = request("POST /v1/token", JSON, "{\"account\":\"work\"}");
    let begun = Instant::now();
    client.write_all(&head.as_bytes()[..head.len() - 5]).await.unwrap();
    let answer = read_rest(&mut client).await;
    assert!(answer.starts_with(b"HTTP/1.1 408 Request Timeout\r\n"), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(begun.elapsed().as_secs(), 10);
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_waits_for_leave_to_send_too_much_gets_none() {
    let rig = Rig::new(Fake::default());
    for head in ["Expect: 100-continue\r\nContent-Length: 65537", "Content-Length: 99999999"] {
        let (mut client, _task) = rig.connect();
        let request = format!(
            "POST /v1/token HTTP/1.1\r\nHost: boxd\r\nContent-Type: application/json\r\n{head}\r\n\r\n"
        );
        client.write_all(request.as_bytes()).await.unwrap();
        let answer = read_answer(&mut client).await;
        assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("too_large"), "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_frees_what_waits_for_it() {
    let rig = Rig::new(Fake::default());
    let (mut client, task) = rig.connect();
    client.write_all(b"GET /v1/token?account=slow HTTP/1.1\r\nHost: boxd\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert!(!task.is_finished());
    let begun = Instant::now();
    drop(client);
    task.await.unwrap();
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert_eq!(rig.server.service.abandoned.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn one_that_has_asked_ahead_is_seen_to_leave_too() {
    let rig = Rig::new(Fake::default());
    let (mut client, task) = rig.connect();
    let slow = "GET /v1/token?account=slow HTTP/1.1\r\nHost: boxd\r\n\r\n";
    client.write_all(slow.repeat(2).as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_mins(1)).await;
    client.write_all(slow.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_mins(1)).await;
    let begun = Instant::now();
    drop(client);
    task.await.unwrap();
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert_eq!(rig.server.service.abandoned.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_ahead_is_answered_in_its_turn() {
    let rig = Rig::new(Fake::default());
    let (mut client, task) = rig.connect();
    let ask = |account| format!("GET /v1/token?account={account} HTTP/1.1\r\nHost: boxd\r\n\r\n");
    for account in ["slow", "b", "c"] {
        client.write_all(ask(account).as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    rig.server.service.gate.send_replace(true);
    for account in ["slow", "b", "c"] {
        let answer = read_answer(&mut client).await;
        assert!(answer.contains(&format!("\"account\":\"{account}\"")), "{account}: {answer}");
    }
    drop(client);
    task.await.unwrap();
    assert_eq!(rig.server.counters.faults.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_closes_its_half_is_answered_from_memory() {
    let rig = Rig::new(Fake::default());
    let (mut client, task) = rig.connect();
    client.write_all(b"GET /v1/token HTTP/1.1\r\nHost: boxd\r\n\r\n").await.unwrap();
    client.shutdown().await.unwrap();
    let answer = read_rest(&mut client).await;
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "{}", String::from_utf8_lossy(&answer));
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_dropped_after_the_deadline() {
    let rig = Rig::new(Fake::default());
    let (mut client, task) = rig.connect_as(OWNER, 64);
    let begun = Instant::now();
    client.write_all(b"GET /openapi.json HTTP/1.1\r\nHost: boxd\r\n\r\n").await.unwrap();
    task.await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 10);
    assert_eq!(rig.server.counters.faults.get(), 1);
    drop(client);
}

/// A person may page through what Box sends; its end is with hyper long before the client has it.
#[tokio::test(start_paused = true)]
async fn who_takes_the_end_of_boxs_answer_slowly_gets_it_whole() {
    for (pause, is_whole) in [(60, true), (119, true), (121, false)] {
        let rig = Rig::new(Fake::default());
        let (mut client, task) = rig.connect_as(OWNER, 64);
        client.write_all(request("GET /v1/api/2.0/files/1/content", "", "").as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(pause)).await;
        let answer = String::from_utf8(read_rest(&mut client).await).unwrap();
        task.await.unwrap();
        assert_eq!(answer.ends_with(&"x".repeat(4096)), is_whole, "after {pause} s: {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_finds_no_room_is_told_in_its_own_protocol() {
    let (mut client, server_end) = tokio::io::duplex(4096);
    let problem = crate::server::Full::All.problem();
    let refusal = connection::refuse(server_end, problem, Duration::from_secs(1));
    let refusal = tokio::spawn(refusal);
    client.write_all(b"GET /v1/token HTTP/1.1\r\nHost: boxd\r\n\r\n").await.unwrap();
    let answer = String::from_utf8(read_rest(&mut client).await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 429 Too Many Requests\r\n"), "{answer}");
    assert!(answer.contains("retry-after: 1\r\n") && answer.contains("connection: close\r\n"), "{answer}");
    assert!(answer.contains("too_many_connections"), "{answer}");
    refusal.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_busy_connection_ends_after_its_answer_when_the_server_does() {
    let rig = Rig::new(Fake::default());
    let (mut client, task) = rig.connect();
    client.write_all(b"GET /v1/token?account=slow HTTP/1.1\r\nHost: boxd\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let server = Arc::clone(&rig.server);
    let ending = tokio::spawn(async move { server.admission.end().await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    rig.server.service.gate.send_replace(true);
    let answer = read_rest(&mut client).await;
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "{}", String::from_utf8_lossy(&answer));
    task.await.unwrap();
    ending.await.unwrap();
}

/// Whatever comes: the connection ends within its deadlines, and nobody else is disturbed.
#[tokio::test(start_paused = true)]
async fn mutilated_requests_harm_nobody() {
    let rig = Rig::new(Fake::default());
    let whole = request("POST /v1/token?x=1", JSON, "{\"account\":\"work\"}").into_bytes();
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut draw = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % below
    };
    for _ in 0..1000 {
        let mut bytes = whole.clone();
        for _ in 0..=draw(4) {
            let place = 1 + draw(bytes.len() - 1);
            bytes[place] = u8::try_from(draw(256)).unwrap();
        }
        bytes.truncate(1 + draw(bytes.len()));
        let (mut client, task) = rig.connect();
        client.write_all(&bytes).await.unwrap();
        client.shutdown().await.unwrap();
        let answer = read_rest(&mut client).await;
        assert!(
            answer.is_empty() || answer.starts_with(b"HTTP/1.1 "),
            "{}",
            String::from_utf8_lossy(&answer)
        );
        task.await.unwrap();
    }
    assert_eq!(rig.server.counters.active.get(), 0);
}
