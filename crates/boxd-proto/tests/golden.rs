//! The wire, byte by byte: what another implementation must send and will receive.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by panicking")]

mod reference;

use boxd_proto::*;
use reference::{CODES, requests, responses};

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn frame<T: serde::Serialize>(message: &T) -> Vec<u8> {
    let mut buffer = Vec::new();
    encode(message, &mut buffer).unwrap();
    buffer
}

fn framed(body: Vec<u8>) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap();
    [length.to_le_bytes().to_vec(), body].concat()
}

/// The frames as they went into service.
const GOLDEN: &str = include_str!("golden.txt");

#[test]
fn frames_are_those_of_the_golden_file() {
    let requests = requests().iter().map(|request| hex(&frame(request))).collect::<Vec<_>>();
    let responses = responses().iter().map(|response| hex(&frame(response))).collect::<Vec<_>>();
    let now = [requests, responses].concat();
    let golden: Vec<&str> = GOLDEN.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(now, golden, "the wire has changed; now it is:\n{}", now.join("\n"));
}

#[test]
fn requests_follow_the_specification_and_come_back() {
    for request in requests() {
        let bytes = frame(&request);
        assert_eq!(hex(&bytes), hex(&framed(reference::request(&request))), "{request:?}");
        assert_eq!(decode::<Request>(&bytes[FRAME_HEADER..]).unwrap(), request);
    }
}

#[test]
fn responses_follow_the_specification_and_come_back() {
    for response in responses() {
        let bytes = frame(&response);
        assert_eq!(hex(&bytes), hex(&framed(reference::response(&response))), "{response:?}");
        assert_eq!(decode::<Response>(&bytes[FRAME_HEADER..]).unwrap(), response);
    }
}

#[test]
fn every_enum_counts_its_variants_in_order() {
    for (index, code) in CODES.into_iter().enumerate() {
        let index = u8::try_from(index).unwrap();
        assert_eq!(
            frame(&Request::ReturnError { code }),
            [8, 0, 0, 0, 10, 0, 0, 0, index, 0, 0, 0],
            "{code}"
        );
    }
    let auths = [Auth::OAuth2, Auth::Token, Auth::Ccg, Auth::Jwt].map(|auth| frame(&auth)[FRAME_HEADER]);
    assert_eq!(auths, [0, 1, 2, 3]);
    let states = [
        GrantState::Absent,
        GrantState::Healthy,
        GrantState::Spending,
        GrantState::InDoubt,
        GrantState::Unsaved,
        GrantState::Backoff,
        GrantState::LoginRequired,
        GrantState::ActionRequired,
    ];
    assert_eq!(states.map(|state| frame(&state)[FRAME_HEADER]), [0, 1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn the_example_of_the_specification_is_what_is_sent() {
    let page = include_str!("../src/lib.rs");
    let example = page.split("```text\n").nth(1).unwrap().split("//! ```").next().unwrap();
    let told: Vec<u8> = example
        .lines()
        .flat_map(|line| {
            let bytes = line.trim_start_matches("//! ").split("  ").next().unwrap();
            bytes.split(' ').map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect::<Vec<_>>()
        })
        .collect();
    let sent = [Hello::CURRENT.to_bytes().to_vec(), frame(&Request::Token(TokenRequest::default()))].concat();
    assert_eq!(hex(&told), hex(&sent));
    assert!(page.contains(&format!("as one write of {} bytes", sent.len())), "{} bytes", sent.len());
}

#[test]
fn codes_have_the_names_and_numbers_of_the_contract() {
    let table = CODES.map(|code| (code.as_str(), code.exit_code(), code.http_status().unwrap_or(0)));
    assert_eq!(
        table,
        [
            ("internal", 1, 500),
            ("bad_request", 2, 400),
            ("unreachable", 3, 0),
            ("login_required", 4, 409),
            ("action_required", 4, 409),
            ("unavailable", 5, 503),
            ("denied", 6, 403),
            ("unknown_account", 7, 404),
            ("min_ttl_unattainable", 8, 422),
            ("invalid_scope", 8, 422),
            ("version_mismatch", 9, 0),
            ("not_found", 1, 404),
            ("method_not_allowed", 1, 405),
            ("too_large", 1, 413),
            ("too_many_connections", 1, 429),
        ]
    );
}

#[test]
fn a_secret_shows_in_no_debug_text() {
    for request in requests() {
        assert!(!format!("{request:?}").contains("t\u{f6}k"), "{request:?}");
    }
    assert!(!format!("{:?}", responses()).contains("\"tok\""));
}
