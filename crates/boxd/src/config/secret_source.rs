//! Where a secret comes from, and how it is read.

use std::{
    ffi::OsString,
    fmt,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    time::Duration,
};

use boxd_engine::ClientSecret;
use zeroize::Zeroizing;

use super::command;

/// Longest secret that is read, in bytes.
const SECRET_LIMIT: u64 = 64 * 1024;
/// A command that asks a person would hold up a renewal; one that only looks something up is quick.
const COMMAND_DEADLINE: Duration = Duration::from_secs(10);

/// Where systemd puts a service's credentials (systemd.exec(5)).
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Where a secret comes from. A reference is read at start, on reload and after `invalid_client`.
#[derive(Clone, Debug)]
pub enum SecretSource {
    /// It stands in the config file.
    Inline(ClientSecret),
    /// A file.
    File(PathBuf),
    /// A variable of the environment.
    Env(String),
    /// The standard output of a command, run without a shell.
    Command(Vec<String>),
    /// A file in `$CREDENTIALS_DIRECTORY` (systemd.exec(5), "Credentials").
    Credential(String),
}

/// Why a secret could not be read. It never quotes one.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// A file that cannot be read.
    #[error("secret file {}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
    /// A variable that is not set.
    #[error("the environment variable {0} is not set{hint}", hint = hint(.0))]
    NotSet(String),
    /// A command that failed.
    #[error("secret command `{program}`: {reason}")]
    Command {
        /// Its first word.
        program: String,
        /// What happened, with the end of its standard error.
        reason: String,
    },
    /// Nothing but a line's end, or no text.
    #[error("the secret from {0} is empty or not UTF-8 text")]
    NoText(String),
}

fn hint(variable: &str) -> &'static str {
    match variable {
        CREDENTIALS => " (systemd sets it for a service that has LoadCredential= or SetCredential=)",
        _ => "",
    }
}

/// What reading a secret depends on besides the source.
pub struct Surroundings<'a> {
    /// Looks a variable of the environment up.
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// How long a command may take.
    pub command_deadline: Duration,
}

impl SecretSource {
    /// Reads the secret. It blocks: up to 10 s where a command is run.
    pub fn read(&self) -> Result<ClientSecret, SecretError> {
        let variable = |name: &str| std::env::var_os(name);
        self.read_in(&Surroundings { variable: &variable, command_deadline: COMMAND_DEADLINE })
    }

    /// Reads the secret in given surroundings.
    pub fn read_in(&self, surroundings: &Surroundings<'_>) -> Result<ClientSecret, SecretError> {
        let bytes = match self {
            Self::Inline(secret) => return Ok(secret.clone()),
            Self::File(path) => {
                warn_if_exposed(path);
                read_file(path)?
            }
            Self::Env(name) => {
                let value = (surroundings.variable)(name).ok_or_else(|| SecretError::NotSet(name.clone()))?;
                Zeroizing::new(value.into_encoded_bytes())
            }
            Self::Command(words) => {
                command::output(words, surroundings.command_deadline).map_err(|reason| {
                    SecretError::Command { program: words.first().cloned().unwrap_or_default(), reason }
                })?
            }
            Self::Credential(name) => {
                let directory = (surroundings.variable)(CREDENTIALS)
                    .ok_or_else(|| SecretError::NotSet(CREDENTIALS.to_owned()))?;
                read_file(&Path::new(&directory).join(name))?
            }
        };
        text_of(&bytes).ok_or_else(|| SecretError::NoText(self.to_string()))
    }
}

/// Where it is, never what it is.
impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline(_) => f.write_str("the config file"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::Command(words) => write!(f, "command `{}`", words.first().map_or("", String::as_str)),
            Self::Credential(name) => write!(f, "credential {name}"),
        }
    }
}

/// The text without one final line's end.
fn text_of(bytes: &[u8]) -> Option<ClientSecret> {
    let text = std::str::from_utf8(bytes).ok()?;
    let text = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    (!text.is_empty()).then(|| ClientSecret::new(text))
}

fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    let unreadable = |reason: String| SecretError::File { path: path.to_owned(), reason };
    let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    let length = file.metadata().map(|metadata| metadata.len()).unwrap_or_default();
    // Room for all of it, so that no copy is left behind by a buffer that grew.
    let room = usize::try_from(length.min(SECRET_LIMIT)).unwrap_or_default().saturating_add(64);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    let read = file.take(SECRET_LIMIT + 1).read_to_end(&mut bytes);
    match read.map(|read| u64::try_from(read).unwrap_or(u64::MAX)) {
        Ok(read) if read > SECRET_LIMIT => Err(unreadable("larger than 64 KiB".to_owned())),
        Ok(_) => Ok(bytes),
        Err(error) => Err(unreadable(error.to_string())),
    }
}

/// Containers mount their secrets readable by all, so this is no error.
#[cfg(unix)]
fn warn_if_exposed(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).map(|metadata| metadata.permissions().mode() & 0o7777);
    if let Ok(mode) = mode
        && mode & 0o004 != 0
    {
        tracing::warn!("secret file {} can be read by everybody (mode {mode:04o})", path.display());
    }
}

#[cfg(not(unix))]
fn warn_if_exposed(_path: &Path) {}
