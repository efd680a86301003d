//! Secrets as types: none can be printed, and a refresh token cannot be copied.

use std::{fmt, sync::Arc};

use secrecy::{ExposeSecret as _, SecretString};

/// A Box access token. Cheap to share: many readers are handed the same one.
#[derive(Clone)]
pub struct AccessToken(Arc<SecretString>);

/// A Box refresh token. Not `Clone`: it is moved into the spend that burns it, and comes back with the
/// answer.
pub struct RefreshToken(SecretString);

/// The secret of a Box application.
#[derive(Clone)]
pub struct ClientSecret(Arc<SecretString>);

/// Box's app settings file, whole: it holds a client secret and a private key.
#[derive(Clone)]
pub struct AppSettingsText(Arc<SecretString>);

/// The passphrase of a private key.
#[derive(Clone)]
pub struct Passphrase(Arc<SecretString>);

macro_rules! redacted {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "([secret])"))
            }
        }
        impl $name {
            /// The secret itself, for the wire and the sealed store only.
            pub fn expose(&self) -> &str {
                self.0.expose_secret()
            }
        }
    )*};
}
redacted!(AccessToken, RefreshToken, ClientSecret, AppSettingsText, Passphrase);

/// Whether two are the very same object; the secrets themselves are not compared.
impl PartialEq for AccessToken {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl AccessToken {
    /// Takes the token over; the buffer of `token` is zeroised on drop.
    pub fn new(token: impl Into<Box<str>>) -> Self {
        Self(Arc::new(SecretString::from(token.into())))
    }
}

impl RefreshToken {
    /// Takes the token over; the buffer of `token` is zeroised on drop.
    pub fn new(token: impl Into<Box<str>>) -> Self {
        Self(SecretString::from(token.into()))
    }

    /// A number by which two refresh tokens can be told apart without keeping either.
    pub fn fingerprint(&self) -> u64 {
        use std::hash::{DefaultHasher, Hash as _, Hasher as _};
        let mut hasher = DefaultHasher::new();
        self.expose().hash(&mut hasher);
        hasher.finish()
    }
}

impl ClientSecret {
    /// Takes the secret over; the buffer of `secret` is zeroised on drop.
    pub fn new(secret: impl Into<Box<str>>) -> Self {
        Self(Arc::new(SecretString::from(secret.into())))
    }
}

impl AppSettingsText {
    /// Takes the text over; the buffer of `text` is zeroised on drop.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(Arc::new(SecretString::from(text.into())))
    }
}

impl Passphrase {
    /// Takes the passphrase over; the buffer of `passphrase` is zeroised on drop.
    pub fn new(passphrase: impl Into<Box<str>>) -> Self {
        Self(Arc::new(SecretString::from(passphrase.into())))
    }
}
