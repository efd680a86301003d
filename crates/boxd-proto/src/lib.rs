//! Messages and codec of the native protocol between `boxd` and local programs, and where its socket is.
//!
//! This page is the protocol's specification: a program in any language can speak it with a Unix stream
//! socket and the rules below. (Programs that prefer HTTP and JSON use the other protocol of the same socket.)
//!
//! # A connection
//! 1. The client sends an 8-byte **hello**: `B0 58 44 0D`, its lowest version, its highest version, `00 00`.
//!    The first byte is outside ASCII, which is how the daemon tells the protocols apart.
//! 2. The daemon answers 8 bytes: `B0 58 44 0D`, the version chosen (the highest that both know, or `00`
//!    where there is none, after which it closes), its own lowest and highest version, `00`.
//! 3. Then the client sends requests and the daemon answers each, in order, one after another. A client need
//!    not wait for the answer to its hello before it sends its first request, but while no version is chosen
//!    that request must be one of its lowest version. Receivers ignore the bytes that are `00` here.
//!
//! There is one version so far: [`VERSION`]. Either side may close between two frames; a connection that
//! breaks inside one tells nothing about whether the request was done. Before it sends anything secret, a
//! client makes sure by the kernel's word (`SO_PEERCRED`) that the server is its own user, root, or the owner
//! of the socket's directory, which nobody else can write. On Windows the socket is a named pipe in byte mode, and the
//! server's process (`GetNamedPipeServerProcessId`) must run as the same user or as the system.
//!
//! # Frames
//! A frame is a length as a little-endian `u32`, then that many bytes of body, at most [`MAX_FRAME`]. The body
//! is one [`Request`] or one [`Response`]; bytes left over are an error. A request is answered by one frame,
//! except `Status`, `Accounts`, `Metrics`, `Probe`, `Audit`, `Watch` and `OpenTokenEndpoint`: those are answered by any number of
//! frames and then [`Response::End`] (or by one [`Response::Error`], at any point in place of the rest). The last two go on
//! until the client closes the connection; where nothing happens for 15 s the daemon sends a [`Response::Heartbeat`].
//!
//! An `Api` is answered by [`Response::ApiHead`], any number of [`Response::ApiBody`] and [`Response::End`], with
//! heartbeats among them; a [`Response::Error`] in place of any of these means that the answer is not whole. Where its
//! body is [`ApiRequestBody::Streamed`], the client sends that body as [`Request::ApiBody`] frames right after it,
//! and nothing else until the one that is `last`. Both sides send and receive at the same time: the answer may begin,
//! or even end, before the body does. Where it ends before, the daemon closes the connection after it.
//!
//! # Bodies
//! | type | bytes |
//! | --- | --- |
//! | `u8`, `bool` | one byte; a `bool` is `00` or `01` |
//! | `u16`, `u32`, `u64`, `i64` | 2, 4 or 8 bytes, little-endian (two's complement) |
//! | `String`, [`Secret`] | length in bytes as `u64`, then UTF-8 |
//! | `Option<T>` | `00`, or `01` and the `T` |
//! | [`Piece`] | number of bytes as `u64`, then the bytes |
//! | `Vec<T>` | number of items as `u64`, then the items |
//! | `[T; N]` | the items |
//! | `Box<T>` | as `T` |
//! | struct | its fields, in the order in which they are documented |
//! | enum | the index of the variant (from 0, in the order of documentation) as `u32`, then its fields |
//!
//! Any other byte for a `bool` or an `Option`'s mark, an index without a variant and text that is not UTF-8 are
//! errors, so every message has exactly one form. Dates are seconds since the Unix epoch.
//!
//! (This is the layout of bincode 1's `serialize` and of bincode 2's `config::legacy()`.)
//!
//! # Compatibility
//! Variants are only ever added at the end of an enum; fields of a struct never change within a version.
//! A daemon that does not understand a frame answers [`Code::BadRequest`] and closes.
//!
//! # Example
//! A request for the default account's token, with hello, as one write of 26 bytes:
//! ```text
//! B0 58 44 0D 01 01 00 00        hello, versions 1 to 1
//! 0E 00 00 00                    14 bytes follow
//! 00 00 00 00                    Request::Token
//! 00                             account: None
//! 00 00 00 00                    min_ttl_seconds: 0
//! 00 00 00 00                    rejected: No
//! 00                             wait_millis: None
//! ```
#![forbid(unsafe_code)]

mod codec;
pub mod endpoint;
mod error;
mod fingerprint;
mod hello;
mod message;
mod piece;
mod secret;
mod token_endpoint;

pub use codec::{DecodeError, EncodeError, FRAME_HEADER, MAX_FRAME, decode, encode, frame_len};
pub use error::{Code, Problem};
pub use fingerprint::Fingerprints;
pub use hello::{HELLO_LEN, Hello, HelloReply, MAGIC, NotNative, VERSION, choose};
pub use message::*;
pub use piece::Piece;
pub use secret::Secret;
pub use token_endpoint::{OpenTokenEndpoint, TokenEndpoint};
