//! What is to be done, as a value: printed by `--print`, compared in tests, carried out by `execute`.

use std::path::PathBuf;

use serde_json::{Value, json};

/// What to do, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    /// What has the manager see files that were put back.
    pub(crate) settle: Option<Vec<String>>,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A directory that must be there; one that is stays as it is.
    Directory { path: PathBuf, mode: u32 },
    /// A file, all at once.
    Write(File),
    /// A file gets another name, so that nobody's work is lost.
    Rename { from: PathBuf, to: PathBuf },
    /// A file or link goes; one that is gone already is fine.
    Remove(PathBuf),
    /// The lock beside a socket goes, unless a daemon holds it; and its directory, where nothing else is in it.
    RemoveLock(PathBuf),
    /// The daemon that answers is asked to end, and has; one that does not hear it is left to the next step.
    EndDaemon,
    /// A program runs.
    Run(Run),
}

/// A file of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) path: PathBuf,
    pub(crate) mode: u32,
    pub(crate) text: String,
    pub(crate) encoding: Encoding,
}

/// How a file's text becomes bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    /// Little-endian with a byte order mark, as `schtasks /Create /XML` wants it.
    Utf16,
}

/// A program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) words: Vec<String>,
    pub(crate) on_failure: OnFailure,
}

/// What becomes of a plan whose program fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnFailure {
    /// The files are put back as they were.
    Undo,
    /// What was done stays: the service is installed, and only does not run.
    Stay,
    /// It may well fail, as there may be nothing to do.
    Ignore,
}

// === impl Plan ===

impl Plan {
    /// Adds a program whose failure undoes the plan.
    pub(crate) fn run(&mut self, words: &[&str]) {
        self.push_run(words, OnFailure::Undo);
    }

    /// Adds a program whose failure undoes the plan, and which then has the manager see that.
    pub(crate) fn run_reload(&mut self, words: &[&str]) {
        self.run(words);
        self.settle = Some(words.iter().map(|&word| word.to_owned()).collect());
    }

    /// Adds a program whose failure leaves what was done.
    pub(crate) fn run_last(&mut self, words: &[&str]) {
        self.push_run(words, OnFailure::Stay);
    }

    /// Adds a program that may fail.
    pub(crate) fn try_run(&mut self, words: &[&str]) {
        self.push_run(words, OnFailure::Ignore);
    }

    fn push_run(&mut self, words: &[&str], on_failure: OnFailure) {
        let words = words.iter().map(|&word| word.to_owned()).collect();
        self.steps.push(Step::Run(Run { words, on_failure }));
    }

    /// For a person, and near enough to a script to be followed by hand.
    pub(crate) fn to_text(&self) -> String {
        self.steps.iter().map(Step::to_text).collect()
    }

    /// For a script.
    pub(crate) fn to_json(&self) -> Value {
        self.steps.iter().map(Step::to_json).collect()
    }
}

// === impl Step ===

impl Step {
    fn to_text(&self) -> String {
        match self {
            Self::Directory { path, mode } => {
                format!("# directory {} (mode {mode:04o})\n\n", path.display())
            }
            Self::Write(file) => {
                format!("# file {} (mode {:04o}):\n{}\n", file.path.display(), file.mode, file.text)
            }
            Self::Rename { from, to } => format!("# rename {} to {}\n", from.display(), to.display()),
            Self::Remove(path) => format!("# remove {}\n", path.display()),
            Self::RemoveLock(path) => {
                format!("# remove {}, and its directory where nothing else is in it\n", path.display())
            }
            Self::EndDaemon => "# ask boxd to end, and wait until it has\n".to_owned(),
            Self::Run(run) => format!("# run: {}\n", run.shown()),
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Directory { path, mode } => {
                json!({ "step": "directory", "path": path.display().to_string(), "mode": format!("{mode:04o}") })
            }
            Self::Write(file) => json!({
                "step": "write",
                "path": file.path.display().to_string(),
                "mode": format!("{:04o}", file.mode),
                "encoding": match file.encoding {
                    Encoding::Utf8 => "utf-8",
                    Encoding::Utf16 => "utf-16",
                },
                "text": file.text,
            }),
            Self::Rename { from, to } => {
                json!({ "step": "rename", "from": from.display().to_string(), "to": to.display().to_string() })
            }
            Self::Remove(path) => json!({ "step": "remove", "path": path.display().to_string() }),
            Self::RemoveLock(path) => {
                json!({ "step": "remove_lock", "path": path.display().to_string(), "may_fail": true })
            }
            Self::EndDaemon => json!({ "step": "end_daemon", "may_fail": true }),
            Self::Run(run) => json!({
                "step": "run",
                "command": run.words,
                "may_fail": run.on_failure == OnFailure::Ignore,
            }),
        }
    }
}

// === impl File ===

impl File {
    /// The bytes on disk.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self.encoding {
            Encoding::Utf8 => self.text.clone().into_bytes(),
            Encoding::Utf16 => {
                std::iter::once(0xFEFF).chain(self.text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
            }
        }
    }
}

impl Encoding {
    /// The text of such a file; damaged places are shown as such.
    pub(crate) fn read(self, bytes: &[u8]) -> String {
        match self {
            Self::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
            Self::Utf16 => {
                let (pairs, _) = bytes.as_chunks::<2>();
                let units =
                    pairs.iter().map(|pair| u16::from_le_bytes(*pair)).skip_while(|unit| *unit == 0xFEFF);
                char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
            }
        }
    }
}

// === impl Run ===

impl Run {
    /// As a person would type it.
    pub(crate) fn shown(&self) -> String {
        let plain = |word: &str| {
            !word.is_empty()
                && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"/\\._-:=@%+,".contains(&b))
        };
        let quoted = |word: &String| {
            if plain(word) { word.clone() } else { format!("'{}'", word.replace('\'', r"'\''")) }
        };
        self.words.iter().map(quoted).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_16_is_written_and_read() {
        let file =
            File { path: "x".into(), mode: 0o600, text: "a\u{1F600}ß\n".into(), encoding: Encoding::Utf16 };
        let bytes = file.bytes();
        assert_eq!(&bytes[..4], [0xFF, 0xFE, b'a', 0]);
        assert_eq!(Encoding::Utf16.read(&bytes), file.text);
        assert_eq!(Encoding::Utf16.read(&[0xFF, 0xFE, 0x00, 0xD8, b'x', 0, 7]), "\u{FFFD}x");
    }

    #[test]
    fn commands_are_shown_as_one_types_them() {
        let mut plan = Plan::default();
        plan.try_run(&["schtasks", "/Create", "/XML", "C:\\a b\\x.xml", "it's", ""]);
        let Some(Step::Run(run)) = plan.steps.first() else { panic!("no command") };
        assert_eq!(run.shown(), r"schtasks /Create /XML 'C:\a b\x.xml' 'it'\''s' ''");
    }
}
