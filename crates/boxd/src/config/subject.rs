//! `subject` of an account: as whom an application acts.

use boxd_engine::Subject;

use super::{
    ConfigError,
    document::{Keys, Value},
};

const SUBJECT: Keys = Keys { known: &["enterprise", "user"], elsewhere: &[] };

/// `{ enterprise = "ID" }` or `{ user = "ID" }`; a bare number is taken too.
pub(super) fn subject(value: &Value<'_, '_>) -> Result<Subject, ConfigError> {
    let table = value.table(SUBJECT)?;
    let mut given = table.all();
    let (Some((kind, id)), None) = (given.next(), given.next()) else {
        return Err(value.invalid("expected exactly one of { enterprise = \"ID\" } and { user = \"ID\" }"));
    };
    let text = id.string_or_integer().map_err(|_other| id.wrong("an id of Box, such as \"12345\""))?;
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(id.invalid("expected an id of Box: digits alone"));
    }
    Ok(match kind {
        "enterprise" => Subject::Enterprise(text.to_owned()),
        _ => Subject::User(text.to_owned()),
    })
}
