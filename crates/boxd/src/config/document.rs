//! A parsed TOML file whose tables know their keys, so that every fault can be named with its place.

use std::path::Path;

use toml::{
    Spanned,
    de::{DeArray, DeTable, DeValue},
};

use super::{
    error::{ConfigError, Place},
    similar,
};

/// The text that is parsed, and where it came from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'t> {
    pub(super) file: &'t Path,
    pub(super) text: &'t str,
    /// Where its lines begin: every value knows its line, also in a file with ten thousand accounts.
    pub(super) lines: &'t Lines,
}

/// Offsets at which the lines of a text begin.
#[derive(Debug)]
pub(super) struct Lines(Vec<usize>);

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(ends).collect())
    }

    /// The number of the line, from 1 on, that this offset is in.
    fn number_at(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset)
    }
}

/// The keys of one table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keys {
    /// Keys that mean something.
    pub(super) known: &'static [&'static str],
    /// Keys that other versions of boxd understand: refused with a clearer word than unknown ones.
    pub(super) elsewhere: &'static [&'static str],
}

/// A table of which all keys are known.
pub(super) struct Table<'a, 't> {
    source: Source<'t>,
    path: String,
    entries: &'a DeTable<'t>,
}

/// A value with its place.
pub(super) struct Value<'a, 't> {
    source: Source<'t>,
    pub(super) at: Place,
    content: &'a DeValue<'t>,
}

impl<'t> Source<'t> {
    pub(super) fn parse(self) -> Result<Spanned<DeTable<'t>>, ConfigError> {
        DeTable::parse(self.text).map_err(|error| ConfigError::Syntax {
            file: self.file.to_owned(),
            line: self.line(error.span().unwrap_or_default().start),
            // The message alone: the full text of the error quotes the line, and with it a secret.
            reason: error.message().to_owned(),
        })
    }

    fn line(self, offset: usize) -> usize {
        self.lines.number_at(offset)
    }
}

impl<'a, 't> Table<'a, 't> {
    /// The outermost table of a document.
    pub(super) fn root(
        source: Source<'t>,
        entries: &'a DeTable<'t>,
        keys: Keys,
    ) -> Result<Self, ConfigError> {
        Self { source, path: String::new(), entries }.restricted_to(keys)
    }

    fn restricted_to(self, keys: Keys) -> Result<Self, ConfigError> {
        let is_known = |key: &str| keys.known.contains(&key);
        let foreign = self.entries.keys().filter(|key| !is_known(key.get_ref()));
        let Some(first) = foreign.min_by_key(|key| key.span().start) else { return Ok(self) };
        let key: &str = first.get_ref();
        let at = self.place(key, first.span().start);
        Err(if keys.elsewhere.contains(&key) {
            ConfigError::NotSupported { what: format!("`{key}`"), at }
        } else {
            ConfigError::UnknownKey { nearest: similar::nearest(key, keys.known).map(str::to_owned), at }
        })
    }

    fn place(&self, key: &str, offset: usize) -> Place {
        let key: String = key.chars().map(|c| if c.is_control() { '?' } else { c }).take(100).collect();
        let key = if self.path.is_empty() { key } else { format!("{}.{key}", self.path) };
        Place { file: self.source.file.to_owned(), line: self.source.line(offset), key }
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<Value<'a, 't>> {
        self.all().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    /// All keys with their values.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'a str, Value<'a, 't>)> + '_ {
        self.entries.iter().map(|(key, value)| {
            let at = self.place(key.get_ref(), key.span().start);
            (key.get_ref().as_ref(), Value { source: self.source, at, content: value.get_ref() })
        })
    }
}

impl<'a, 't> Value<'a, 't> {
    pub(super) fn string(&self) -> Result<&'a str, ConfigError> {
        match self.content {
            DeValue::String(text) => Ok(text),
            _ => Err(self.wrong("a string")),
        }
    }

    pub(super) fn boolean(&self) -> Result<bool, ConfigError> {
        match self.content {
            DeValue::Boolean(value) => Ok(*value),
            _ => Err(self.wrong("true or false")),
        }
    }

    /// The text if it is a string, or the digits if it is a number.
    pub(super) fn string_or_integer(&self) -> Result<&'a str, ConfigError> {
        match self.content {
            DeValue::String(text) => Ok(text),
            DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str()),
            _ => Err(self.wrong("a duration such as \"15m\", or a number of seconds")),
        }
    }

    /// The text if it is a string, or the digits if it is a number: of a user, of files, of bytes.
    pub(super) fn name_or_number(&self) -> Result<&'a str, ConfigError> {
        match self.content {
            DeValue::String(text) if !text.is_empty() => Ok(text),
            DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str()),
            _ => Err(self.wrong("a string or a number")),
        }
    }

    pub(super) fn is_string(&self) -> bool {
        matches!(self.content, DeValue::String(_))
    }

    /// The value as an array of tables with these keys.
    pub(super) fn tables(&self, keys: Keys) -> Result<Vec<Table<'a, 't>>, ConfigError> {
        let expected = "an array of tables, each under [[…]]";
        let DeValue::Array(array) = self.content else { return Err(self.wrong(expected)) };
        let array: &'a DeArray<'t> = array;
        let table = |value: &'a Spanned<DeValue<'t>>| match value.get_ref() {
            DeValue::Table(entries) => {
                Table { source: self.source, path: self.at.key.clone(), entries }.restricted_to(keys)
            }
            _ => Err(self.wrong(expected)),
        };
        array.iter().map(table).collect()
    }

    /// The strings of an array.
    pub(super) fn strings(&self) -> Result<Vec<String>, ConfigError> {
        let expected = "an array of strings";
        let DeValue::Array(array) = self.content else { return Err(self.wrong(expected)) };
        let array: &DeArray<'_> = array;
        let text = |value: &Spanned<DeValue<'_>>| match value.get_ref() {
            DeValue::String(text) => Ok(text.clone().into_owned()),
            _ => Err(self.wrong(expected)),
        };
        array.iter().map(text).collect()
    }

    /// The value as a table with these keys.
    pub(super) fn table(&self, keys: Keys) -> Result<Table<'a, 't>, ConfigError> {
        self.open_table()?.restricted_to(keys)
    }

    /// The value as a table whose keys are names that the person chose.
    pub(super) fn open_table(&self) -> Result<Table<'a, 't>, ConfigError> {
        match self.content {
            DeValue::Table(entries) => Ok(Table { source: self.source, path: self.at.key.clone(), entries }),
            _ => Err(self.wrong("a table")),
        }
    }

    pub(super) fn is_table(&self) -> bool {
        matches!(self.content, DeValue::Table(_))
    }

    pub(super) fn wrong(&self, expected: &'static str) -> ConfigError {
        let found = match self.content {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "a number",
            DeValue::Float(_) => "a fraction",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        };
        ConfigError::WrongType { at: self.at.clone(), expected, found }
    }

    pub(super) fn invalid(&self, reason: &(impl ToString + ?Sized)) -> ConfigError {
        ConfigError::Invalid { at: self.at.clone(), reason: reason.to_string() }
    }
}
