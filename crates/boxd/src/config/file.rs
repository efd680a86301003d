//! Reads the config file.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use boxd_engine::ClientSecret;
use zeroize::Zeroizing;

use super::{
    Config, ConfigError, SecretSource,
    document::{Keys, Source, Table, Value},
    duration,
};
use crate::{
    account_name::AccountName,
    box_api::{EndpointSettings, endpoint},
};

const ROOT: Keys = Keys {
    known: &["default_account", "accounts", "refresh", "box"],
    elsewhere: &["access", "notify", "api", "audit"],
};
const REFRESH: Keys = Keys { known: &["lead"], elsewhere: &[] };
const BOX: Keys = Keys { known: &endpoint::KEYS, elsewhere: &[] };
const SECRET: Keys = Keys { known: &["file", "env", "command", "credential"], elsewhere: &[] };

/// A config file is a few hundred bytes; a device or a wrong file is not read to its end.
const FILE_LIMIT: u64 = 1024 * 1024;

impl Config {
    /// Reads a config file. Where none exists the result is an empty one, unless the file was named
    /// (`explicit`) by the person.
    pub fn load(path: &Path, explicit: bool) -> Result<Self, ConfigError> {
        let unreadable = |source| ConfigError::Unreadable { file: path.to_owned(), source };
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !explicit => return Ok(Self::default()),
            Err(error) => return Err(unreadable(error)),
        };
        let mode = readable_by_others(&file.metadata().map_err(unreadable)?);
        let mut text = Zeroizing::new(String::new());
        file.take(FILE_LIMIT).read_to_string(&mut text).map_err(unreadable)?;
        let (config, holds_secret) = Reader::new(path).read(&text)?;
        match mode {
            Some(mode) if holds_secret => Err(ConfigError::Exposed { file: path.to_owned(), mode }),
            _ => Ok(config),
        }
    }
}

/// The permission bits, where group or others may read.
#[cfg(unix)]
fn readable_by_others(metadata: &fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = metadata.permissions().mode() & 0o7777;
    (mode & 0o044 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn readable_by_others(_metadata: &fs::Metadata) -> Option<u32> {
    None
}

pub(super) struct Reader<'p> {
    file: &'p Path,
    /// What relative file names are relative to.
    pub(super) base: PathBuf,
    holds_secret: bool,
}

impl<'p> Reader<'p> {
    fn new(file: &'p Path) -> Self {
        let base = file.parent().unwrap_or(Path::new("")).to_owned();
        // The daemon may change its directory later on.
        let base = std::path::absolute(&base).unwrap_or(base);
        Self { file, base, holds_secret: false }
    }

    /// The config, and whether a secret stands in it.
    fn read(mut self, text: &str) -> Result<(Config, bool), ConfigError> {
        let source = Source { file: self.file, text };
        let document = source.parse()?;
        let root = Table::root(source, document.get_ref(), ROOT)?;
        let mut config = Config::default();
        if let Some(value) = root.get("default_account") {
            config.default_account = Some(account_name(value.string()?, &value)?);
        }
        if let Some(value) = root.get("refresh")
            && let Some(lead) = value.table(REFRESH)?.get("lead")
        {
            config.lead = duration::parse(lead.string_or_integer()?)
                .ok_or_else(|| lead.invalid("expected a duration such as \"90s\", \"15m\" or \"1h\""))?;
        }
        if let Some(value) = root.get("box") {
            config.endpoint = self.endpoint(&value)?;
        }
        if let Some(value) = root.get("accounts") {
            for (name, value) in value.open_table()?.all() {
                config.accounts.insert(account_name(name, &value)?, self.account(&value)?);
            }
        }
        Ok((config, self.holds_secret))
    }

    pub(super) fn secret(&mut self, value: &Value<'_, '_>) -> Result<SecretSource, ConfigError> {
        if !value.is_table() {
            let expected = "a string or one of { file }, { env }, { command }, { credential }";
            let text = value.string().map_err(|_not_text| value.wrong(expected))?;
            if text.is_empty() {
                return Err(value.invalid("is empty"));
            }
            let secret = SecretSource::Inline(ClientSecret::new(text));
            self.holds_secret |= secret.is_inline();
            return Ok(secret);
        }
        self.reference(value)
    }

    /// A table that says where a secret is.
    fn reference(&mut self, value: &Value<'_, '_>) -> Result<SecretSource, ConfigError> {
        let table = value.table(SECRET)?;
        let mut given = table.all();
        let (Some((kind, source)), None) = (given.next(), given.next()) else {
            return Err(value.invalid("expected exactly one of file, env, command and credential"));
        };
        match kind {
            "file" => Ok(SecretSource::File(self.base.join(filled(&source)?))),
            "env" => Ok(SecretSource::Env(filled(&source)?.to_owned())),
            "credential" => match filled(&source)? {
                name if name.contains('/') || name == ".." => {
                    Err(source.invalid("expected the name of a credential, not a path"))
                }
                name => Ok(SecretSource::Credential(name.to_owned())),
            },
            _ => match source.strings()? {
                words if words.first().is_none_or(String::is_empty) => {
                    Err(source.invalid("expected a program and its arguments"))
                }
                words => Ok(SecretSource::Command(words)),
            },
        }
    }

    /// A file, named directly or as a secret's table does; or another place, as for secrets.
    pub(super) fn file_or_reference(&mut self, value: &Value<'_, '_>) -> Result<SecretSource, ConfigError> {
        if value.is_table() {
            return self.reference(value);
        }
        let expected = "a file name or one of { file }, { env }, { command }, { credential }";
        let name = value.string().map_err(|_not_text| value.wrong(expected))?;
        if name.trim_start().starts_with('{') {
            return Err(value.invalid("expected the name of the app settings file, not its content"));
        }
        Ok(SecretSource::File(self.base.join(filled(value)?)))
    }

    pub(super) fn endpoint(&mut self, value: &Value<'_, '_>) -> Result<EndpointSettings, ConfigError> {
        let mut settings = EndpointSettings::default();
        for (key, value) in value.table(BOX)?.all() {
            settings.set(key, filled(&value)?, &self.base).map_err(|error| value.invalid(&error))?;
        }
        self.holds_secret |= settings.proxy.as_ref().is_some_and(endpoint::ProxyUrl::has_password);
        Ok(settings)
    }
}

fn account_name(text: &str, value: &Value<'_, '_>) -> Result<AccountName, ConfigError> {
    text.parse().map_err(|error| value.invalid(&error))
}

/// A string with something in it.
pub(super) fn filled<'t>(value: &Value<'t, '_>) -> Result<&'t str, ConfigError> {
    match value.string()? {
        "" => Err(value.invalid("is empty")),
        text => Ok(text),
    }
}
