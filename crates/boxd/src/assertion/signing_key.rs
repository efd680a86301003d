//! A private key, opened and ready to sign.

use std::fmt;

use ring::{rand::SystemRandom, signature::RsaKeyPair};

use super::{
    Algorithm, KeyError, pbes2,
    pem::{self, Block},
    private_key::{rsa_bits, rsa_inside},
};

/// What Box and `ring` agree on, in bits.
const SHORTEST: usize = 2048;
const LONGEST: usize = 4096;

/// An RSA private key that fits Box. It is opened once and shared.
///
/// The buffers on the way to it are wiped; `ring` keeps its own numbers, and does not wipe them on drop.
pub struct SigningKey(RsaKeyPair);

impl SigningKey {
    /// Opens a key in PEM form: PKCS#8, encrypted (PBES2) or not, or PKCS#1. The passphrase of a key that is
    /// not encrypted is ignored.
    ///
    /// It takes up to seconds, as long as the key's own derivation function asks for: not for an async task.
    pub fn open(pem: &str, passphrase: Option<&str>) -> Result<Self, KeyError> {
        let pem = pem::unescaped(pem);
        let block = Block::find(&pem)?;
        match block.label {
            "ENCRYPTED PRIVATE KEY" => {
                Self::from_pkcs1(rsa_inside(&pbes2::decrypt(&block.decode()?, passphrase)?)?)
            }
            "PRIVATE KEY" => Self::from_pkcs1(rsa_inside(&block.decode()?)?),
            "RSA PRIVATE KEY" if block.is_legacy() => Err(KeyError::Legacy),
            "RSA PRIVATE KEY" => Self::from_pkcs1(&block.decode()?),
            "EC PRIVATE KEY" => Err(KeyError::NotRsa("an EC key".to_owned())),
            "DSA PRIVATE KEY" => Err(KeyError::NotRsa("a DSA key".to_owned())),
            "OPENSSH PRIVATE KEY" => Err(KeyError::NotRsa("a key of OpenSSH".to_owned())),
            "PUBLIC KEY" | "RSA PUBLIC KEY" => Err(KeyError::NotPrivate("a public key")),
            "CERTIFICATE" | "TRUSTED CERTIFICATE" | "X509 CERTIFICATE" => {
                Err(KeyError::NotPrivate("a certificate"))
            }
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => {
                Err(KeyError::NotPrivate("a certificate request"))
            }
            _ => Err(KeyError::NotPem),
        }
    }

    fn from_pkcs1(der: &[u8]) -> Result<Self, KeyError> {
        match rsa_bits(der)? {
            bits if bits < SHORTEST => return Err(KeyError::TooShort(bits)),
            bits if bits > LONGEST => return Err(KeyError::TooLong(bits)),
            _ => {}
        }
        let key = RsaKeyPair::from_der(der).map_err(|reason| KeyError::Unusable(reason.to_string()))?;
        let key = Self(key);
        // ring compares the exponents only when it signs.
        key.sign(Algorithm::default(), b"")
            .ok_or_else(|| KeyError::Unusable("its numbers do not fit each other".to_owned()))?;
        Ok(key)
    }

    /// The signature of a message; none where the key is inconsistent, which [`SigningKey::open`] rules out.
    pub(super) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Option<Vec<u8>> {
        let mut signature = vec![0; self.0.public().modulus_len()];
        // These signatures are deterministic: ring takes a source of randomness, but draws nothing from it.
        self.0.sign(algorithm.encoding(), &SystemRandom::new(), message, &mut signature).ok()?;
        Some(signature)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey([secret])")
    }
}
