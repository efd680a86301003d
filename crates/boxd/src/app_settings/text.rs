//! A member that should be a text, as people write it: a number will do, and what is wrong is known by name.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use zeroize::Zeroizing;

use super::AppSettingsError;

/// What stood there. It may be a secret.
#[derive(Default)]
pub(super) enum Text {
    /// Nothing, or null.
    #[default]
    Absent,
    /// A text, or a number as one.
    Of(Zeroizing<String>),
    /// Anything else.
    Wrong,
}

impl Text {
    /// The text, which may not be empty.
    pub(super) fn required(self, member: &'static str) -> Result<String, AppSettingsError> {
        self.optional(member)?.ok_or(AppSettingsError::Missing(member))
    }

    /// The text, where it is there and not empty.
    pub(super) fn optional(self, member: &'static str) -> Result<Option<String>, AppSettingsError> {
        match self {
            Self::Absent => Ok(None),
            Self::Of(mut text) => Ok(Some(std::mem::take(&mut *text)).filter(|text| !text.is_empty())),
            Self::Wrong => Err(AppSettingsError::NotText(member)),
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(Text::Of(Zeroizing::new(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Text, E> {
        Ok(Text::Of(Zeroizing::new(text)))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Text, E> {
        Ok(Text::Of(Zeroizing::new(number.to_string())))
    }

    fn visit_i64<E>(self, _negative: i64) -> Result<Text, E> {
        Ok(Text::Wrong)
    }

    fn visit_f64<E>(self, _number: f64) -> Result<Text, E> {
        Ok(Text::Wrong)
    }

    fn visit_bool<E>(self, _truth: bool) -> Result<Text, E> {
        Ok(Text::Wrong)
    }

    fn visit_unit<E>(self) -> Result<Text, E> {
        Ok(Text::Absent)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Text, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Text::Wrong)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Text, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Text::Wrong)
    }
}
