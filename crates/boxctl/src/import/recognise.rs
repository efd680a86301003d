//! Which format a file has, by what is in it.

use boxd_client::Code;
use serde::{Deserialize, de::IgnoredAny};

use super::kind::Kind;
use super::{ini, rclone, source::Source, token};
use crate::failure::Failure;

/// What each format is known by, for a message.
const LOOKED_FOR: &str = "sections in brackets (rclone.conf); JSON with boxAppSettings (Box app settings), \
                          environments (Box CLI), values (Postman), lastRefresh (Java SDK), or client_id and \
                          refresh_token (json); one line (token)";

/// Prints what boxsdk 10 keeps in its `FileTokenStorage` as an import file.
const PRINT_FROM_PYTHON: &str = r#"python3 -c 'import json, os; from box_sdk_gen import FileTokenStorage; print(json.dumps({"client_id": os.environ["BOX_CLIENT_ID"], "client_secret": os.environ["BOX_CLIENT_SECRET"], "refresh_token": FileTokenStorage().get().refresh_token}))'"#;

/// The members that tell JSON formats apart.
#[derive(Deserialize)]
struct Shape {
    #[serde(rename = "boxAppSettings")]
    box_app_settings: Option<IgnoredAny>,
    environments: Option<IgnoredAny>,
    #[serde(rename = "acquiredAtMS")]
    acquired_at: Option<IgnoredAny>,
    values: Option<IgnoredAny>,
    environment: Option<IgnoredAny>,
    #[serde(rename = "lastRefresh")]
    last_refresh: Option<IgnoredAny>,
    client_id: Option<IgnoredAny>,
    refresh_token: Option<IgnoredAny>,
}

/// Refuses what only Python can read, whatever it is said to be.
pub(super) fn refuse_python(source: &Source) -> Result<(), Failure> {
    match python_state(source.bytes()) {
        None => Ok(()),
        Some(what) => Err(Failure::of(
            Code::ActionRequired,
            format!(
                "{} is {what}, which can hold a program and is never opened here",
                source.origin().name()
            ),
            format!(
                "have the Python SDK print its token, in the folder of its token storage and with BOX_CLIENT_ID \
                 and BOX_CLIENT_SECRET set: {PRINT_FROM_PYTHON} | boxctl import -; or log in anew: boxctl login"
            ),
        )),
    }
}

/// The format of what was read.
pub(super) fn kind(source: &Source) -> Result<Kind, Failure> {
    let text = source.text()?.trim();
    if text.starts_with('{') {
        return of_json(text);
    }
    let json = serde_json::from_str::<IgnoredAny>(text).is_ok();
    let sections =
        !json && ini::lines(text).next().is_some_and(|(_number, line)| ini::section_name(line).is_some());
    if sections || rclone::is_encrypted(text) {
        Ok(Kind::Rclone)
    } else if token::is_one(text) {
        Ok(Kind::Token)
    } else {
        Err(Failure::usage(
            format!("the format of {} is not recognised; looked for: {LOOKED_FOR}", source.origin().name()),
            "say what it is: --from KIND (see boxctl import --help)",
        ))
    }
}

fn of_json(text: &str) -> Result<Kind, Failure> {
    // What is no JSON at all is best explained by the reader of the plain format.
    let Ok(shape) = serde_json::from_str::<Shape>(text) else { return Ok(Kind::Json) };
    let signs = [
        (shape.box_app_settings.is_some(), Kind::BoxApp, "box-app"),
        (shape.environments.is_some() || shape.acquired_at.is_some(), Kind::BoxCli, "box-cli"),
        (shape.values.is_some() || shape.environment.is_some(), Kind::Postman, "postman"),
        (shape.last_refresh.is_some(), Kind::JavaSdk, "java-sdk"),
        (shape.client_id.is_some() || shape.refresh_token.is_some(), Kind::Json, "json"),
    ];
    let found: Vec<_> = signs.iter().filter(|(present, ..)| *present).collect();
    match found.as_slice() {
        [(_, kind, _)] => Ok(*kind),
        [] => Err(Failure::usage(
            format!("the JSON object has a form that is not recognised; looked for: {LOOKED_FOR}"),
            "say what it is: --from KIND (see boxctl import --help)",
        )),
        several => {
            let names: Vec<_> = several.iter().map(|(_, _, name)| *name).collect();
            let detail = format!("the JSON object could be any of: {}", names.join(", "));
            Err(Failure::usage(detail, "say which: --from KIND"))
        }
    }
}

/// A pickle, or a database (or its index) in which Python's shelve (and so boxsdk's `FileTokenStorage`) keeps pickles.
fn python_state(bytes: &[u8]) -> Option<&'static str> {
    // gdbm 1.x writes its magic in the machine's order; Berkeley DB's stands at offset 12 (file(1): magic).
    let gdbm = |magic: [u8; 4]| matches!(u32::from_le_bytes(magic), 0x1357_9ACD..=0x1357_9AD1);
    let start = bytes.first_chunk::<4>().copied();
    let at_12 = bytes.get(12..16).and_then(|magic| magic.first_chunk::<4>().copied());
    let berkeley = |magic: [u8; 4]| matches!(u32::from_le_bytes(magic), 0x0006_1561 | 0x0005_3162);
    let swapped = |mut magic: [u8; 4]| {
        magic.reverse();
        magic
    };
    if matches!(bytes, [0x80, 2..=5, ..]) {
        Some("a Python pickle")
    } else if start.is_some_and(|magic| gdbm(magic) || gdbm(swapped(magic)))
        || at_12.is_some_and(|magic| berkeley(magic) || berkeley(swapped(magic)))
        || bytes.starts_with(b"SQLite format 3\0")
        || dumb_index(bytes)
    {
        Some("a database file, as of Python's shelve")
    } else {
        None
    }
}

/// The index of Python's own database (`dbm.dumb`): on each line a key in quotes and two numbers.
fn dumb_index(bytes: &[u8]) -> bool {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii();
    line.starts_with(b"'") && line.ends_with(b")") && line.windows(4).any(|window| window == b"', (")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> Result<Kind, String> {
        let source = Source::of(bytes, super::super::source::Origin::Stdin).unwrap();
        refuse_python(&source).and_then(|()| kind(&source)).map_err(|failure| {
            assert!(!failure.problem.next_step.is_empty());
            failure.problem.detail
        })
    }

    #[test]
    fn formats_are_recognised() {
        let table: [(&str, Kind); 12] = [
            (" {\"refresh_token\":1}", Kind::Json),
            ("{\"client_id\": canary", Kind::Json),
            ("abcDEF123!\n", Kind::Token),
            (include_str!("../../tests/fixtures/rclone.conf"), Kind::Rclone),
            ("# Encrypted\n\nRCLONE_ENCRYPT_V0:\nAAAA", Kind::Rclone),
            (include_str!("../../tests/fixtures/box_environments.json"), Kind::BoxCli),
            ("{\"accessToken\":\"a\",\"refreshToken\":\"r\",\"acquiredAtMS\":1}", Kind::BoxCli),
            ("{\"values\":[]}", Kind::Postman),
            ("{\"environment\":{\"values\":[]}}", Kind::Postman),
            (include_str!("../../tests/fixtures/box-app-jwt.json"), Kind::BoxApp),
            (include_str!("../../tests/fixtures/box-app-ccg.json"), Kind::BoxApp),
            (include_str!("../../tests/fixtures/java-sdk.json"), Kind::JavaSdk),
        ];
        for (text, kind) in table {
            assert_eq!(of(text.as_bytes()), Ok(kind), "{text}");
        }
    }

    #[test]
    fn what_is_unknown_or_ambiguous_says_what_was_looked_for() {
        for neither in ["", "two words", "{\"a\": 1}", "[1, 2", "[{\"client_id\": 1}]"] {
            let detail = of(neither.as_bytes()).unwrap_err();
            assert!(detail.contains("not recognised") && detail.contains("rclone.conf"), "{detail}");
        }
        let detail = of(b"{\"values\":[],\"lastRefresh\":1}").unwrap_err();
        assert_eq!(detail, "the JSON object could be any of: postman, java-sdk");
    }

    #[test]
    fn python_state_is_never_opened() {
        let mut berkeley = [0; 16];
        berkeley[12..].copy_from_slice(&0x0006_1561_u32.to_be_bytes());
        let gdbm = 0x1357_9ACF_u32.to_le_bytes();
        for bytes in [&b"\x80\x04\x95"[..], &gdbm, &berkeley, b"SQLite format 3\0", b"'token', (0, 51)\n"] {
            let detail = of(bytes).unwrap_err();
            assert!(detail.contains("Python"), "{detail}");
        }
    }
}
