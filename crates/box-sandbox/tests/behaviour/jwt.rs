//! Assertions as Box's SDKs make them, with every part open to change.

use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaEncoding};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use crate::client::{Answer, FORM_TOKEN, Sandbox};

pub(crate) const NOW: i64 = 1_800_000_000;

/// Header and claims, good ones at first.
pub(crate) struct Assertion {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    key: String,
}

impl Assertion {
    /// For the enterprise, at [`NOW`], with a `jti` made of this text.
    pub(crate) fn new(sandbox: &Sandbox, jti: &str) -> Self {
        let app = sandbox.read("app-settings?cipher=none")["boxAppSettings"].clone();
        Self {
            header: json!({"alg": "RS256", "typ": "JWT", "kid": app["appAuth"]["publicKeyID"]}),
            claims: json!({
                "iss": app["clientID"], "sub": sandbox.text("enterprise_id"), "box_sub_type": "enterprise",
                "aud": "https://api.box.com/oauth2/token", "jti": format!("{jti}-0123456789abcdef"),
                "exp": NOW + 45,
            }),
            key: app["appAuth"]["privateKey"].as_str().unwrap().to_owned(),
        }
    }

    pub(crate) fn claim(mut self, name: &str, value: Value) -> Self {
        self.claims[name] = value;
        self
    }

    pub(crate) fn header(mut self, name: &str, value: Value) -> Self {
        self.header[name] = value;
        self
    }

    pub(crate) fn sign(&self) -> String {
        let algorithm: &'static dyn RsaEncoding = match self.header["alg"].as_str() {
            Some("RS384") => &RSA_PKCS1_SHA384,
            Some("RS512") => &RSA_PKCS1_SHA512,
            _ => &RSA_PKCS1_SHA256,
        };
        let der = PrivatePkcs8KeyDer::from_pem_slice(self.key.as_bytes()).unwrap();
        let pair = KeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
        let signed = [&self.header, &self.claims].map(|part| encode(part.to_string().as_bytes())).join(".");
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(algorithm, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
        format!("{signed}.{}", encode(&signature))
    }
}

/// The token endpoint's answer to an assertion.
pub(crate) fn present(sandbox: &Sandbox, assertion: &str) -> Answer {
    let grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    sandbox.send(FORM_TOKEN, &sandbox.form(&[("grant_type", grant_type), ("assertion", assertion)]))
}

/// Base64url without padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().fold(0_u32, |word, byte| (word << 8) | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            text.push(char::from(LETTERS[(word >> (18 - 6 * place)) as usize % 64]));
        }
    }
    text
}
