//! The note in the state directory that names the keys of the store and their sources, so that a missing one can
//! be asked for by name and a change of keys can go on after a crash.

use std::{io, path::Path};

use serde_json::{Value, json};

use super::{super::disk::Disk, KeyId, KeyName, KeySource};

/// Its file. No secret is in it.
const FILE: &str = "key.json";
/// The form that this code writes and reads.
const VERSION: u64 = 1;

/// Which keys the store has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Register {
    /// What is written is sealed with this one.
    pub(in super::super) current: KeyName,
    /// This one is being made, and nothing is sealed with it yet.
    pub(in super::super) coming: Option<KeyName>,
    /// Some files may still be sealed with this one.
    pub(in super::super) retiring: Option<KeyName>,
}

/// Why the register cannot be used.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum RegisterError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("a newer boxd wrote it")]
    Newer,
    #[error("it is damaged")]
    Damaged,
}

impl Register {
    pub(in super::super) fn of(current: KeyName) -> Self {
        Self { current, coming: None, retiring: None }
    }

    /// All keys that a file may be sealed with, the current one first.
    pub(in super::super) fn keys(&self) -> impl Iterator<Item = KeyName> {
        [Some(self.current), self.retiring].into_iter().flatten()
    }

    /// What is noted, or `None` where nothing is.
    pub(in super::super) fn read(disk: &dyn Disk, state_dir: &Path) -> Result<Option<Self>, RegisterError> {
        let bytes = match disk.read(&state_dir.join(FILE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        let value: Value = serde_json::from_slice(&bytes).or(Err(RegisterError::Damaged))?;
        match value.get("version").and_then(Value::as_u64) {
            Some(VERSION) => {}
            Some(newer) if newer > VERSION => return Err(RegisterError::Newer),
            _ => return Err(RegisterError::Damaged),
        }
        let key = |member: &str| match value.get(member) {
            None => Ok(None),
            Some(name) => name_of(name).map(Some).ok_or(RegisterError::Damaged),
        };
        let current = key("current")?.ok_or(RegisterError::Damaged)?;
        Ok(Some(Self { current, coming: key("coming")?, retiring: key("retiring")? }))
    }

    /// Notes it durably, whole or not at all.
    pub(in super::super) fn write(&self, disk: &dyn Disk, state_dir: &Path) -> io::Result<()> {
        let mut value = json!({ "version": VERSION });
        let keys = [("current", Some(self.current)), ("coming", self.coming), ("retiring", self.retiring)];
        for (member, name) in keys {
            if let (Some(name), Some(object)) = (name, value.as_object_mut()) {
                object.insert(
                    member.to_owned(),
                    json!({ "source": name.source.name(), "id": name.id.to_string() }),
                );
            }
        }
        let (file, fresh) = (state_dir.join(FILE), state_dir.join("key.json.new"));
        disk.remove_if_there(&fresh)?;
        disk.write_new(&fresh, format!("{value}\n").as_bytes())?;
        disk.rename(&fresh, &file)?;
        disk.sync_dir(state_dir)
    }
}

fn name_of(value: &Value) -> Option<KeyName> {
    let source = KeySource::of_name(value.get("source")?.as_str()?)?;
    Some(KeyName { source, id: KeyId::parse(value.get("id")?.as_str()?)? })
}
