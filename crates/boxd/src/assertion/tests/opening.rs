//! Every form of a key that fits is opened, and is the same key.

use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

use super::{
    super::{Algorithm, SigningKey},
    PASSPHRASE, key,
};

#[track_caller]
fn is_the_key(opened: &SigningKey) {
    let signature = opened.sign(Algorithm::RS256, b"message").unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, include_bytes!("keys/public.der"));
    public.verify(b"message", &signature).unwrap();
}

#[test]
fn keys_without_encryption_are_opened_and_a_passphrase_is_ignored() {
    for pem in [key!("pkcs8"), key!("pkcs1")] {
        for passphrase in [None, Some("anything")] {
            is_the_key(&SigningKey::open(pem, passphrase).unwrap());
        }
    }
}

#[test]
fn every_cipher_and_key_derivation_is_opened() {
    for pem in [
        key!("pbes2-aes-128-cbc"),
        key!("pbes2-aes-192-cbc"),
        key!("pbes2-aes-256-cbc"),
        key!("pbes2-aes-256-cbc-sha1"),
        key!("pbes2-aes-256-cbc-sha384"),
        key!("pbes2-aes-256-cbc-sha512"),
        key!("pbes2-des3"),
        key!("pbes2-des3-sha1"),
        key!("scrypt"),
    ] {
        is_the_key(&SigningKey::open(pem, Some(PASSPHRASE)).unwrap());
    }
}

#[test]
fn a_key_survives_what_people_do_to_its_text() {
    let pem = key!("pbes2-aes-256-cbc");
    let (_, body) = pem.split_once("KEY-----\n").unwrap();
    let (body, _) = body.split_once("-----END").unwrap();
    let in_one_line = body.replace('\n', "");
    for text in [
        pem.replace('\n', "\r\n"),
        pem.replace('\n', "\\n"),
        pem.replace('\n', "\\r\\n"),
        pem.replace('\n', " "),
        pem.replace('\n', "\n    "),
        format!("Bag Attributes\n    friendlyName: x\n\n{pem}\nmore"),
        format!("{}{pem}", key!("certificate")),
        format!("-----BEGIN ENCRYPTED PRIVATE KEY-----{in_one_line}-----END ENCRYPTED PRIVATE KEY-----"),
    ] {
        is_the_key(&SigningKey::open(&text, Some(PASSPHRASE)).unwrap());
    }
}
