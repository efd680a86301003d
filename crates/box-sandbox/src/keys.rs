//! The RSA keys of the sandbox's apps: public test keys, made once with openssl and worth nothing anywhere else.
//!
//! `keys/` holds one 2048-bit key in the forms in which Box's users hold theirs (passphrase: [`PASSPHRASE`]), and in
//! `other.pem` a second key, for signatures that must not verify. They are no secrets and must never guard anything.

use std::sync::OnceLock;

use ring::rsa::KeyPair as RsaKeyPair;
use ring::signature::KeyPair as _;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde::{Deserialize, Serialize};

/// Opens every encrypted form of the key.
pub(crate) const PASSPHRASE: &str = "sandbox-passphrase";

/// How the private key in an app settings file is encrypted.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Cipher {
    /// PKCS#8, PBES2 with AES-256-CBC and HMAC-SHA-256.
    #[default]
    Aes256,
    /// PKCS#8, PBES2 with DES-EDE3-CBC and HMAC-SHA-1.
    Des3,
    /// `BEGIN RSA PRIVATE KEY` with `DEK-Info: DES-EDE3-CBC`, as OpenSSL before 3 wrote it.
    Legacy,
    /// PKCS#8 without encryption.
    None,
}

impl Cipher {
    pub(crate) fn pem(self) -> &'static str {
        match self {
            Self::Aes256 => include_str!("keys/aes256.pem"),
            Self::Des3 => include_str!("keys/des3.pem"),
            Self::Legacy => include_str!("keys/legacy.pem"),
            Self::None => include_str!("keys/none.pem"),
        }
    }
}

/// Which public key is registered with Box for an app.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PublicKey {
    /// The one that belongs to the private key of the app settings file.
    #[default]
    Own,
    /// Another: every signature with the key of the file is wrong.
    Other,
}

impl PublicKey {
    /// PKCS#1 `RSAPublicKey` in DER, as ring takes it; empty (fits no signature) if the key could not be read.
    pub(crate) fn der(self) -> &'static [u8] {
        static OWN: OnceLock<Vec<u8>> = OnceLock::new();
        static OTHER: OnceLock<Vec<u8>> = OnceLock::new();
        match self {
            Self::Own => OWN.get_or_init(|| public_half(Cipher::None.pem())),
            Self::Other => OTHER.get_or_init(|| public_half(include_str!("keys/other.pem"))),
        }
    }
}

fn public_half(pem: &str) -> Vec<u8> {
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).ok();
    let pair = der.and_then(|der| RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).ok());
    pair.map(|pair| pair.public_key().as_ref().to_vec()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::PublicKey;

    #[test]
    fn both_keys_are_read_and_differ() {
        let (own, other) = (PublicKey::Own.der(), PublicKey::Other.der());
        assert!(own.len() > 256 && other.len() > 256 && own != other);
    }
}
