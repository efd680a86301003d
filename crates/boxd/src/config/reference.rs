//! Values of the config file that are secrets, or say where one is.

use boxd_engine::ClientSecret;

use super::{
    ConfigError, SecretSource,
    document::{Keys, Value},
    file::{Reader, filled},
};

const SECRET: Keys = Keys { known: &["file", "env", "command", "credential"], elsewhere: &[] };

impl Reader<'_> {
    /// A secret, or where it is.
    pub(super) fn secret(&mut self, value: &Value<'_, '_>) -> Result<SecretSource, ConfigError> {
        if value.is_table() {
            return self.reference(value);
        }
        let expected = "a string or one of { file }, { env }, { command }, { credential }";
        let text = value.string().map_err(|_not_text| value.wrong(expected))?;
        if text.is_empty() {
            return Err(value.invalid("is empty"));
        }
        self.holdings.secret = true;
        Ok(SecretSource::Inline(ClientSecret::new(text)))
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
                words => {
                    self.holdings.power = true;
                    Ok(SecretSource::Command(words))
                }
            },
        }
    }
}
