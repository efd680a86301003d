//! Seals and opens files: ChaCha20-Poly1305 (RFC 8439) with the head as associated data.

use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand::{SecureRandom as _, SystemRandom},
};
use zeroize::Zeroizing;

use super::{
    format::{Flaw, Header, TooLong},
    key::{KEY_LEN, SealingKey},
};
use crate::platform::{LockedMemory, scrub_stack};

const TAG_LEN: usize = 16;
/// Nonce and tag of the head, nonce and tag of the content.
const OVERHEAD: usize = 2 * (NONCE_LEN + TAG_LEN);
/// Sealed grants are a multiple of this many bytes: a usual block of a file system.
const BLOCK: usize = 4096;
/// Room that every grant leaves, so that its successor fits into the same file with longer tokens.
const SLACK: usize = 4096;

/// Why nothing could be sealed.
#[derive(Debug, thiserror::Error)]
pub(super) enum SealError {
    #[error(transparent)]
    TooLong(#[from] TooLong),
    #[error("the content is too large for its file")]
    TooLarge,
    #[error("the system gives no random bytes")]
    NoRandomness,
}

/// How large a sealed file is made.
#[derive(Clone, Copy, Debug)]
pub(super) enum Size {
    /// No larger than needed.
    Least,
    /// Whole blocks, with room for a longer successor.
    Roomy,
    /// Exactly this many bytes.
    Exactly(usize),
}

/// A file that opened.
pub(super) struct Opened {
    pub(super) header: Header,
    /// The content without its padding.
    pub(super) content: Zeroizing<Vec<u8>>,
}

/// Why a file did not open.
#[derive(Clone, Debug)]
pub(super) struct Unopened {
    pub(super) flaw: Flaw,
    /// The head, where that much is authentic.
    pub(super) header: Option<Box<Header>>,
}

/// A key, ready for use. The cipher has it as it is, in memory of its own.
pub(super) struct Sealer {
    key: LockedMemory<LessSafeKey>,
    key_id: [u8; 8],
    random: SystemRandom,
}

impl Sealer {
    /// `None` where the key's length is wrong, which its type rules out.
    pub(super) fn new(key: &SealingKey) -> Option<Self> {
        let key_id = key.id().0;
        let key = LockedMemory::of(|| {
            let unbound = UnboundKey::new(&CHACHA20_POLY1305, key.bytes()).ok()?;
            Some(LessSafeKey::new(unbound))
        })?;
        Some(Self { key, key_id, random: SystemRandom::new() })
    }

    /// Whether the key stays out of swap space and core files; the system's reason where not.
    pub(super) fn locked(&self) -> Result<(), &str> {
        self.key.locked()
    }

    /// A name of the key that tells nothing about it.
    pub(super) fn key_id(&self) -> [u8; 8] {
        self.key_id
    }

    /// How large [`Size::Roomy`] makes a file with this head and content.
    pub(super) fn roomy(head: usize, content: usize) -> usize {
        (head + OVERHEAD + content + SLACK).next_multiple_of(BLOCK)
    }

    /// Seals `content` under `header`, whose key id and content length are filled in.
    pub(super) fn seal(&self, mut header: Header, content: &[u8], size: Size) -> Result<Vec<u8>, SealError> {
        header.key_id = self.key_id;
        header.content = u32::try_from(content.len()).or(Err(SealError::TooLarge))?;
        let head = header.encode()?;
        let least = head.len() + OVERHEAD + content.len();
        let total = match size {
            Size::Least => least,
            Size::Roomy => Self::roomy(head.len(), content.len()),
            Size::Exactly(total) => total,
        };
        let padding = total.checked_sub(least).ok_or(SealError::TooLarge)?;

        // Wiped on every way out, since it holds the content in the clear for a moment.
        let mut file = Zeroizing::new(Vec::with_capacity(total));
        file.extend_from_slice(&head);
        let (nonce, tag) = self.seal_in_place(&head, &mut [])?;
        file.extend_from_slice(&nonce);
        file.extend_from_slice(&tag);
        let start = file.len() + NONCE_LEN;
        file.extend_from_slice(&[0; NONCE_LEN]);
        file.extend_from_slice(content);
        file.resize(start + content.len() + padding, 0);
        let (before, body) = file.split_at_mut_checked(start).ok_or(SealError::TooLarge)?;
        let (nonce, tag) = self.seal_in_place(&head, body)?;
        let place = before.last_chunk_mut().ok_or(SealError::TooLarge)?;
        *place = nonce;
        file.extend_from_slice(&tag);
        Ok(std::mem::take(&mut *file))
    }

    fn seal_in_place(
        &self,
        head: &[u8],
        body: &mut [u8],
    ) -> Result<([u8; NONCE_LEN], [u8; TAG_LEN]), SealError> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).or(Err(SealError::NoRandomness))?;
        let tag =
            self.key.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(head), body);
        // The cipher works on copies of the key.
        scrub_stack();
        let tag = tag.or(Err(SealError::TooLarge))?;
        Ok((nonce, tag.as_ref().try_into().or(Err(SealError::TooLarge))?))
    }

    /// The head of a file, if it is authentic; its first [`super::format::LONGEST`] bytes are enough.
    pub(super) fn open_head(&self, file: &[u8]) -> Result<(Header, usize), Flaw> {
        let (header, length) = Header::decode(file)?;
        if header.key_id != self.key_id {
            return Err(Flaw::OtherKey);
        }
        let (head, rest) = file.split_at_checked(length).ok_or(Flaw::CutShort)?;
        let (seal, _) = rest.split_at_checked(NONCE_LEN + TAG_LEN).ok_or(Flaw::CutShort)?;
        self.open_in_place(head, &mut seal.to_vec())?;
        Ok((header, length))
    }

    /// Opens the file of `account`.
    pub(super) fn open(&self, file: Vec<u8>, account: &str) -> Result<Opened, Unopened> {
        let mut file = Zeroizing::new(file);
        let (header, length) = self.open_head(&file).map_err(|flaw| Unopened { flaw, header: None })?;
        match self.open_content(&mut file, &header, length, account) {
            Ok(()) => Ok(Opened { header, content: file }),
            Err(flaw) => Err(Unopened { flaw, header: Some(Box::new(header)) }),
        }
    }

    /// Leaves nothing but the content in `file`.
    fn open_content(
        &self,
        file: &mut Vec<u8>,
        header: &Header,
        length: usize,
        account: &str,
    ) -> Result<(), Flaw> {
        if header.account != account {
            return Err(Flaw::OtherAccount(header.account.clone()));
        }
        let start = length + NONCE_LEN + TAG_LEN;
        let (head, rest) = file.split_at_mut_checked(start).ok_or(Flaw::CutShort)?;
        let head = head.get(..length).ok_or(Flaw::CutShort)?;
        self.open_in_place(head, rest)?;
        let content = usize::try_from(header.content).or(Err(Flaw::CutShort))?;
        let begin = start + NONCE_LEN;
        if file.len() < begin + content + TAG_LEN {
            return Err(Flaw::CutShort);
        }
        file.copy_within(begin..begin + content, 0);
        file.truncate(content);
        Ok(())
    }

    /// Opens `nonce ciphertext tag`; the plain text stays behind the nonce.
    fn open_in_place(&self, head: &[u8], sealed: &mut [u8]) -> Result<(), Flaw> {
        let (nonce, body) = sealed.split_first_chunk_mut::<NONCE_LEN>().ok_or(Flaw::CutShort)?;
        if body.len() < TAG_LEN {
            return Err(Flaw::CutShort);
        }
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.key.open_in_place(nonce, Aad::from(head), body).map(|_content| ());
        scrub_stack();
        opened.or(Err(Flaw::Altered))
    }
}

const _: () = assert!(KEY_LEN == 32, "ChaCha20-Poly1305 takes keys of 256 bits");
