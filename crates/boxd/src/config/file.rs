//! Reads the config file.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::{
    Config, ConfigError, audit,
    ca_files::CaFileKey,
    document::{Keys, Lines, Source, Table, Value},
    duration,
    exposure::{self, Holdings},
    notify::Hook,
    store,
};
use crate::{
    account_name::AccountName,
    box_api::{EndpointSettings, endpoint},
};

/// A pipe of Windows is its owner's alone: there is nobody to have rules for.
#[cfg(windows)]
const ELSEWHERE: &[&str] = &["access"];
#[cfg(windows)]
const KNOWN: &[&str] = &["default_account", "accounts", "refresh", "box", "api", "notify", "store", "audit"];
#[cfg(not(windows))]
const ELSEWHERE: &[&str] = &[];
#[cfg(not(windows))]
const KNOWN: &[&str] =
    &["default_account", "accounts", "refresh", "box", "api", "notify", "store", "access", "audit"];
const ROOT: Keys = Keys { known: KNOWN, elsewhere: ELSEWHERE };
const REFRESH: Keys = Keys { known: &["lead"], elsewhere: &[] };
const API: Keys = Keys { known: &["enabled"], elsewhere: &[] };
const BOX: Keys = Keys { known: &endpoint::KEYS, elsewhere: &[] };

/// Ten thousand accounts take a few megabytes; a device or a wrong file is not read to its end.
const FILE_LIMIT: u64 = 16 * 1024 * 1024;

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
        let metadata = file.metadata().map_err(unreadable)?;
        let mut text = Zeroizing::new(String::new());
        file.take(FILE_LIMIT + 1).read_to_string(&mut text).map_err(unreadable)?;
        if u64::try_from(text.len()).is_ok_and(|length| length > FILE_LIMIT) {
            return Err(unreadable(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 16 MiB")));
        }
        let (config, holdings) = Reader::new(path).read(&text)?;
        match exposure::of(&metadata, holdings) {
            Some(exposure) => Err(ConfigError::Exposed { file: path.to_owned(), exposure }),
            None => Ok(config),
        }
    }
}

/// Turns the text into a config, and notes what makes it matter who else can read or write the file.
pub(super) struct Reader<'p> {
    file: &'p Path,
    /// What relative file names are relative to.
    pub(super) base: PathBuf,
    pub(super) holdings: Holdings,
    ca_files: Vec<CaFileKey>,
}

impl<'p> Reader<'p> {
    fn new(file: &'p Path) -> Self {
        let base = file.parent().unwrap_or(Path::new("")).to_owned();
        // The daemon may change its directory later on.
        let base = std::path::absolute(&base).unwrap_or(base);
        Self { file, base, holdings: Holdings::default(), ca_files: Vec::new() }
    }

    /// The config, and what it holds.
    fn read(mut self, text: &str) -> Result<(Config, Holdings), ConfigError> {
        let lines = Lines::of(text);
        let source = Source { file: self.file, text, lines: &lines };
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
        if let Some(value) = root.get("api")
            && let Some(enabled) = value.table(API)?.get("enabled")
        {
            config.passthrough = enabled.boolean()?;
        }
        if let Some(value) = root.get("store") {
            config.store_key = store::key(&value)?;
        }
        if let Some(value) = root.get("notify") {
            config.hook = Some(Hook::read(&value, &self.base)?);
            self.holdings.power = true;
        }
        if let Some(value) = root.get("access") {
            config.access = self.access(&value)?;
        }
        if let Some(value) = root.get("audit") {
            config.audit = audit::settings(&value)?;
        }
        if let Some(value) = root.get("box") {
            config.endpoint = self.endpoint(&value)?;
        }
        if let Some(value) = root.get("accounts") {
            for (name, value) in value.open_table()?.all() {
                config.accounts.insert(account_name(name, &value)?, self.account(&value)?);
            }
        }
        config.ca_files = self.ca_files;
        Ok((config, self.holdings))
    }

    pub(super) fn endpoint(&mut self, value: &Value<'_, '_>) -> Result<EndpointSettings, ConfigError> {
        let mut settings = EndpointSettings::default();
        for (key, value) in value.table(BOX)?.all() {
            settings.set(key, filled(&value)?, &self.base).map_err(|error| value.invalid(&error))?;
            if let ("ca_file", Some(path)) = (key, &settings.ca_file) {
                self.ca_files.push(CaFileKey { at: value.at.clone(), path: path.clone() });
            }
        }
        self.holdings.power |= settings != EndpointSettings::default();
        self.holdings.secret |= settings.proxy.as_ref().is_some_and(endpoint::ProxyUrl::has_password);
        Ok(settings)
    }
}

pub(super) fn account_name(text: &str, value: &Value<'_, '_>) -> Result<AccountName, ConfigError> {
    text.parse().map_err(|error| value.invalid(&error))
}

/// A string with something in it.
pub(super) fn filled<'t>(value: &Value<'t, '_>) -> Result<&'t str, ConfigError> {
    match value.string()? {
        "" => Err(value.invalid("is empty")),
        text => Ok(text),
    }
}
