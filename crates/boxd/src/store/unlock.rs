//! Finds the keys of a store before anything in it is touched.

use std::collections::BTreeSet;

use super::{
    OpenError,
    disk::Disk,
    key::{
        KeyChoice, KeyId, KeyName, KeySource, Register, RegisterError, SealingKey, Sources, Unavailable,
        keyring,
    },
    keys::{Keys, Missing},
    names::{self, Places},
    seal::Sealer,
    survey,
    vault::list,
};

/// What was found.
pub(super) enum Unlocked {
    /// A store with keys; some may be missing for now.
    Known { register: Register, keys: Keys, is_noted: bool },
    /// No key, and nothing that would need one.
    New,
}

/// Looks for the keys that the store names, or without such a note for those that its files name. Changes nothing.
pub(super) fn unlock(disk: &dyn Disk, places: &Places, sources: &Sources) -> Result<Unlocked, OpenError> {
    let sealed_with = survey::sealing_keys(disk, places)?;
    let noted = match Register::read(disk, &places.state) {
        Ok(noted) => noted,
        Err(RegisterError::Damaged) => {
            tracing::warn!("key.json is damaged: the keys are looked for by the files that they seal");
            None
        }
        Err(error) => {
            return Err(OpenError::Register {
                path: places.state.join("key.json"),
                why: match error {
                    RegisterError::Newer => {
                        "a newer boxd wrote it: start that version or a newer one".to_owned()
                    }
                    error => error.to_string(),
                },
            });
        }
    };
    // A note that knows none of the keys in use came from elsewhere.
    let fits = |register: &Register| {
        sealed_with.is_empty() || register.keys().any(|name| sealed_with.contains(&name.id))
    };
    match noted.filter(fits) {
        Some(register) => noted_keys(disk, places, sources, register, &sealed_with),
        None => unnoted_keys(disk, places, sources, &sealed_with),
    }
}

fn noted_keys(
    disk: &dyn Disk,
    places: &Places,
    sources: &Sources,
    register: Register,
    sealed_with: &BTreeSet<KeyId>,
) -> Result<Unlocked, OpenError> {
    let (mut sealers, mut missing) = (Vec::new(), Vec::new());
    for name in register.keys() {
        let is_current = name == register.current;
        let why = match sources.read(disk, name) {
            Ok(key) => {
                sealers.push(sealer_of(&key)?);
                continue;
            }
            Err(Unavailable::Later(error)) => error,
            Err(Unavailable::Missing) if is_current && sealed_with.is_empty() => return Ok(Unlocked::New),
            Err(Unavailable::Missing) => keyring::KeyringError::Missing,
            Err(Unavailable::Unusable(error)) => return Err(error),
        };
        // A key that is away matters only to what it still seals; one that is gone does not matter to a spare, which may
        // be left from before.
        let is_gone = why == keyring::KeyringError::Missing && !sealed_with.contains(&name.id);
        if !is_current && (is_gone || !seals(disk, places, sealed_with, name)) {
            continue;
        }
        // Nor does one that was only just made the current one, while the one before it is there.
        if let Some(before) = register.retiring.filter(|_| is_current)
            && !seals(disk, places, sealed_with, name)
            && sources.read(disk, before).is_ok()
        {
            let (key, error) = (name.id, why.to_string());
            tracing::warn!(%key, error, "the store's new key is away, and nothing is sealed with it yet: the one before stays");
            let register = Register { current: before, coming: Some(name), retiring: None };
            return match noted_keys(disk, places, sources, register, sealed_with)? {
                Unlocked::Known { register, keys, .. } => {
                    Ok(Unlocked::Known { register, keys, is_noted: false })
                }
                new @ Unlocked::New => Ok(new),
            };
        }
        if is_current && name.source != KeySource::Keyring && !sealed_with.contains(&name.id) {
            // Nothing needs that key: the note is of another moment than the files.
            return unnoted_keys(disk, places, sources, sealed_with);
        }
        if name.source != KeySource::Keyring {
            let (key, accounts) = (sources.place(disk, name), places.accounts.clone());
            let other = match name.source {
                KeySource::Credential => sources.credential(disk)?,
                KeySource::Keyring | KeySource::File => sources.usual_file(disk)?,
            };
            return Err(match other {
                Some(_) => OpenError::OtherKey { key, accounts },
                None => OpenError::KeyMissing { key, accounts },
            });
        }
        missing.push(Missing { name, error: why });
    }
    let keys = Keys::new(register.current.id, sealers, missing);
    Ok(Unlocked::Known { register, keys, is_noted: true })
}

/// Whether a file or a spare is sealed with this key.
pub(super) fn seals(disk: &dyn Disk, places: &Places, sealed_with: &BTreeSet<KeyId>, key: KeyName) -> bool {
    let is_of_key = |file: &String| names::owner_of_spare(file, key.id.0).is_some();
    sealed_with.contains(&key.id)
        || places.spares.as_ref().is_some_and(|spares| {
            // Where spares cannot be looked at there may be one.
            list(disk, spares).map_or(true, |files| files.iter().any(is_of_key))
        })
}

/// A store of an earlier version, or one whose note was lost.
fn unnoted_keys(
    disk: &dyn Disk,
    places: &Places,
    sources: &Sources,
    sealed_with: &BTreeSet<KeyId>,
) -> Result<Unlocked, OpenError> {
    let file = sources.usual_file(disk)?;
    let found: Vec<(KeyName, SealingKey)> = if sealed_with.is_empty() {
        let name = |key: &SealingKey| KeyName { source: KeySource::File, id: key.id() };
        file.into_iter().map(|key| (name(&key), key)).collect()
    } else {
        let found: Vec<_> = sealed_with.iter().filter_map(|id| sources.find(disk, *id)).collect();
        if found.is_empty() {
            let key = format!("the key file {}", places.state.join("key").display());
            let accounts = places.accounts.clone();
            return Err(match file {
                Some(_) => OpenError::OtherKey { key, accounts },
                None => OpenError::KeyMissing { key, accounts },
            });
        }
        found
    };
    let mut names = found.iter().map(|(name, _)| *name);
    let Some(current) = names.next() else { return Ok(Unlocked::New) };
    let register = Register { retiring: names.next(), ..Register::of(current) };
    let sealers = found.iter().map(|(_, key)| sealer_of(key)).collect::<Result<_, _>>()?;
    let keys = Keys::new(current.id, sealers, Vec::new());
    Ok(Unlocked::Known { register, keys, is_noted: false })
}

/// Makes the key of a new store where the config wants it, and notes it.
pub(super) fn begin(
    disk: &dyn Disk,
    sources: &Sources,
    choice: KeyChoice,
) -> Result<(Register, Keys), OpenError> {
    let credential = sources.credential(disk);
    let source = match choice {
        KeyChoice::Only(source) => source,
        KeyChoice::Auto if matches!(credential, Ok(None)) => match sources.keyring.ready() {
            Ok(()) if sources.keyring.is_taken_by_itself() => KeySource::Keyring,
            Ok(()) => KeySource::File,
            Err(error) => {
                tracing::debug!(%error, "no keyring for the store's key");
                KeySource::File
            }
        },
        KeyChoice::Auto => KeySource::Credential,
    };
    let key =
        if source == KeySource::Credential { credential?.ok_or_else(no_credential)? } else { fresh_key()? };
    let name = put(disk, sources, source, &key)?;
    let register = Register::of(name);
    note(disk, sources, &register)?;
    Ok((register, Keys::new(name.id, vec![sealer_of(&key)?], Vec::new())))
}

/// A key that nobody has.
pub(super) fn fresh_key() -> Result<SealingKey, OpenError> {
    SealingKey::generate().ok_or_else(|| OpenError::NoSource {
        source_name: "system",
        why: "it gives no random bytes".to_owned(),
    })
}

/// Puts a key into its source, and makes sure that it comes back.
pub(super) fn put(
    disk: &dyn Disk,
    sources: &Sources,
    source: KeySource,
    key: &SealingKey,
) -> Result<KeyName, OpenError> {
    sources.write(disk, source, key)?;
    let name = KeyName { source, id: key.id() };
    match sources.read(disk, name) {
        Ok(back) if back.bytes() == key.bytes() => Ok(name),
        Err(Unavailable::Unusable(error)) => Err(error),
        _ => Err(OpenError::NoSource {
            source_name: source.name(),
            why: "it was put there, but does not come back; choose another with `key` in [store]".to_owned(),
        }),
    }
}

/// Makes the note durable.
pub(super) fn note(disk: &dyn Disk, sources: &Sources, register: &Register) -> Result<(), OpenError> {
    register
        .write(disk, &sources.state_dir)
        .map_err(|error| OpenError::io("note the sealing key", &sources.state_dir.join("key.json"), error))
}

pub(super) fn sealer_of(key: &SealingKey) -> Result<Sealer, OpenError> {
    let unusable = || OpenError::KeyUnusable { place: "any".into(), why: "its length is wrong".into() };
    Sealer::new(key).ok_or_else(unusable)
}

/// There is no credential to take the key from.
pub(super) fn no_credential() -> OpenError {
    OpenError::NoSource {
        source_name: KeySource::Credential.name(),
        why: "systemd handed no credential `store-key` to boxd. Make one (openssl rand 32 | systemd-creds encrypt \
              --name=store-key - FILE), give it to the unit (LoadCredentialEncrypted=store-key:FILE), and restart boxd"
            .to_owned(),
    }
}
