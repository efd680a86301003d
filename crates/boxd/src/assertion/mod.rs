//! JWT assertions, with which an application proves to Box who it is (RFC 7523; Box: guide "JWT without SDKs").
//!
//! Nothing here reads a clock, a file or a network, and nothing draws a random number: the present and the
//! randomness come in as parameters.

mod algorithm;
mod key_error;
mod pbes2;
mod pem;
mod private_key;
mod sign;
mod signing_key;
mod subject;
#[cfg(test)]
mod tests;

pub use boxd_engine::Subject;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use key_error::KeyError;
pub use sign::{AUDIENCE, Assertion, Claims, LIFE, SignError};
pub use signing_key::SigningKey;
pub(crate) use subject::parts;
