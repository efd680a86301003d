//! Frames and bodies as bytes; the only file that names bincode.

use bincode::config::{Configuration, Fixint, Limit, LittleEndian};
use serde::{Serialize, de::DeserializeOwned};

/// Most bytes that a frame's body may have.
pub const MAX_FRAME: usize = 64 * 1024;

/// Bytes of length before each body.
pub const FRAME_HEADER: usize = 4;

/// The limit bounds what a hostile length can make the decoder allocate.
const CONFIG: Configuration<LittleEndian, Fixint, Limit<MAX_FRAME>> =
    bincode::config::legacy().with_limit::<MAX_FRAME>();

/// A frame that cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The length exceeds [`MAX_FRAME`].
    #[error("a frame of {0} bytes exceeds the limit of {MAX_FRAME}")]
    TooLong(usize),
    /// The body is no message of this version.
    #[error("the frame holds no message of this protocol version: {0}")]
    Malformed(String),
    /// The body goes on after its message.
    #[error("{0} bytes follow the message in its frame")]
    Trailing(usize),
}

/// A message that is too large to send.
#[derive(Debug, thiserror::Error)]
#[error("the message does not fit into a frame: {0}")]
pub struct EncodeError(String);

/// Appends `message` as one frame to `buffer`. On an error the buffer is as before.
pub fn encode<T: Serialize>(message: &T, buffer: &mut Vec<u8>) -> Result<(), EncodeError> {
    let start = buffer.len();
    buffer.extend_from_slice(&[0; FRAME_HEADER]);
    let written = bincode::serde::encode_into_std_write(message, buffer, CONFIG);
    let length = buffer.len() - start - FRAME_HEADER;
    match (written, u32::try_from(length)) {
        (Ok(_), Ok(header)) if length <= MAX_FRAME => {
            if let Some(place) = buffer.get_mut(start..start + FRAME_HEADER) {
                place.copy_from_slice(&header.to_le_bytes());
            }
            Ok(())
        }
        (written, _) => {
            buffer.truncate(start);
            Err(EncodeError(
                written.err().map_or_else(|| format!("{length} bytes"), |error| error.to_string()),
            ))
        }
    }
}

/// The body's length as a frame's header tells it; checked before anything is allocated.
pub fn frame_len(header: [u8; FRAME_HEADER]) -> Result<usize, DecodeError> {
    let length = usize::try_from(u32::from_le_bytes(header)).unwrap_or(usize::MAX);
    if length <= MAX_FRAME { Ok(length) } else { Err(DecodeError::TooLong(length)) }
}

/// The message in a frame's body, which it must fill.
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, DecodeError> {
    if body.len() > MAX_FRAME {
        return Err(DecodeError::TooLong(body.len()));
    }
    let (message, consumed) = bincode::serde::decode_from_slice(body, CONFIG)
        .map_err(|error| DecodeError::Malformed(error.to_string()))?;
    match body.len() - consumed {
        0 => Ok(message),
        rest => Err(DecodeError::Trailing(rest)),
    }
}
