//! Keys that `openssl` made (`keys/README`), opened and used.

mod crafted;
mod opening;
mod refusals;
mod signing;

/// What opens every encrypted key of `keys/`.
const PASSPHRASE: &str = "correct horse battery";

/// A key of `keys/`.
macro_rules! key {
    ($name:literal) => {
        include_str!(concat!("keys/", $name, ".pem"))
    };
}
use key;
