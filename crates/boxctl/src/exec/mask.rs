//! Hides secrets in a stream of bytes, however it is cut into pieces.

use std::sync::{Arc, PoisonError, RwLock};

use zeroize::Zeroizing;

/// What stands for a secret.
const MASK: &[u8] = b"***";
/// Shorter pieces of base64 could be anything.
const SHORTEST_FORM: usize = 8;

/// The secrets to hide. Cheap to clone; clones share what is added later.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Arc<RwLock<Forms>>);

struct Forms {
    /// Longest first.
    forms: Vec<Zeroizing<Vec<u8>>>,
    /// Whether one of them begins with this byte.
    begins: [bool; 256],
}

impl Default for Forms {
    fn default() -> Self {
        Self { forms: Vec::new(), begins: [false; 256] }
    }
}

/// One stream.
pub(crate) struct Masker {
    secrets: Secrets,
    /// What may yet turn out to be the beginning of a secret.
    held: Zeroizing<Vec<u8>>,
}

impl Secrets {
    /// Hides this from now on: as it is, percent-encoded, and in base64 with anything around it (`Basic`).
    pub(crate) fn add(&self, secret: &str) {
        let mut found = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for form in forms(secret.as_bytes()) {
            if let Some(begins) = form.first().and_then(|first| found.begins.get_mut(usize::from(*first))) {
                *begins = true;
            }
            if !found.forms.contains(&form) {
                found.forms.push(form);
            }
        }
        found.forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }
}

impl Masker {
    pub(crate) fn new(secrets: &Secrets) -> Self {
        Self { secrets: secrets.clone(), held: Zeroizing::default() }
    }

    /// Takes a piece, and appends to `out` what is certain now: all but a tail that a secret may begin with.
    pub(crate) fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        self.held.extend_from_slice(piece);
        self.advance(out, false);
    }

    /// The end of the stream: what is held is no secret.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) {
        self.advance(out, true);
    }

    fn advance(&mut self, out: &mut Vec<u8>, at_end: bool) {
        let secrets = self.secrets.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut rest = self.held.as_slice();
        loop {
            let plain = rest.iter().position(|byte| secrets.begin_with(*byte)).unwrap_or(rest.len());
            let (before, from) = rest.split_at(plain);
            out.extend_from_slice(before);
            rest = from;
            if rest.is_empty() || (!at_end && secrets.may_become(rest)) {
                break;
            }
            let length = secrets.at_front_of(rest);
            let (taken, from) = rest.split_at(length.unwrap_or(1));
            out.extend_from_slice(if length.is_some() { MASK } else { taken });
            rest = from;
        }
        let done = self.held.len() - rest.len();
        drop(secrets);
        self.held.drain(..done);
    }
}

impl Forms {
    fn begin_with(&self, byte: u8) -> bool {
        self.begins.get(usize::from(byte)).is_some_and(|begins| *begins)
    }

    /// Whether more bytes could make a secret of this, or a longer one than it begins with.
    fn may_become(&self, text: &[u8]) -> bool {
        self.forms.iter().any(|form| form.len() > text.len() && form.starts_with(text))
    }

    /// The length of the longest secret that this begins with.
    fn at_front_of(&self, text: &[u8]) -> Option<usize> {
        self.forms.iter().find(|form| text.starts_with(form)).map(|form| form.len())
    }
}

/// How a secret may be written.
fn forms(secret: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut forms = vec![Zeroizing::new(secret.to_vec()), percent_encoded(secret)];
    for before in 0..3 {
        for alphabet in [STANDARD, URL_SAFE] {
            forms.push(within_base64(secret, before, alphabet));
        }
    }
    let mut first = true;
    forms.retain(|form| std::mem::take(&mut first) && !form.is_empty() || form.len() >= SHORTEST_FORM);
    forms
}

/// With everything encoded but unreserved characters (RFC 3986 section 2.3).
fn percent_encoded(secret: &[u8]) -> Zeroizing<Vec<u8>> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or_default();
    let mut encoded = Zeroizing::new(Vec::with_capacity(secret.len() * 3));
    for &byte in secret {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(byte);
        } else {
            encoded.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 0xF)]);
        }
    }
    encoded
}

const STANDARD: [u8; 2] = *b"+/";
const URL_SAFE: [u8; 2] = *b"-_";

/// The characters of a base64 text (RFC 4648) that say nothing but the secret, where it stands `before` bytes (modulo
/// 3) behind the beginning.
fn within_base64(secret: &[u8], before: usize, alphabet: [u8; 2]) -> Zeroizing<Vec<u8>> {
    const BITS: usize = 6;
    let [plus, slash] = alphabet;
    let character = |value: u8| match value {
        0..=25 => b'A' + value,
        26..=51 => b'a' + (value - 26),
        52..=61 => b'0' + (value - 52),
        62 => plus,
        _ => slash,
    };
    let bit = |at: usize| -> u8 {
        let byte = secret.get(at / 8).copied().unwrap_or_default();
        byte >> (7 - at % 8) & 1
    };
    // The first character that holds no bit of what is before the secret begins this many bits into it.
    let skipped = (BITS - before * 8 % BITS) % BITS;
    let starts = (skipped..).step_by(BITS).take_while(|start| start + BITS <= secret.len() * 8);
    let value = |start: usize| (start..start + BITS).fold(0, |value, at| value << 1 | bit(at));
    Zeroizing::new(starts.map(|start| character(value(start))).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn masked(secrets: &[&str], pieces: &[&[u8]]) -> String {
        let known = Secrets::default();
        for secret in secrets {
            known.add(secret);
        }
        let (mut masker, mut out) = (Masker::new(&known), Vec::new());
        for piece in pieces {
            masker.push(piece, &mut out);
        }
        masker.finish(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn secrets_are_hidden_however_they_are_written() {
        let secret = "a/b+secret~token";
        for (text, expected) in [
            ("x a/b+secret~token y", "x *** y"),
            ("a/b+secret~tokena/b+secret~token", "******"),
            ("a/b+secret~toke", "a/b+secret~toke"),
            ("t=a%2Fb%2Bsecret~token;", "t=***;"),
            // "a/b+secret~token", ":a/b+secret~token", "u:a/b+secret~token" in base64.
            ("YS9iK3NlY3JldH50b2tlbg==", "***g=="),
            ("OmEvYitzZWNyZXR+dG9rZW4=", "Om***4="),
            ("dTphL2Irc2VjcmV0fnRva2Vu", "dTp***"),
            ("OmEvYitzZWNyZXR-dG9rZW4", "Om***4"),
        ] {
            assert_eq!(masked(&[secret], &[text.as_bytes()]), expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_a_secret_is_not_held() {
        let secrets = Secrets::default();
        secrets.add("tokentoken");
        let (mut masker, mut out) = (Masker::new(&secrets), Vec::new());
        masker.push(b"Password: ", &mut out);
        assert_eq!(out, b"Password: ");
        masker.push(b"tok", &mut out);
        assert_eq!(out, b"Password: ", "this may be one");
        masker.push(b"a", &mut out);
        assert_eq!(out, b"Password: toka");
    }

    #[test]
    fn a_secret_that_is_added_later_is_hidden_from_then_on() {
        let secrets = Secrets::default();
        let (mut masker, mut out) = (Masker::new(&secrets), Vec::new());
        masker.push(b"second-token ", &mut out);
        secrets.add("second-token");
        masker.push(b"second-token", &mut out);
        assert_eq!(out, b"second-token ***");
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(
            secrets in prop::collection::vec("[ab]{1,6}", 1..4),
            text in "[abc]{0,60}",
            cuts in prop::collection::vec(0_usize..60, 0..12),
        ) {
            let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &text.as_bytes()[cut[0]..cut[1]]).collect();
            prop_assert_eq!(masked(&secrets, &pieces), leftmost_longest(&secrets, &text));
        }
    }

    /// What the masker should do, said as plainly as can be.
    fn leftmost_longest(secrets: &[&str], text: &str) -> String {
        let mut rest = text;
        let mut out = String::new();
        while let Some(first) = rest.chars().next() {
            let found =
                secrets.iter().filter(|secret| rest.starts_with(**secret)).max_by_key(|secret| secret.len());
            let (shown, length) = found.map_or((first.to_string(), 1), |secret| ("***".into(), secret.len()));
            out.push_str(&shown);
            rest = &rest[length..];
        }
        out
    }
}
