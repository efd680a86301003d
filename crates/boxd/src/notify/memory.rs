//! What people were told already, in a small file: a daemon that restarts each day must not nag each day.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::account_name::AccountName;

const FILE: &str = "told.json";
const SCHEMA: u32 = 1;
/// Ten thousand accounts take a megabyte or two.
const LIMIT: u64 = 16 * 1024 * 1024;

/// What was told of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    /// The grant that it was told of, in hexadecimal; empty where there was none.
    pub(super) grant: String,
    /// Number of its token at that time.
    pub(super) generation: u64,
    /// The condition that was told and is not resolved yet.
    pub(super) condition: Option<Condition>,
    /// The smallest number of days that was warned of, for this grant and generation.
    pub(super) warned: Option<u8>,
}

/// A condition that needs a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Condition {
    pub(super) event: String,
    pub(super) reason: String,
    /// It may end without a new token.
    pub(super) local: bool,
    /// The command has got it; else it was only logged, as there was no command or it failed.
    pub(super) delivered: bool,
}

/// The file and its content.
#[derive(Debug)]
pub(super) struct Memory {
    file: PathBuf,
    told: BTreeMap<AccountName, Told>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    schema: u32,
    accounts: BTreeMap<String, Told>,
}

impl Memory {
    /// Reads it. One that cannot be read costs a second notice, nothing more.
    pub(super) fn open(state_dir: &Path) -> Self {
        let file = state_dir.join(FILE);
        let told = match read(&file) {
            Ok(told) => told,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => {
                tracing::warn!(file = %file.display(), %error, "what people were told is forgotten: they hear it again");
                BTreeMap::new()
            }
        };
        Self { file, told }
    }

    pub(super) fn of(&self, account: &AccountName) -> Option<&Told> {
        self.told.get(account)
    }

    /// Notes what was told; nothing that is worth remembering removes the account. Returns whether that is new.
    pub(super) fn note(&mut self, account: &AccountName, told: &Told) -> bool {
        if told.condition.is_none() && told.warned.is_none() {
            return self.told.remove(account).is_some();
        }
        self.told.insert(account.clone(), told.clone()).as_ref() != Some(told)
    }

    /// What is to be written, and where.
    pub(super) fn page(&self) -> (PathBuf, Vec<u8>) {
        let accounts =
            self.told.iter().map(|(name, told)| (name.as_str().to_owned(), told.clone())).collect();
        // Strings and numbers always have a JSON form.
        let text = serde_json::to_vec_pretty(&Document { schema: SCHEMA, accounts }).unwrap_or_default();
        (self.file.clone(), text)
    }
}

/// Replaces the file whole. Blocking.
pub(super) fn write(file: &Path, text: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    let directory = file.parent().unwrap_or(Path::new("."));
    // Made with mode 0600.
    let mut fresh = tempfile::NamedTempFile::new_in(directory)?;
    fresh.write_all(text)?;
    fresh.as_file().sync_all()?;
    fresh.persist(file)?;
    Ok(())
}

fn read(file: &Path) -> io::Result<BTreeMap<AccountName, Told>> {
    if fs::metadata(file)?.len() > LIMIT {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge));
    }
    let document: Document = serde_json::from_slice(&fs::read(file)?)?;
    if document.schema != SCHEMA {
        return Err(io::Error::other(format!("schema {} is not known", document.schema)));
    }
    // A name that cannot be one was never written by boxd.
    Ok(document.accounts.into_iter().filter_map(|(name, told)| Some((name.parse().ok()?, told))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_known_to_the_next_process_and_damage_costs_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let work: AccountName = "work".parse().unwrap();
        let mut memory = Memory::open(place.path());
        let told = Told { grant: "ab".into(), generation: 7, condition: None, warned: Some(7) };
        assert!(memory.note(&work, &told));
        assert!(!memory.note(&work, &told), "nothing new");
        let (file, text) = memory.page();
        write(&file, &text).unwrap();
        assert_eq!(Memory::open(place.path()).of(&work), Some(&told));
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "nothing is left beside it");
        assert!(memory.note(&work, &Told::default()), "forgotten");

        for damage in ["", "{", "[]", r#"{"schema":9,"accounts":{}}"#] {
            fs::write(&file, damage).unwrap();
            assert_eq!(Memory::open(place.path()).of(&work), None, "{damage}");
        }
    }
}
