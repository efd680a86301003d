//! What cannot be used is refused for its own reason, with the next step.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use der::{Decode as _, Header, Reader as _, SliceReader, asn1::UintRef};

use super::{
    super::{KeyError, SigningKey},
    PASSPHRASE, key,
};

const COMMAND: &str = "`openssl pkcs8 -topk8 -v2 aes256 -in old.pem -out new.pem`";

#[track_caller]
fn refused(pem: &str) -> KeyError {
    let error = SigningKey::open(pem, Some(PASSPHRASE)).unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(!text.contains(PASSPHRASE) && !text.contains(['\n', '\r']), "{text}");
    error
}

/// The bytes of a key, and a key of bytes.
fn bytes_of(pem: &str) -> Vec<u8> {
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    STANDARD.decode(base64).unwrap()
}

fn encrypted(der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    format!("-----BEGIN ENCRYPTED PRIVATE KEY-----\n{base64}\n-----END ENCRYPTED PRIVATE KEY-----\n")
}

#[test]
fn older_encryptions_come_with_the_command_that_converts_them() {
    assert_eq!(refused(key!("legacy")), KeyError::Legacy);
    assert_eq!(refused(key!("pbes1")), KeyError::Encryption("1.2.840.113549.1.12.1.3".to_owned()));
    assert_eq!(refused(key!("camellia")), KeyError::Encryption("1.2.392.200011.61.1.1.1.4".to_owned()));
    for pem in [key!("legacy"), key!("pbes1"), key!("camellia"), key!("pbkdf2-costly")] {
        let text = SigningKey::open(pem, None).unwrap_err().to_string();
        assert!(text.contains(COMMAND), "{text}");
    }
}

#[test]
fn a_passphrase_that_is_missing_and_one_that_is_wrong_are_told_apart() {
    for pem in [key!("pbes2-aes-256-cbc"), key!("pbes2-des3"), key!("scrypt")] {
        for nothing in [None, Some("")] {
            assert_eq!(SigningKey::open(pem, nothing).unwrap_err(), KeyError::PassphraseMissing);
        }
        // The 15th and the 151st leave a padding that looks right, one with AES and one with 3DES.
        for attempt in [1, 2, 15, 151] {
            let wrong = SigningKey::open(pem, Some(&format!("wrong {attempt}"))).unwrap_err();
            assert_eq!(wrong, KeyError::PassphraseWrong);
        }
    }
    assert!(KeyError::PassphraseMissing.to_string().contains("`passphrase`"));
}

#[test]
fn what_is_no_private_key_is_named() {
    assert_eq!(refused(key!("public")), KeyError::NotPrivate("a public key"));
    assert_eq!(refused(key!("certificate")), KeyError::NotPrivate("a certificate"));
    assert_eq!(refused("-----BEGIN OTHER-----\n-----END OTHER-----"), KeyError::NotPem);
    for text in ["", "canary", "-----BEGIN ", "-----BEGIN PRIVATE KEY"] {
        assert_eq!(refused(text), KeyError::NotPem, "{text}");
    }
}

#[test]
fn keys_that_box_does_not_take_are_named() {
    let kind = |pem| refused(pem).to_string();
    assert!(kind(key!("ec")).starts_with("this is an EC key, and Box takes RSA keys only: generate"));
    assert_eq!(refused(key!("ec-sec1")), KeyError::NotRsa("an EC key".to_owned()));
    assert!(kind(key!("pss")).contains("PSS"));
    assert_eq!(refused(key!("rsa-1024")), KeyError::TooShort(1024));
    assert_eq!(refused(key!("rsa-4104")), KeyError::TooLong(4104));
    assert!(matches!(refused(key!("rsa-e3")), KeyError::Unusable(_)));
}

#[test]
fn a_key_that_is_cut_off_or_garbled_is_damaged() {
    for whole in [key!("pkcs8"), key!("pkcs1"), key!("pbes2-aes-256-cbc")] {
        let half = &whole[..whole.len() / 2];
        assert_eq!(refused(half), KeyError::Damaged("its END line is missing"));
        assert!(matches!(refused(&whole.replacen('M', "*", 1)), KeyError::Damaged(_)));
        let lines: Vec<_> = whole.lines().collect();
        let without_a_line = [&lines[..3], &lines[4..]].concat().join("\n");
        assert!(matches!(refused(&without_a_line), KeyError::Damaged(_)));
    }
}

#[test]
fn a_key_whose_numbers_do_not_fit_each_other_is_refused_before_it_signs() {
    // Where the seventh number ends: version, n, e, d, p, q, dP. And the last one, qInv.
    let der = bytes_of(key!("pkcs1"));
    let mut reader = SliceReader::new(&der).unwrap();
    Header::decode(&mut reader).unwrap();
    for _ in 0..7 {
        UintRef::decode(&mut reader).unwrap();
    }
    for end in [usize::try_from(reader.position()).unwrap(), der.len()] {
        let mut damaged = der.clone();
        damaged[end - 1] ^= 2;
        let base64 = STANDARD.encode(damaged);
        let text = format!("-----BEGIN RSA PRIVATE KEY-----\n{base64}\n-----END RSA PRIVATE KEY-----");
        assert!(matches!(refused(&text), KeyError::Unusable(_)));
    }
}

#[test]
fn a_key_derivation_that_costs_too_much_is_not_begun() {
    let text = refused(key!("pbkdf2-costly")).to_string();
    assert!(text.contains("PBKDF2 with 20000000 rounds"), "{text}");
    // N = 64, r = 8, p = 1 becomes p = 127.
    let mut der = bytes_of(key!("scrypt"));
    let parameters = [2, 1, 64, 2, 1, 8, 2, 1, 1];
    let place = der.windows(parameters.len()).position(|window| window == parameters).unwrap();
    der[place + 8] = 127;
    assert_eq!(refused(&encrypted(&der)), KeyError::Costly("scrypt with N=64, r=8, p=127".to_owned()));
    // N = 63 is no power of two.
    der[place + 8] = 1;
    der[place + 2] = 63;
    assert_eq!(refused(&encrypted(&der)), KeyError::Damaged("its scrypt parameters"));
}

#[test]
fn no_damaged_byte_of_the_parameters_stops_the_program() {
    for pem in [key!("pbes2-des3"), key!("pbes2-aes-256-cbc"), key!("scrypt")] {
        let der = bytes_of(pem);
        for place in 0..110 {
            for value in [0, der[place] ^ 1, 0xff] {
                let mut damaged = der.clone();
                damaged[place] = value;
                // Opened, where the byte does not matter (such as the NULL of an algorithm), or refused.
                let _opened: Result<SigningKey, KeyError> =
                    SigningKey::open(&encrypted(&damaged), Some(PASSPHRASE));
            }
            assert!(matches!(refused(&encrypted(&der[..place])), KeyError::Damaged(_)));
        }
    }
}
