//! The forms in which a key may stand in a credential or a keyring: raw, hexadecimal or Base64.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::{KEY_LEN, SealingKey};

/// What a key looks like; for messages.
pub(super) const FORMS: &str = "32 raw bytes, or these in hexadecimal or Base64";

/// Reads a key: exactly 32 bytes are the key itself; 64 hexadecimal digits or 44 characters of Base64 stand for it,
/// with or without a final newline.
pub(super) fn parse(bytes: &[u8]) -> Option<SealingKey> {
    if let Some(key) = SealingKey::from_slice(bytes) {
        return Some(key);
    }
    let text = bytes.trim_ascii();
    // Room for what Base64 may need in between.
    let mut raw = Zeroizing::new([0_u8; KEY_LEN + 4]);
    if text.len() == 2 * KEY_LEN {
        for (byte, digits) in raw.iter_mut().zip(text.chunks_exact(2)) {
            let [high, low] = digits else { return None };
            let value =
                |digit: &u8| char::from(*digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
            *byte = value(high)? << 4 | value(low)?;
        }
        return SealingKey::from_slice(raw.get(..KEY_LEN)?);
    }
    let length = STANDARD.decode_slice(text, &mut *raw).ok()?;
    SealingKey::from_slice(raw.get(..length)?)
}

/// The hexadecimal form.
pub(super) fn hexadecimal(key: &SealingKey) -> Zeroizing<String> {
    // No growing, which would leave copies behind.
    let mut text = Zeroizing::new(String::with_capacity(2 * KEY_LEN));
    for byte in key.bytes() {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_in_every_form_and_in_no_other() {
        let key = SealingKey::from_bytes(std::array::from_fn(|place| u8::try_from(place * 7).unwrap()));
        let hex = hexadecimal(&key);
        assert!(hex.starts_with("00070e15"), "{}", *hex);
        let base64 = STANDARD.encode(key.bytes());
        for form in
            [key.bytes().to_vec(), hex.as_bytes().to_vec(), hex.to_uppercase().into(), base64.clone().into()]
        {
            assert_eq!(parse(&form).unwrap().bytes(), key.bytes());
        }
        assert_eq!(parse(format!("{base64}\n").as_bytes()).unwrap().bytes(), key.bytes());
        for bad in ["", "short", &hex[1..], &format!("{}g", &hex[1..]), &base64[1..], &format!("{}00", *hex)]
        {
            assert!(parse(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
