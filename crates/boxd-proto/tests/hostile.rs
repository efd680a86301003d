//! Bytes of an enemy: nothing panics, nothing is allocated because a length says so.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by panicking")]

mod reference;

use boxd_proto::*;
use proptest::prelude::*;
use reference::{requests, responses};

fn body<T: serde::Serialize>(message: &T) -> Vec<u8> {
    let mut buffer = Vec::new();
    encode(message, &mut buffer).unwrap();
    buffer.split_off(FRAME_HEADER)
}

fn bodies() -> Vec<Vec<u8>> {
    let requests = requests().iter().map(body).collect::<Vec<_>>();
    [requests, responses().iter().map(body).collect()].concat()
}

proptest! {
    #[test]
    fn random_bytes_are_decoded_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        // What decodes is canonical: it encodes to the same bytes.
        if let Ok(request) = decode::<Request>(&bytes) {
            prop_assert_eq!(reference::request(&request), bytes.clone());
        }
        if let Ok(response) = decode::<Response>(&bytes) {
            prop_assert_eq!(reference::response(&response), bytes);
        }
    }

    #[test]
    fn mutated_messages_are_decoded_or_refused(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = which.get(&bodies()).clone();
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Ok(request) = decode::<Request>(&bytes) {
            prop_assert_eq!(reference::request(&request), bytes.clone());
        }
        if let Ok(response) = decode::<Response>(&bytes) {
            prop_assert_eq!(reference::response(&response), bytes);
        }
    }

    #[test]
    fn any_token_request_comes_back(
        account in prop::option::of(".{0,40}"),
        min_ttl_seconds: u32,
        secret in ".{0,40}",
        kind in 0..3,
        generation: u64,
        wait_millis: Option<u32>,
    ) {
        let rejected = match kind {
            0 => Rejected::No,
            1 => Rejected::Generation(generation),
            _ => Rejected::Token(Secret::new(secret)),
        };
        let request = Request::Token(TokenRequest { account, min_ttl_seconds, rejected, wait_millis });
        prop_assert_eq!(&body(&request), &reference::request(&request));
        prop_assert_eq!(decode::<Request>(&body(&request)).unwrap(), request);
    }

    #[test]
    fn a_header_is_believed_up_to_the_limit(length: u32) {
        let told = frame_len(length.to_le_bytes());
        prop_assert_eq!(told.is_ok(), length as usize <= MAX_FRAME);
    }
}

#[test]
fn a_cut_or_prolonged_message_is_refused() {
    for request in requests() {
        let bytes = body(&request);
        for end in 0..bytes.len() {
            assert!(decode::<Request>(&bytes[..end]).is_err(), "{request:?} cut at {end}");
        }
        assert!(matches!(decode::<Request>(&[bytes, vec![0]].concat()), Err(DecodeError::Trailing(1))));
    }
}

#[test]
fn a_length_inside_a_body_is_not_believed() {
    let status = [&[1, 0, 0, 0, 1][..], &[0; 8]].concat();
    for length in [1, 0xFFFF, 0x1_0000, 0x1_0001, u64::from(u32::MAX), i64::MAX as u64, u64::MAX] {
        let mut bytes = status.clone();
        bytes[5..].copy_from_slice(&length.to_le_bytes());
        assert!(matches!(decode::<Request>(&bytes), Err(DecodeError::Malformed(_))), "{length}");
        // The number of warnings is the only count of items in the protocol, and the last field of a status.
        let mut bytes = body(&responses()[1]);
        let count = bytes.len() - 8;
        bytes[count..].copy_from_slice(&length.to_le_bytes());
        assert!(matches!(decode::<Response>(&bytes), Err(DecodeError::Malformed(_))), "{length}");
    }
}

#[test]
fn what_is_no_value_of_its_type_is_refused() {
    let cases: [(&str, &[u8]); 5] = [
        ("a variant that does not exist", &[99, 0, 0, 0]),
        ("an option that is neither 0 nor 1", &[1, 0, 0, 0, 2]),
        ("a bool that is neither 0 nor 1", &[5, 0, 0, 0, 0, 2]),
        ("text that is no UTF-8", &[7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xFF]),
        ("nothing", &[]),
    ];
    for (what, bytes) in cases {
        assert!(matches!(decode::<Request>(bytes), Err(DecodeError::Malformed(_))), "{what}");
    }
}

#[test]
fn the_largest_frame_passes_and_one_byte_more_does_not() {
    let name = |length| Request::Adopt { account: "n".repeat(length) };
    let room = MAX_FRAME - 4 - 8;
    let largest = body(&name(room));
    assert_eq!(largest.len(), MAX_FRAME);
    assert_eq!(decode::<Request>(&largest).unwrap(), name(room));
    let mut buffer = vec![1, 2, 3];
    assert!(encode(&name(room + 1), &mut buffer).is_err());
    assert_eq!(buffer, [1, 2, 3], "what was there before stays");
    assert!(matches!(decode::<Request>(&vec![0; MAX_FRAME + 1]), Err(DecodeError::TooLong(_))));
}
