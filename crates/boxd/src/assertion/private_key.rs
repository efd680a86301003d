//! What kind of key a PKCS#8 or PKCS#1 structure holds.

use der::{
    AnyRef, Decode as _, Reader as _, SliceReader,
    asn1::{ObjectIdentifier, OctetStringRef, UintRef},
};

use super::KeyError;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The `RSAPrivateKey` inside a `PrivateKeyInfo` (RFC 5958 section 2).
pub(super) fn rsa_inside(pkcs8: &[u8]) -> Result<&[u8], KeyError> {
    AnyRef::from_der(pkcs8)?.sequence(|info| {
        info.decode::<u8>()?;
        let kind = info.decode::<AnyRef<'_>>()?.sequence(|algorithm| {
            let kind = algorithm.decode()?;
            skip_rest(algorithm)?;
            Ok::<ObjectIdentifier, KeyError>(kind)
        })?;
        let key = info.decode::<&OctetStringRef>()?;
        skip_rest(info)?;
        match kind {
            RSA => Ok(key.as_bytes()),
            RSA_PSS => Err(KeyError::NotRsa("an RSA key for PSS signatures alone".to_owned())),
            EC => Err(KeyError::NotRsa("an EC key".to_owned())),
            ED25519 => Err(KeyError::NotRsa("an Ed25519 key".to_owned())),
            other => Err(KeyError::NotRsa(format!("a key of another kind (OID {other})"))),
        }
    })
}

/// The length of the modulus of an `RSAPrivateKey` (RFC 8017 appendix A.1.2), in bits.
pub(super) fn rsa_bits(pkcs1: &[u8]) -> Result<usize, KeyError> {
    AnyRef::from_der(pkcs1)?.sequence(|key| {
        key.decode::<u8>()?;
        let modulus = key.decode::<UintRef<'_>>()?.as_bytes();
        skip_rest(key)?;
        let unused = modulus.first().map_or(0, |byte| byte.leading_zeros());
        Ok((8 * modulus.len()).saturating_sub(usize::try_from(unused).unwrap_or(0)))
    })
}

pub(super) fn skip_rest(reader: &mut SliceReader<'_>) -> Result<(), KeyError> {
    let rest = reader.remaining_len();
    reader.read_slice(rest)?;
    Ok(())
}
