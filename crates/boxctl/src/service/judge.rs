//! What lies where a file of the service belongs, and whose it is.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    plan::File,
    stamp::{self, Origin},
};

/// Files that the README of 0.1.0 had copied by hand (their sums): older versions of ours, though without a stamp.
const COPIED: [u64; 2] = [0x3e02_01e7_291a_f68e, 0x4f7b_87b9_ae24_bd6d];

/// A file that the service should have, and what is in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) file: File,
    pub(crate) present: Present,
    /// Where the old file goes when another takes its place.
    pub(crate) aside: PathBuf,
}

/// What is in the place of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Present {
    /// Nothing.
    Absent,
    /// The file itself.
    Same,
    /// What another version of boxctl put there, or this one for another place.
    Older,
    /// What boxctl put there and a person changed.
    Edited(String),
    /// Something that boxctl never wrote.
    Foreign(String),
    /// A link: to `/dev/null` for a masked unit, or into somebody's own collection.
    Link(PathBuf),
}

/// Looks what is there, without following a link.
fn look(file: &File) -> io::Result<Present> {
    let kind = match fs::symlink_metadata(&file.path) {
        Ok(meta) => meta.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Present::Absent),
        Err(error) => return Err(error),
    };
    if kind.is_symlink() {
        return fs::read_link(&file.path).map(Present::Link);
    }
    if !kind.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    Ok(judge(&file.encoding.read(&fs::read(&file.path)?), &file.text))
}

/// Whose `text` is, where `wanted` should be.
fn judge(text: &str, wanted: &str) -> Present {
    if text == wanted {
        return Present::Same;
    }
    match stamp::origin(text) {
        Origin::Untouched => Present::Older,
        Origin::Edited => Present::Edited(text.to_owned()),
        Origin::Foreign if COPIED.contains(&stamp::sum(text)) => Present::Older,
        Origin::Foreign if wanted.strip_prefix(text).is_some_and(stamp::is_stamp) => Present::Older,
        Origin::Foreign => Present::Foreign(text.to_owned()),
    }
}

/// A name beside `path` that is free.
fn aside(path: &Path) -> PathBuf {
    let with = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let numbered = (1..).map(|number| with(&format!(".orig.{number}")));
    let free = |path: &PathBuf| fs::symlink_metadata(path).is_err();
    std::iter::once(with(".orig")).chain(numbered).find(free).unwrap_or_else(|| with(".orig"))
}

// === impl Present ===

impl Present {
    /// Whether it may be replaced without asking.
    pub(crate) fn is_ours(&self) -> bool {
        matches!(self, Self::Absent | Self::Same | Self::Older)
    }

    /// What a person wrote there.
    pub(crate) fn by_hand(&self) -> Option<&str> {
        match self {
            Self::Edited(text) | Self::Foreign(text) => Some(text),
            Self::Absent | Self::Same | Self::Older | Self::Link(_) => None,
        }
    }
}

// === impl Placed ===

impl Placed {
    /// Looks what is in the place of `file`.
    pub(crate) fn look(file: File) -> io::Result<Self> {
        Ok(Self { present: look(&file)?, aside: aside(&file.path), file })
    }

    /// Whether the file is to be written.
    pub(crate) fn is_due(&self, force: bool) -> bool {
        match self.present {
            Present::Absent | Present::Older => true,
            Present::Same => false,
            Present::Edited(_) | Present::Foreign(_) | Present::Link(_) => force,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::stamp::{Comment, stamp};

    #[test]
    fn whose_a_file_is() {
        let wanted = stamp("[Service]\nExecStart=/new\n", Comment::Hash);
        let older = stamp("[Service]\nExecStart=/old\n", Comment::Hash);
        assert_eq!(judge(&wanted, &wanted), Present::Same);
        assert_eq!(judge(&older, &wanted), Present::Older);
        assert_eq!(judge("[Service]\nExecStart=/new\n", &wanted), Present::Older);
        let edited = older.replace("/old", "/mine");
        assert_eq!(judge(&edited, &wanted), Present::Edited(edited.clone()));
        assert_eq!(judge("[Service]\n#mine\n", &wanted), Present::Foreign("[Service]\n#mine\n".to_owned()));
        assert!(!judge("", &wanted).is_ours());
    }

    #[test]
    fn links_are_not_followed() {
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("boxd.service");
        let file = File {
            path: path.clone(),
            mode: 0o644,
            text: "x".to_owned(),
            encoding: crate::service::plan::Encoding::Utf8,
        };
        assert_eq!(look(&file).unwrap(), Present::Absent);
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("/dev/null", &path).unwrap();
            assert_eq!(look(&file).unwrap(), Present::Link("/dev/null".into()));
            fs::remove_file(&path).unwrap();
        }
        fs::create_dir(&path).unwrap();
        assert!(look(&file).is_err());
        assert_eq!(aside(&path), directory.path().join("boxd.service.orig"));
    }
}
