//! `boxctl import`: hands credentials that exist elsewhere over to the daemon.

use std::{fs::File, io::Read as _, path::Path};

use boxd_client::{Code, Endpoints, Import as Handover, ImportedCredential, Secret};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{
    args::{Global, Import, Kind},
    command::status,
    daemon,
    failure::Failure,
    output::remark,
};

/// Largest file that is read, in bytes: a request must fit into one frame.
const LARGEST: u64 = 48 * 1024;

pub(super) fn run(global: &Global, options: &Import) -> Result<(), Failure> {
    let text = read(&options.file)?;
    let kind = match options.from {
        Some(kind) => kind,
        None => recognise(&text)?,
    };
    let (credential, mut endpoints) = match kind {
        Kind::Json => from_json(&text, !options.no_refresh)?,
        Kind::Token => (from_token(&text)?, Endpoints::default()),
    };
    endpoints.ca_file = endpoints.ca_file.map(|ca_file| beside(&options.file, &ca_file)).transpose()?;
    let moved = matches!(credential, ImportedCredential::OAuth2 { .. });
    let account = global.account();
    let import = Handover { account, replace: options.replace, credential, endpoints };
    let status = daemon::connect(global)?.import(import)?;
    if moved && !global.json {
        remark("the grant now belongs to boxd: do not use the old copy any more, and delete it");
    }
    status::display(global, std::slice::from_ref(&status))
}

fn read(file: &Path) -> Result<Zeroizing<String>, Failure> {
    // Room for all of it at once: a buffer that grows leaves copies of the secrets behind.
    let room = usize::try_from(LARGEST + 1).unwrap_or_default();
    let mut text = Zeroizing::new(String::with_capacity(room));
    let result = if file == Path::new("-") {
        std::io::stdin().take(LARGEST + 1).read_to_string(&mut text)
    } else {
        File::open(file).and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text))
    };
    match result {
        Ok(length) if u64::try_from(length).unwrap_or(u64::MAX) > LARGEST => {
            Err(unreadable(file, "it is too large to be an import file"))
        }
        Ok(_) => Ok(text),
        Err(error) => Err(unreadable(file, &error.to_string())),
    }
}

/// The absolute path of a file that the import file names: relative to that file, as in the config; to the
/// working directory where it came from stdin. The daemon works in another directory.
fn beside(import_file: &Path, named: &str) -> Result<String, Failure> {
    let base = if import_file == Path::new("-") { None } else { import_file.parent() };
    let path = std::path::absolute(base.unwrap_or(Path::new("")).join(named)).map_err(|error| {
        let detail = format!("`ca_file` names no file: {error}");
        Failure::usage(detail, "write its path, or leave it out")
    })?;
    path.into_os_string()
        .into_string()
        .map_err(|_path| Failure::usage("the path of `ca_file` is no UTF-8", "move it where the path is"))
}

fn unreadable(file: &Path, reason: &str) -> Failure {
    let detail = format!("{} cannot be read: {reason}", file.display());
    Failure::of(Code::BadRequest, detail, "name a readable file, or - for stdin")
}

/// A JSON object with a refresh token, or one bare line.
fn recognise(text: &str) -> Result<Kind, Failure> {
    let text = text.trim();
    if text.starts_with('{') {
        Ok(Kind::Json)
    } else if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(Kind::Token)
    } else {
        Err(Failure::usage(
            "the format of the file is not recognised",
            "give a JSON object with client_id, client_secret and refresh_token, or one line with an access token",
        ))
    }
}

/// The members that count; others are ignored.
#[derive(Deserialize)]
struct ImportFile {
    client_id: Option<String>,
    client_secret: Option<Secret>,
    refresh_token: Option<Secret>,
    access_token: Option<Secret>,
    expires_at: Option<String>,
    authorize_url: Option<String>,
    token_url: Option<String>,
    revoke_url: Option<String>,
    api_url: Option<String>,
    upload_url: Option<String>,
    ca_file: Option<String>,
    proxy: Option<String>,
}

fn from_json(text: &str, refresh_now: bool) -> Result<(ImportedCredential, Endpoints), Failure> {
    let file: ImportFile = serde_json::from_str(text).map_err(|error| {
        // serde_json's own text could quote a secret of the wrong type.
        let place = format!("line {}, column {}", error.line(), error.column());
        Failure::usage(
            format!("the file is no JSON object of the expected form ({place})"),
            "client_id, client_secret, refresh_token, access_token and expires_at are strings",
        )
    })?;
    let missing = |member: &str| {
        Failure::usage(
            format!("the file lacks `{member}`"),
            "an import file has client_id, client_secret, refresh_token",
        )
    };
    let expires_at = file.expires_at.as_deref().map(unix_seconds).transpose()?;
    let credential = ImportedCredential::OAuth2 {
        client_id: file.client_id.ok_or_else(|| missing("client_id"))?,
        client_secret: file.client_secret,
        refresh_token: file.refresh_token.ok_or_else(|| missing("refresh_token"))?,
        access_token: file.access_token,
        expires_at,
        refresh_now,
    };
    let endpoints = Endpoints {
        authorize_url: file.authorize_url,
        token_url: file.token_url,
        revoke_url: file.revoke_url,
        api_url: file.api_url,
        upload_url: file.upload_url,
        ca_file: file.ca_file,
        proxy: file.proxy,
    };
    Ok((credential, endpoints))
}

fn from_token(text: &str) -> Result<ImportedCredential, Failure> {
    match text.trim() {
        "" => Err(Failure::usage("the file is empty", "it holds the access token and nothing else")),
        token if token.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Ok(ImportedCredential::AccessToken { access_token: Secret::new(token), expires_at: None })
        }
        _ => Err(Failure::usage("the file holds more than one token", "one line with an access token")),
    }
}

fn unix_seconds(date: &str) -> Result<i64, Failure> {
    date.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_second).map_err(|_reason| {
        Failure::usage(
            "`expires_at` is no RFC 3339 date",
            "write it as 2026-11-22T03:04:05Z, or leave it out",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_recognised() {
        assert_eq!(recognise(" {\"refresh_token\":1}").unwrap(), Kind::Json);
        assert_eq!(recognise("abcDEF123!\n").unwrap(), Kind::Token);
        for neither in ["", "two words", "[mybox]\ntype = box"] {
            assert!(recognise(neither).is_err(), "{neither}");
        }
    }

    #[test]
    fn a_sandbox_line_is_an_import_file() {
        let line = r#"{"url":"http://127.0.0.1:1","token_url":"http://127.0.0.1:1/t","client_id":"id",
            "client_secret":"s","refresh_token":"r","unknown":[1]}"#;
        let (credential, endpoints) = from_json(line, true).unwrap();
        assert_eq!(endpoints.token_url.as_deref(), Some("http://127.0.0.1:1/t"));
        assert!(matches!(credential, ImportedCredential::OAuth2 { refresh_now: true, expires_at: None, .. }));
    }

    #[test]
    fn errors_never_quote_the_file() {
        let error = from_json(r#"{"client_id":"x","refresh_token":{"a":"canary"}}"#, true).unwrap_err();
        assert!(!format!("{error:?}").contains("canary"));
        let error =
            from_json(r#"{"client_id":"x","refresh_token":"r","expires_at":"canary"}"#, true).unwrap_err();
        assert!(!format!("{error:?}").contains("canary"));
    }
}
