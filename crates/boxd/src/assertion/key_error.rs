//! Why a private key cannot be used, each with the next step.

/// The command that turns any older form into one that is understood (openssl-pkcs8(1)).
const CONVERT: &str = "convert it with `openssl pkcs8 -topk8 -v2 aes256 -in old.pem -out new.pem`";
/// What Box's guide "JWT setup" makes.
const GENERATE: &str = "generate an RSA key of 2048 bits in Box's developer console";

/// Why a private key cannot be used. It never quotes the key or the passphrase.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No PEM text.
    #[error(
        "there is no private key in PEM form: give all of it, from the line -----BEGIN … PRIVATE KEY----- to \
         the line -----END … PRIVATE KEY-----"
    )]
    NotPem,
    /// A PEM text that is cut off or garbled.
    #[error("the private key is damaged ({0}): copy all of it anew, or {GENERATE}")]
    Damaged(&'static str),
    /// PEM encryption of its own (`DEK-Info`), whose key derivation is one round of MD5.
    #[error("the private key is encrypted in the legacy PEM format (DEK-Info): {CONVERT} and use new.pem")]
    Legacy,
    /// An encryption other than PBES2 with PBKDF2 or scrypt and AES-CBC or 3DES, by its OID.
    #[error(
        "the private key is encrypted in a way that is not supported (OID {0}): {CONVERT} and use new.pem"
    )]
    Encryption(String),
    /// A key derivation that would take minutes or hundreds of megabytes.
    #[error("deriving the key from the passphrase would cost too much ({0}): {CONVERT} and use new.pem")]
    Costly(String),
    /// It is encrypted, and there is no passphrase.
    #[error("the private key is encrypted, and no passphrase is given: set `passphrase` of the account")]
    PassphraseMissing,
    /// The passphrase does not open it.
    #[error(
        "the passphrase does not open the private key: give the passphrase that belongs to this key, which \
         Box shows only once, or {GENERATE}"
    )]
    PassphraseWrong,
    /// A public key, certificate or the like.
    #[error("this is {0}, not a private key: Box keeps the public half, give the private key here")]
    NotPrivate(&'static str),
    /// A key that is not RSA.
    #[error("this is {0}, and Box takes RSA keys only: {GENERATE}")]
    NotRsa(String),
    /// An RSA key with too few bits.
    #[error("the RSA key has {0} bits, and Box wants at least 2048: {GENERATE}")]
    TooShort(usize),
    /// An RSA key with too many bits.
    #[error("the RSA key has {0} bits, and more than 4096 are not supported: {GENERATE}")]
    TooLong(usize),
    /// An RSA key whose numbers do not fit each other, or that is otherwise unusual.
    #[error("the RSA key cannot be used ({0}): {GENERATE}")]
    Unusable(String),
}

impl From<der::Error> for KeyError {
    fn from(_error: der::Error) -> Self {
        Self::Damaged("its structure cannot be read")
    }
}
