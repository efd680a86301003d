//! By what a refresh token can be told from others without being shown.

use serde::{Deserialize, Serialize};

/// Fingerprints of refresh tokens that lie elsewhere, to be compared with those that the daemon holds: SipHash-2-4
/// (Aumasson and Bernstein, 2012) under a key that is drawn for each request. A token itself is never sent for this.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprints {
    /// Without it, and after the request, a fingerprint means nothing.
    pub key: [u8; 16],
    /// One for each token; at most [`Fingerprints::MOST`].
    pub of_tokens: Vec<u64>,
}

impl Fingerprints {
    /// So many are compared in one request.
    pub const MOST: usize = 256;

    /// The fingerprint of a token.
    pub fn of(key: [u8; 16], token: &str) -> u64 {
        let mut state = State::new(key);
        let (words, rest) = token.as_bytes().as_chunks::<8>();
        for word in words {
            state.absorb(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        // The length, modulo 256, is the last byte.
        let length = u64::try_from(token.len()).unwrap_or_default();
        state.absorb(u64::from_le_bytes(last) | length << 56);
        state.finish()
    }
}

/// The four words of the algorithm's state.
struct State([u64; 4]);

impl State {
    fn new(key: [u8; 16]) -> Self {
        let number = u128::from_le_bytes(key);
        let half = |number: u128| u64::try_from(number & u128::from(u64::MAX)).unwrap_or_default();
        let (k0, k1) = (half(number), half(number >> 64));
        Self([
            k0 ^ 0x736f_6d65_7073_6575,
            k1 ^ 0x646f_7261_6e64_6f6d,
            k0 ^ 0x6c79_6765_6e65_7261,
            k1 ^ 0x7465_6462_7974_6573,
        ])
    }

    fn absorb(&mut self, word: u64) {
        self.0[3] ^= word;
        self.round();
        self.round();
        self.0[0] ^= word;
    }

    fn finish(mut self) -> u64 {
        self.0[2] ^= 0xff;
        for _ in 0..4 {
            self.round();
        }
        self.0.into_iter().fold(0, |sum, word| sum ^ word)
    }

    fn round(&mut self) {
        let [mut v0, mut v1, mut v2, mut v3] = self.0;
        v0 = v0.wrapping_add(v1);
        v1 = v1.rotate_left(13) ^ v0;
        v0 = v0.rotate_left(32);
        v2 = v2.wrapping_add(v3);
        v3 = v3.rotate_left(16) ^ v2;
        v0 = v0.wrapping_add(v3);
        v3 = v3.rotate_left(21) ^ v0;
        v2 = v2.wrapping_add(v1);
        v1 = v1.rotate_left(17) ^ v2;
        v2 = v2.rotate_left(32);
        self.0 = [v0, v1, v2, v3];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of the reference implementation, as far as they are text: inputs are 00, 01, 02 and so on.
    #[test]
    fn the_vectors_of_the_reference() {
        let key: [u8; 16] = std::array::from_fn(|index| u8::try_from(index).unwrap());
        let input = |length: u8| (0..length).map(char::from).collect::<String>();
        assert_eq!(Fingerprints::of(key, &input(0)), 0x726f_db47_dd0e_0e31);
        assert_eq!(Fingerprints::of(key, &input(1)), 0x74f8_39c5_93dc_67fd);
        assert_eq!(Fingerprints::of(key, &input(8)), 0x93f5_f579_9a93_2462);
        assert_eq!(Fingerprints::of(key, &input(15)), 0xa129_ca61_49be_45e5);
    }

    #[test]
    fn another_key_is_another_fingerprint() {
        assert_ne!(Fingerprints::of([0; 16], "token"), Fingerprints::of([1; 16], "token"));
    }
}
