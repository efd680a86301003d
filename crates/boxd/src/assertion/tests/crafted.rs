//! Envelopes put together by hand: parameters that no tool writes are refused, and stop nothing.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::super::{KeyError, SigningKey};

const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c];
const SCRYPT: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x04, 0x0b];
const HMAC_SHA224: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x08];
const AES_128_CBC: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x02];
const DES_EDE3_CBC: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x03, 0x07];

/// DER with lengths below 128.
fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let value = parts.concat();
    [&[tag, u8::try_from(value.len()).unwrap()], value.as_slice()].concat()
}
fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, parts)
}
fn octets(bytes: &[u8]) -> Vec<u8> {
    tlv(4, &[bytes])
}
fn integer(bytes: &[u8]) -> Vec<u8> {
    tlv(2, &[bytes])
}
fn oid(bytes: &[u8]) -> Vec<u8> {
    tlv(6, &[bytes])
}

/// PBKDF2 with a salt, rounds, and whatever follows them.
fn pbkdf2(salt: &[u8], rounds: &[u8], rest: &[u8]) -> Vec<u8> {
    sequence(&[&oid(PBKDF2), &sequence(&[&octets(salt), &integer(rounds), rest])])
}

fn scrypt(cost: &[u8], block: &[u8]) -> Vec<u8> {
    let parameters = sequence(&[&octets(b"salt"), &integer(cost), &integer(block), &integer(&[1])]);
    sequence(&[&oid(SCRYPT), &parameters])
}

fn open(derivation: &[u8], cipher: &[u8], iv: &[u8], data: &[u8]) -> KeyError {
    let cipher = sequence(&[&oid(cipher), &octets(iv)]);
    let scheme = sequence(&[&oid(PBES2), &sequence(&[derivation, &cipher])]);
    let base64 = STANDARD.encode(sequence(&[&scheme, &octets(data)]));
    let pem = format!("-----BEGIN ENCRYPTED PRIVATE KEY-----{base64}-----END ENCRYPTED PRIVATE KEY-----");
    SigningKey::open(&pem, Some("passphrase")).unwrap_err()
}

/// What an envelope whose parameters are right comes to: its content is no key.
const READ: KeyError = KeyError::PassphraseWrong;

#[test]
fn the_hash_and_the_key_length_may_be_left_out() {
    let aes = |rest: &[u8]| open(&pbkdf2(b"salt", &[1], rest), AES_128_CBC, &[0; 16], &[0; 16]);
    assert_eq!(aes(&[]), READ);
    assert_eq!(aes(&integer(&[16])), READ);
    assert_eq!(aes(&integer(&[24])), KeyError::Damaged("its key length"));
    let other_hash = sequence(&[&oid(HMAC_SHA224), &[5, 0]]);
    assert_eq!(aes(&other_hash), KeyError::Encryption("1.2.840.113549.2.8".to_owned()));
}

#[test]
fn odd_lengths_are_damage() {
    let derivation = pbkdf2(b"salt", &[1], &[]);
    for (cipher, block) in [(AES_128_CBC, 16), (DES_EDE3_CBC, 8)] {
        for length in [0, 1, 7, 9, 15, 17] {
            let iv = open(&derivation, cipher, &vec![0; length], &[0; 16]);
            assert_eq!(iv, KeyError::Damaged("the length of its initialization vector"), "{length}");
            let data = open(&derivation, cipher, &vec![0; block], &vec![0; length]);
            assert_eq!(data, KeyError::Damaged("it is cut off"), "{length}");
        }
    }
    for length in [0, 33] {
        let salt = vec![0; length];
        assert_eq!(open(&pbkdf2(&salt, &[1], &[]), AES_128_CBC, &[0; 16], &[0; 16]), READ);
    }
}

#[test]
fn the_cost_is_bounded_on_both_sides() {
    let rounds = |rounds: &[u8]| open(&pbkdf2(b"salt", rounds, &[]), AES_128_CBC, &[0; 16], &[0; 16]);
    assert!(matches!(rounds(&[0]), KeyError::Damaged(_)));
    assert!(matches!(rounds(&[0xff]), KeyError::Damaged(_)));
    assert_eq!(rounds(&[0, 0x98, 0x96, 0x81]), KeyError::Costly("PBKDF2 with 10000001 rounds".to_owned()));
    let beyond = [0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    assert!(matches!(rounds(&beyond), KeyError::Costly(_)));

    let memory = |cost: &[u8], block: &[u8]| open(&scrypt(cost, block), AES_128_CBC, &[0; 16], &[0; 16]);
    assert_eq!(memory(&[2], &[1]), READ);
    for cost in [0, 1, 3] {
        assert_eq!(memory(&[cost], &[1]), KeyError::Damaged("its scrypt parameters"), "{cost}");
    }
    assert_eq!(memory(&[2], &[0]), KeyError::Damaged("its scrypt parameters"));
    // 72 MiB, and what would not fit into any number.
    assert!(matches!(memory(&[1, 0, 0], &[9]), KeyError::Costly(_)));
    assert!(matches!(memory(&beyond, &[0x7f]), KeyError::Costly(_)));
}
