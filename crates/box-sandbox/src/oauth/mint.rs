//! Random-looking values from a seed: the same seed gives the same tokens.

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A `SplitMix64` generator. Nothing here guards anything real, so reproducible beats unguessable.
#[derive(Clone, Debug)]
pub struct Mint {
    state: u64,
}

impl Mint {
    /// A generator that starts at `seed`.
    pub fn seeded(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(super) fn alphanumeric(&mut self, length: usize) -> String {
        (0..length)
            .filter_map(|_| {
                let at = usize::try_from(self.next() % 62).ok()?;
                ALPHABET.get(at).copied().map(char::from)
            })
            .collect()
    }

    /// A value from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
