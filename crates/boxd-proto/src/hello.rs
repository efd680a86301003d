//! The 8 bytes with which each side of a connection begins.

/// First bytes of every connection, in both directions.
pub const MAGIC: [u8; 4] = [0xB0, b'X', b'D', 0x0D];

/// The one protocol version there is.
pub const VERSION: u8 = 1;

/// Length of a hello and of its answer.
pub const HELLO_LEN: usize = 8;

/// What a client begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Lowest version that the client speaks.
    pub min: u8,
    /// Highest version that the client speaks.
    pub max: u8,
}

/// What the daemon answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HelloReply {
    /// The version in force from here on; 0 where there is none in common.
    pub chosen: u8,
    /// Lowest version that the daemon speaks.
    pub min: u8,
    /// Highest version that the daemon speaks.
    pub max: u8,
}

/// The peer does not speak this protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the peer does not speak boxd's protocol")]
pub struct NotNative;

impl Hello {
    /// The hello of this crate's version.
    pub const CURRENT: Self = Self { min: VERSION, max: VERSION };

    /// As bytes.
    pub const fn to_bytes(self) -> [u8; HELLO_LEN] {
        let [a, b, c, d] = MAGIC;
        [a, b, c, d, self.min, self.max, 0, 0]
    }

    /// From bytes; the reserved ones are not looked at.
    pub fn from_bytes(bytes: [u8; HELLO_LEN]) -> Result<Self, NotNative> {
        let [a, b, c, d, min, max, _, _] = bytes;
        if [a, b, c, d] == MAGIC { Ok(Self { min, max }) } else { Err(NotNative) }
    }
}

impl HelloReply {
    /// As bytes.
    pub const fn to_bytes(self) -> [u8; HELLO_LEN] {
        let [a, b, c, d] = MAGIC;
        [a, b, c, d, self.chosen, self.min, self.max, 0]
    }

    /// From bytes; the reserved one is not looked at.
    pub fn from_bytes(bytes: [u8; HELLO_LEN]) -> Result<Self, NotNative> {
        let [a, b, c, d, chosen, min, max, _] = bytes;
        if [a, b, c, d] == MAGIC { Ok(Self { chosen, min, max }) } else { Err(NotNative) }
    }
}

/// The daemon's answer to a hello: the highest version in common.
pub fn choose(hello: Hello) -> HelloReply {
    let chosen = if hello.min <= VERSION && VERSION <= hello.max { VERSION } else { 0 };
    HelloReply { chosen, min: VERSION, max: VERSION }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_bytes() {
        assert_eq!(Hello::CURRENT.to_bytes(), [0xB0, 0x58, 0x44, 0x0D, 1, 1, 0, 0]);
        assert_eq!(choose(Hello::CURRENT).to_bytes(), [0xB0, 0x58, 0x44, 0x0D, 1, 1, 1, 0]);
        assert_eq!(Hello::from_bytes(Hello::CURRENT.to_bytes()), Ok(Hello::CURRENT));
        assert_eq!(Hello::from_bytes(*b"GET /v1/"), Err(NotNative));
    }

    #[test]
    fn versions_without_overlap_have_none_in_common() {
        assert_eq!(choose(Hello { min: 2, max: 9 }).chosen, 0);
        assert_eq!(choose(Hello { min: 0, max: 0 }).chosen, 0);
        assert_eq!(choose(Hello { min: 0, max: 255 }).chosen, VERSION);
    }
}
