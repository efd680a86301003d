//! Decryption of an `EncryptedPrivateKeyInfo` (RFC 5958 section 3) by PBES2 (RFC 8018 section 6.2).

use std::num::NonZeroU32;

use aes::{Aes128, Aes192, Aes256};
use cbc::{
    Decryptor,
    cipher::{BlockCipherDecrypt, BlockModeDecrypt as _, KeyInit, KeyIvInit as _, block_padding::Pkcs7},
};
use der::{
    AnyRef, Decode as _, Reader as _, Tag,
    asn1::{ObjectIdentifier, OctetStringRef},
};
use des::TdesEde3;
use ring::pbkdf2;
use zeroize::Zeroizing;

use super::{KeyError, private_key::skip_rest};

/// RFC 8018 section 4.2 calls 10,000,000 rounds fit for especially critical keys: seconds of work.
const MOST_ROUNDS: u32 = 10_000_000;
/// Twice what `openssl` itself allows for scrypt, in bytes.
const MOST_MEMORY: u64 = 64 * 1024 * 1024;
/// Passes over that memory.
const MOST_LANES: u32 = 16;

const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");
const PBKDF2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.12");
const SCRYPT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11591.4.11");
const HMAC_SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.7");
const HMAC_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.9");
const HMAC_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.10");
const HMAC_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.11");
const AES_128_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.2");
const AES_192_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.22");
const AES_256_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.42");
const DES_EDE3_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.3.7");

/// How the passphrase becomes a key. `length` is the key's, where the file tells it.
enum Derivation<'a> {
    Pbkdf2 { prf: pbkdf2::Algorithm, salt: &'a [u8], rounds: NonZeroU32, length: Option<u16> },
    Scrypt { params: scrypt::Params, salt: &'a [u8], length: Option<u16> },
}

#[derive(Clone, Copy)]
enum Cipher {
    Aes128,
    Aes192,
    Aes256,
    TripleDes,
}

/// The `PrivateKeyInfo` inside. It takes as long as the key derivation asks for, seconds at most.
pub(super) fn decrypt(envelope: &[u8], passphrase: Option<&str>) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let (derivation, (cipher, iv), data) = AnyRef::from_der(envelope)?.sequence(|envelope| {
        let (derivation, cipher) = envelope.decode::<AnyRef<'_>>()?.sequence(|scheme| {
            match scheme.decode::<ObjectIdentifier>()? {
                PBES2 => {}
                other => return Err(KeyError::Encryption(other.to_string())),
            }
            scheme.decode::<AnyRef<'_>>()?.sequence(|parameters| {
                Ok::<_, KeyError>((derivation(parameters.decode()?)?, encryption(parameters.decode()?)?))
            })
        })?;
        Ok::<_, KeyError>((derivation, cipher, envelope.decode::<&OctetStringRef>()?.as_bytes()))
    })?;

    // Asked for only now: who must convert the key first should hear that first.
    let given = passphrase.filter(|passphrase| !passphrase.is_empty());
    let passphrase = given.ok_or(KeyError::PassphraseMissing)?;
    let mut key = Zeroizing::new([0; 32]);
    let Some(key) = key.get_mut(..cipher.key_length()) else {
        return Err(KeyError::Damaged("its key length"));
    };
    derivation.run(passphrase.as_bytes(), key)?;
    let plain = cipher.open(key, iv, data)?;
    // One wrong passphrase in 256 leaves a padding that looks right, but no structure.
    let whole = AnyRef::from_der(&plain).is_ok_and(|any| der::Tagged::tag(&any) == Tag::Sequence);
    if whole { Ok(plain) } else { Err(KeyError::PassphraseWrong) }
}

/// `keyDerivationFunc` of RFC 8018 appendix A.4, or RFC 7914 section 7.1.
fn derivation(algorithm: AnyRef<'_>) -> Result<Derivation<'_>, KeyError> {
    algorithm.sequence(|algorithm| {
        let kind: ObjectIdentifier = algorithm.decode()?;
        let parameters: AnyRef<'_> = algorithm.decode()?;
        match kind {
            PBKDF2 => pbkdf2(parameters),
            SCRYPT => scrypt(parameters),
            other => Err(KeyError::Encryption(other.to_string())),
        }
    })
}

fn pbkdf2(parameters: AnyRef<'_>) -> Result<Derivation<'_>, KeyError> {
    parameters.sequence(|parameters| {
        let salt = parameters.decode::<&OctetStringRef>()?.as_bytes();
        let rounds: u64 = parameters.decode()?;
        let length = parameters.decode()?;
        let prf = match parameters.decode::<Option<AnyRef<'_>>>()? {
            Some(prf) => prf.sequence(|prf| {
                let prf_kind: ObjectIdentifier = prf.decode()?;
                skip_rest(prf)?;
                Ok::<_, KeyError>(prf_kind)
            })?,
            None => HMAC_SHA1,
        };
        let prf = match prf {
            HMAC_SHA1 => pbkdf2::PBKDF2_HMAC_SHA1,
            HMAC_SHA256 => pbkdf2::PBKDF2_HMAC_SHA256,
            HMAC_SHA384 => pbkdf2::PBKDF2_HMAC_SHA384,
            HMAC_SHA512 => pbkdf2::PBKDF2_HMAC_SHA512,
            other => return Err(KeyError::Encryption(other.to_string())),
        };
        let few = u32::try_from(rounds).ok().filter(|rounds| *rounds <= MOST_ROUNDS);
        let rounds = few.ok_or_else(|| KeyError::Costly(format!("PBKDF2 with {rounds} rounds")))?;
        let rounds = NonZeroU32::new(rounds).ok_or(KeyError::Damaged("its number of rounds is zero"))?;
        Ok(Derivation::Pbkdf2 { prf, salt, rounds, length })
    })
}

fn scrypt(parameters: AnyRef<'_>) -> Result<Derivation<'_>, KeyError> {
    parameters.sequence(|parameters| {
        let salt = parameters.decode::<&OctetStringRef>()?.as_bytes();
        let (cost, block, lanes): (u64, u32, u32) =
            (parameters.decode()?, parameters.decode()?, parameters.decode()?);
        let length = parameters.decode()?;
        let memory = cost.saturating_mul(u64::from(block)).saturating_mul(128);
        if memory > MOST_MEMORY || lanes > MOST_LANES {
            return Err(KeyError::Costly(format!("scrypt with N={cost}, r={block}, p={lanes}")));
        }
        // The crate takes N as an exponent of two, which is also the only form that RFC 7914 allows.
        let exponent =
            u8::try_from(cost.trailing_zeros()).ok().filter(|_| cost.is_power_of_two() && cost > 1);
        let params = exponent.and_then(|exponent| scrypt::Params::new(exponent, block, lanes).ok());
        let params = params.ok_or(KeyError::Damaged("its scrypt parameters"))?;
        Ok(Derivation::Scrypt { params, salt, length })
    })
}

/// `encryptionScheme` of RFC 8018 appendix A.4: the cipher, and its initialization vector.
fn encryption(algorithm: AnyRef<'_>) -> Result<(Cipher, &[u8]), KeyError> {
    algorithm.sequence(|algorithm| {
        let cipher = match algorithm.decode::<ObjectIdentifier>()? {
            AES_128_CBC => Cipher::Aes128,
            AES_192_CBC => Cipher::Aes192,
            AES_256_CBC => Cipher::Aes256,
            DES_EDE3_CBC => Cipher::TripleDes,
            other => return Err(KeyError::Encryption(other.to_string())),
        };
        Ok((cipher, algorithm.decode::<&OctetStringRef>()?.as_bytes()))
    })
}

impl Derivation<'_> {
    fn run(&self, passphrase: &[u8], key: &mut [u8]) -> Result<(), KeyError> {
        let (Self::Pbkdf2 { length, .. } | Self::Scrypt { length, .. }) = self;
        if length.is_some_and(|length| usize::from(length) != key.len()) {
            return Err(KeyError::Damaged("its key length"));
        }
        match self {
            Self::Pbkdf2 { prf, salt, rounds, .. } => pbkdf2::derive(*prf, *rounds, salt, passphrase, key),
            Self::Scrypt { params, salt, .. } => scrypt::scrypt(passphrase, salt, params, key)
                .map_err(|_length| KeyError::Damaged("its key length"))?,
        }
        Ok(())
    }
}

impl Cipher {
    /// In bytes.
    fn key_length(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes192 | Self::TripleDes => 24,
            Self::Aes256 => 32,
        }
    }

    fn open(self, key: &[u8], iv: &[u8], data: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        match self {
            Self::Aes128 => open::<Aes128>(key, iv, data),
            Self::Aes192 => open::<Aes192>(key, iv, data),
            Self::Aes256 => open::<Aes256>(key, iv, data),
            Self::TripleDes => open::<TdesEde3>(key, iv, data),
        }
    }
}

fn open<C: BlockCipherDecrypt + KeyInit>(
    key: &[u8],
    iv: &[u8],
    data: &[u8],
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let cipher = Decryptor::<C>::new_from_slices(key, iv)
        .map_err(|_length| KeyError::Damaged("the length of its initialization vector"))?;
    if data.is_empty() || !data.len().is_multiple_of(C::block_size()) {
        return Err(KeyError::Damaged("it is cut off"));
    }
    let mut plain = Zeroizing::new(data.to_vec());
    let length =
        cipher.decrypt_padded::<Pkcs7>(&mut plain).map_err(|_padding| KeyError::PassphraseWrong)?.len();
    plain.truncate(length);
    Ok(plain)
}
