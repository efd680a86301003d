//! The bytes that an import reads, and where they came from.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use boxd_client::Code;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Largest file that is read, in bytes: an rclone.conf or a list of environments may hold many entries.
const LARGEST: u64 = 1024 * 1024;

/// What was read. Wiped when dropped.
pub(super) struct Source {
    bytes: Zeroizing<Vec<u8>>,
    origin: Origin,
}

/// Where it came from.
pub(super) enum Origin {
    File(PathBuf),
    Stdin,
    Keyring,
}

impl Source {
    /// Reads a file, or stdin for `-`.
    pub(super) fn read(file: &Path) -> Result<Self, Failure> {
        if file == Path::new("-") {
            return Self::of(std::io::stdin(), Origin::Stdin);
        }
        let origin = Origin::File(file.to_owned());
        match File::open(file) {
            Ok(opened) => Self::of(opened, origin),
            Err(error) => Err(unreadable(&origin, &error.to_string())),
        }
    }

    /// Reads to the end.
    pub(super) fn of(reader: impl Read, origin: Origin) -> Result<Self, Failure> {
        // Room for all of it at once: a buffer that grows leaves copies of the secrets behind.
        let room = usize::try_from(LARGEST + 1).unwrap_or_default();
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        match reader.take(LARGEST + 1).read_to_end(&mut bytes) {
            Ok(length) if u64::try_from(length).unwrap_or(u64::MAX) > LARGEST => {
                Err(unreadable(&origin, "it is too large to be an import file"))
            }
            Ok(_) => Ok(Self { bytes, origin }),
            Err(error) => Err(unreadable(&origin, &error.to_string())),
        }
    }

    /// Everything as it was read.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Everything as text, without the byte order mark that Windows editors put in front.
    pub(super) fn text(&self) -> Result<&str, Failure> {
        match std::str::from_utf8(&self.bytes) {
            Ok(text) => Ok(text.trim_start_matches('\u{FEFF}')),
            Err(_invalid) => Err(Failure::usage(
                format!("{} is not text in UTF-8", self.origin.name()),
                "save it as UTF-8 (a redirect of an old PowerShell writes UTF-16), or name another file",
            )),
        }
    }

    /// Where it came from.
    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    #[cfg(test)]
    pub(super) fn from_text(text: &str) -> Self {
        Self { bytes: Zeroizing::new(text.as_bytes().to_vec()), origin: Origin::Stdin }
    }
}

impl Origin {
    /// For a message.
    pub(super) fn name(&self) -> String {
        match self {
            Self::File(file) => file.display().to_string(),
            Self::Stdin => "the text on stdin".into(),
            Self::Keyring => "the keyring entry".into(),
        }
    }

    /// The directory of a file.
    pub(super) fn directory(&self) -> Option<&Path> {
        match self {
            Self::File(file) => file.parent(),
            Self::Stdin | Self::Keyring => None,
        }
    }

    /// The absolute path of a file that the source names by `key`: relative to the source's own file, as in the
    /// config; to the working directory where it is no file. The daemon works in another directory.
    pub(super) fn beside(&self, key: &str, named: &str) -> Result<String, Failure> {
        let base = self.directory().unwrap_or(Path::new(""));
        let path = std::path::absolute(base.join(named)).map_err(|error| {
            let detail = format!("`{key}` names no file: {error}");
            Failure::usage(detail, "write its path, or leave it out")
        })?;
        path.into_os_string().into_string().map_err(|_path| {
            Failure::usage(format!("the path of `{key}` is no UTF-8"), "move it where the path is")
        })
    }

    /// How to remove the old copy where no tool does it.
    pub(super) fn removal(&self) -> String {
        match self {
            Self::File(file) => format!("it is {}", file.display()),
            Self::Stdin => "wherever the text on stdin came from".into(),
            Self::Keyring => "it is in the keyring".into(),
        }
    }
}

fn unreadable(origin: &Origin, reason: &str) -> Failure {
    let detail = format!("{} cannot be read: {reason}", origin.name());
    Failure::of(Code::BadRequest, detail, "name a readable file, or - for stdin")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_dropped_and_other_encodings_are_named() {
        let of = |bytes: &[u8]| Source::of(bytes, Origin::Stdin).unwrap();
        assert_eq!(of("\u{FEFF}{}".as_bytes()).text().unwrap(), "{}");
        let failure = of(b"\xFF\xFE{\0}\0").text().unwrap_err();
        assert!(failure.problem.detail.contains("UTF-8"), "{failure:?}");
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let endless = std::io::repeat(b'x');
        let failure = Source::of(endless, Origin::Stdin).err().unwrap();
        assert!(failure.problem.detail.contains("too large"), "{failure:?}");
    }
}
