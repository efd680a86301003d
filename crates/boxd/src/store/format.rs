//! The bytes of a sealed file's head: who it belongs to, readable without the key, authenticated by it.
//!
//! Layout, little-endian, frozen up to the writer's version so that any boxd can name a newer one:
//! `magic[8] version[1] !version[1] len[1] writer[len]`, then `len[2] body[len]`, then the head's own seal
//! `nonce[12] tag[16]`, then the content's seal `nonce[12] ciphertext[..] tag[16]` up to the end of the file.
//! A member that is added, dropped or reinterpreted, here or in the content, makes a new version.

use boxd_engine::{Binding, Generation, GrantId, Lock, WallTime};

/// First bytes of every sealed file.
const MAGIC: &[u8; 8] = b"boxdseal";
/// The version this code writes. It reads this one and all before it: version 2 added logins that wait, applications
/// that mint their tokens, and whether an import was confirmed.
pub(super) const VERSION: u8 = 2;
/// Which boxd wrote a file.
const WRITER: &str = env!("CARGO_PKG_VERSION");
/// The longest client id or origin: with it every head fits into [`LONGEST`].
const LONGEST_TEXT: usize = 1024;
/// No head is longer than this many bytes.
pub(super) const LONGEST: usize = 4096;

/// What a sealed file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A grant with its tokens.
    Grant,
    /// The note that a grant may have been spent.
    Intent,
    /// The generation counter that a logout leaves.
    Tombstone,
    /// A new login whose user is not verified yet.
    Login {
        /// Whether it may take the place of another user's.
        replace_user: bool,
    },
}

/// The authenticated head of a sealed file. None of it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// What the file holds.
    pub(super) kind: Kind,
    /// The account it belongs to.
    pub(super) account: String,
    /// Which login.
    pub(super) grant: GrantId,
    /// Number of the token in it, or to be spent, or last used.
    pub(super) generation: Generation,
    /// Which key seals it.
    pub(super) key_id: [u8; 8],
    /// The machine it was made on, where that has a stable id.
    pub(super) machine: Option<[u8; 32]>,
    /// When it was made, for people only.
    pub(super) made: WallTime,
    /// To whom the grant may be shown.
    pub(super) binding: Binding,
    /// Bytes of content; what follows them is padding.
    pub(super) content: u32,
}

/// Why a sealed file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Flaw {
    #[error("it is not a file of boxd, or its first bytes were changed")]
    NotOurs,
    #[error("it is cut short")]
    CutShort,
    #[error("boxd {writer} made it, in format {version}; this boxd reads up to format {VERSION}")]
    Newer { version: u8, writer: String },
    #[error("it was sealed with another key")]
    OtherKey,
    #[error("{}", .0.why)]
    Locked(Lock),
    #[error("its bytes were changed after they were sealed")]
    Altered,
    #[error("it belongs to the account {0}")]
    OtherAccount(String),
    #[error("it holds something else than its place asks for")]
    OtherKind,
    #[error("its content cannot be understood: {0}")]
    Content(String),
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

/// A text of the head is longer than any that Box gives out.
#[derive(Debug, thiserror::Error)]
#[error("the client id or the origin of the token url is longer than {LONGEST_TEXT} bytes")]
pub(super) struct TooLong;

impl Header {
    /// Everything before the head's own seal.
    pub(super) fn encode(&self) -> Result<Vec<u8>, TooLong> {
        let mut body = vec![match self.kind {
            Kind::Grant => 1,
            Kind::Intent => 2,
            Kind::Tombstone => 3,
            Kind::Login { replace_user: false } => 4,
            Kind::Login { replace_user: true } => 5,
        }];
        body.extend_from_slice(&self.grant.0);
        body.extend_from_slice(&self.generation.0.to_le_bytes());
        body.extend_from_slice(&self.key_id);
        body.push(u8::from(self.machine.is_some()));
        body.extend_from_slice(&self.machine.unwrap_or_default());
        body.extend_from_slice(&self.made.0.to_le_bytes());
        body.extend_from_slice(&self.content.to_le_bytes());
        for text in [&self.account, &self.binding.client_id, &self.binding.token_origin] {
            let length = u16::try_from(text.len()).ok().filter(|_| text.len() <= LONGEST_TEXT);
            body.extend_from_slice(&length.ok_or(TooLong)?.to_le_bytes());
            body.extend_from_slice(text.as_bytes());
        }
        let mut head = Vec::with_capacity(LONGEST);
        head.extend_from_slice(MAGIC);
        head.extend_from_slice(&[VERSION, !VERSION, u8::try_from(WRITER.len()).unwrap_or(0)]);
        head.extend_from_slice(WRITER.as_bytes());
        head.extend_from_slice(&u16::try_from(body.len()).or(Err(TooLong))?.to_le_bytes());
        head.extend_from_slice(&body);
        Ok(head)
    }

    /// Reads a head, of which nothing is to be believed yet, and tells its length.
    pub(super) fn decode(bytes: &[u8]) -> Result<(Self, usize), Flaw> {
        let mut reader = Reader { rest: bytes };
        let magic: [u8; 8] = reader.array()?;
        let [version, complement, writer] = reader.array()?;
        if magic != *MAGIC || version != !complement {
            return Err(Flaw::NotOurs);
        }
        let writer = reader.text(usize::from(writer))?;
        if !writer.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Flaw::NotOurs);
        }
        if version > VERSION {
            return Err(Flaw::Newer { version, writer });
        }
        if version == 0 {
            return Err(Flaw::NotOurs);
        }
        let length = usize::from(u16::from_le_bytes(reader.array()?));
        let mut body = Reader { rest: reader.take(length)? };
        let header = Self::decode_body(&mut body)?;
        if body.rest.is_empty() { Ok((header, bytes.len() - reader.rest.len())) } else { Err(Flaw::NotOurs) }
    }

    fn decode_body(body: &mut Reader<'_>) -> Result<Self, Flaw> {
        let kind = match body.array()? {
            [1] => Kind::Grant,
            [2] => Kind::Intent,
            [3] => Kind::Tombstone,
            [4] => Kind::Login { replace_user: false },
            [5] => Kind::Login { replace_user: true },
            _ => return Err(Flaw::NotOurs),
        };
        let grant = GrantId(body.array()?);
        let generation = Generation(u64::from_le_bytes(body.array()?));
        let key_id = body.array()?;
        let [bound] = body.array()?;
        let machine = Some(body.array()?).filter(|_| bound != 0);
        let made = WallTime(i64::from_le_bytes(body.array()?));
        let content = u32::from_le_bytes(body.array()?);
        let account = body.counted_text()?;
        let binding = Binding { client_id: body.counted_text()?, token_origin: body.counted_text()? };
        Ok(Self { kind, account, grant, generation, key_id, machine, made, binding, content })
    }
}

/// Takes fields off the front of some bytes.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Flaw> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Flaw::CutShort)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Flaw> {
        self.take(N)?.try_into().or(Err(Flaw::CutShort))
    }

    fn text(&mut self, length: usize) -> Result<String, Flaw> {
        let bytes = self.take(length)?;
        Ok(std::str::from_utf8(bytes).or(Err(Flaw::NotOurs))?.to_owned())
    }

    fn counted_text(&mut self) -> Result<String, Flaw> {
        let length = usize::from(u16::from_le_bytes(self.array()?));
        self.text(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header {
            kind: Kind::Grant,
            account: "work".into(),
            grant: GrantId([7; 16]),
            generation: Generation(41),
            key_id: [9; 8],
            machine: Some([3; 32]),
            made: WallTime(-5),
            binding: Binding { client_id: "id".into(), token_origin: "https://api.box.com".into() },
            content: 99,
        }
    }

    #[test]
    fn a_head_comes_back_and_every_cut_is_noticed() {
        let bytes = header().encode().unwrap();
        assert_eq!(Header::decode(&bytes).unwrap(), (header(), bytes.len()));
        for length in 0..bytes.len() {
            assert!(Header::decode(&bytes[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn a_newer_format_is_told_from_a_flipped_bit() {
        let mut bytes = header().encode().unwrap();
        bytes[8] = VERSION + 1;
        assert_eq!(Header::decode(&bytes).unwrap_err(), Flaw::NotOurs);
        bytes[9] = !(VERSION + 1);
        let newer = Flaw::Newer { version: VERSION + 1, writer: WRITER.into() };
        assert_eq!(Header::decode(&bytes).unwrap_err(), newer);
    }

    #[test]
    fn texts_have_a_limit() {
        let mut long = header();
        long.binding.client_id = "x".repeat(LONGEST_TEXT + 1);
        assert!(long.encode().is_err());
        long.binding.client_id.pop();
        long.binding.token_origin = "x".repeat(LONGEST_TEXT);
        assert!(long.encode().unwrap().len() < LONGEST);
    }
}
