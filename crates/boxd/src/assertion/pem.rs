//! PEM as people's files hold it (RFC 7468 section 3, "lax"): with other line lengths, text around it, or `\n`
//! spelled out, as happens on the way through an environment variable.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::KeyError;

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

/// A PEM text, taken apart but not decoded.
pub(super) struct Block<'t> {
    /// What stands behind `BEGIN`.
    pub(super) label: &'t str,
    body: &'t str,
}

/// The text with `\n` and `\r` that are spelled out as line ends. The buffer never moves, and leaves no copy.
pub(super) fn unescaped(text: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    for (at, line) in text.split("\\n").enumerate() {
        if at > 0 {
            plain.push('\n');
        }
        plain.extend(line.split("\\r"));
    }
    plain
}

impl<'t> Block<'t> {
    /// The first private key in a text, else whatever comes first: parameters may precede a key.
    pub(super) fn find(text: &'t str) -> Result<Self, KeyError> {
        let mut first = None;
        let mut rest = text;
        while let Some((_, after)) = rest.split_once(BEGIN) {
            let block = Self::starting(after)?;
            if block.label.ends_with("PRIVATE KEY") {
                return Ok(block);
            }
            first = first.or(Some(block));
            rest = after;
        }
        first.ok_or(KeyError::NotPem)
    }

    fn starting(after_begin: &'t str) -> Result<Self, KeyError> {
        let (label, after) = after_begin.split_once(DASHES).ok_or(KeyError::NotPem)?;
        let end = format!("-----END {label}{DASHES}");
        let (body, _) = after.split_once(&end).ok_or(KeyError::Damaged("its END line is missing"))?;
        Ok(Self { label, body })
    }

    /// Whether PEM's own encryption was used (RFC 1421 section 4.6.1.3).
    pub(super) fn is_legacy(&self) -> bool {
        self.body.contains("DEK-Info:")
    }

    /// The bytes within.
    pub(super) fn decode(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let mut compact = Zeroizing::new(Vec::with_capacity(self.body.len()));
        compact.extend(self.body.bytes().filter(|byte| !byte.is_ascii_whitespace()));
        // As long as the text, so that the buffer never moves and leaves no copy.
        let mut bytes = Zeroizing::new(Vec::with_capacity(compact.len()));
        STANDARD
            .decode_vec(compact.as_slice(), &mut bytes)
            .map_err(|_position| KeyError::Damaged("its Base64 cannot be read"))?;
        Ok(bytes)
    }
}
