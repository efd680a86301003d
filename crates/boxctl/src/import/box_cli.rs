//! Box CLI: its environments, and the token that it caches for each.

use std::{collections::BTreeMap, path::PathBuf};

use boxd_client::{Code, ImportedCredential, Secret, Subject};
use serde::Deserialize;

use super::{
    Found, Wanted, app_of_environment, box_app, box_cli_settings, date,
    entry::{choose, shell_word},
    keyring,
    members::{Id, filled, parse},
    missing::missing,
    source::{Origin, Source},
};
use crate::failure::Failure;

/// Service and account of the keyring, the same names that Box CLI uses (boxcli: `src/box-command.js`).
const SERVICE: &str = "boxcli";
const ACCOUNT: &str = "Box";

/// The environments file, as far as it counts.
#[derive(Deserialize)]
struct Environments {
    environments: BTreeMap<String, Environment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Environment {
    client_id: Option<String>,
    client_secret: Option<Secret>,
    enterprise_id: Option<Id>,
    box_config_file_path: Option<String>,
    has_in_line_private_key: Option<bool>,
    private_key_path: Option<String>,
    default_as_user_id: Option<Id>,
    use_default_as_user: Option<bool>,
    auth_method: Option<String>,
    ccg_user: Option<Id>,
}

/// A cached token; also what Box's Node SDK gives its token stores. Times are in milliseconds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CachedToken {
    access_token: Option<Secret>,
    #[serde(rename = "accessTokenTTLMS")]
    access_token_ttl_ms: Option<i64>,
    refresh_token: Option<Secret>,
    #[serde(rename = "acquiredAtMS")]
    acquired_at_ms: Option<i64>,
}

/// The members by which a file is told from the other.
#[derive(Deserialize)]
struct Either {
    environments: Option<serde::de::IgnoredAny>,
}

/// The environments where Box CLI keeps them: its keyring entry, else its file.
pub(super) fn environments() -> Result<Source, Failure> {
    let file = home()?.join("box_environments.json");
    if let Some(found) = keyring::lookup(SERVICE, ACCOUNT) {
        return Ok(found);
    }
    if file.exists() {
        return Source::read(&file);
    }
    let next = "box configure:environments:get shows what Box CLI has; else: boxctl login";
    Err(missing("environment of Box CLI", &[file, keyring::WAY.into()], next))
}

fn home() -> Result<PathBuf, Failure> {
    std::env::home_dir()
        .map(|home| home.join(".box"))
        .ok_or_else(|| Failure::usage("there is no home directory with Box CLI's files", "name the file"))
}

/// Whether Box CLI was ever used by this user: then its keyring entry is worth a look too.
pub(super) fn is_there() -> bool {
    home().is_ok_and(|home| home.is_dir())
}

/// The names of all environments.
pub(super) fn names(source: &Source) -> Result<Vec<String>, Failure> {
    let form = "name ~/.box/box_environments.json";
    let all: Environments = parse(source.text()?, &source.origin().name(), form)?;
    Ok(all.environments.into_keys().collect())
}

/// Reads one environment, or a cached token alone.
pub(super) fn read(source: &Source, wanted: &Wanted<'_>) -> Result<Found, Failure> {
    let text = source.text()?;
    let file = source.origin().name();
    let form = "name ~/.box/box_environments.json, or the token cache of an environment";
    let either: Either = parse(text, &file, form)?;
    if either.environments.is_none() {
        return token_alone(source, wanted);
    }
    let all: Environments = parse(text, &file, form)?;
    let entries = all.environments.iter().map(|(name, environment)| (name.as_str(), environment)).collect();
    let (name, environment) = choose(entries, wanted.entry, ("Box CLI environment", &file))?;
    let mut found = environment.credential(name, source.origin(), wanted)?;
    let hosts = box_cli_settings::of(&settings_directory(source.origin())?)?;
    found.endpoints = hosts.endpoints;
    if hosts.behind_proxy {
        found.notes.push(
            "Box CLI goes through a proxy; it is not taken over: name it in boxd's config, [box] proxy"
                .into(),
        );
    }
    if environment.use_default_as_user == Some(true)
        && let Some(user) = environment.default_as_user_id.as_ref().and_then(Id::filled)
    {
        found.notes.push(format!(
            "environment {name} acts as user {user} by a header (as-user); boxd's token is the app's own: send \
             that header, or ask for that user's token"
        ));
    }
    Ok(found)
}

/// Where Box CLI's settings lie: beside the file that was read, else in its own folder.
fn settings_directory(origin: &Origin) -> Result<PathBuf, Failure> {
    origin.directory().map_or_else(home, |directory| Ok(directory.to_owned()))
}

fn token_alone(source: &Source, wanted: &Wanted<'_>) -> Result<Found, Failure> {
    if wanted.entry.is_some() {
        return Err(Failure::usage(
            format!("{} is the token of one environment", source.origin().name()),
            "leave --entry out, or name box_environments.json",
        ));
    }
    let app = app_of_environment::app("a cached token of Box CLI or of the Node SDK")?;
    let credential = cached(source)?.grant(app, wanted.refresh_now)?;
    Ok(Found::new(credential, source.origin().removal()))
}

fn cached(source: &Source) -> Result<CachedToken, Failure> {
    let form = "log in with Box CLI again (box login), or with boxctl login";
    parse(source.text()?, &format!("the token cache ({})", source.origin().name()), form)
}

impl CachedToken {
    fn grant(self, app: (String, Option<Secret>), refresh_now: bool) -> Result<ImportedCredential, Failure> {
        let end = self.acquired_at_ms.zip(self.access_token_ttl_ms);
        let (client_id, client_secret) = app;
        Ok(ImportedCredential::OAuth2 {
            client_id,
            client_secret,
            refresh_token: filled(self.refresh_token).ok_or_else(|| {
                let next = "box login --reauthorize and import again, or: boxctl login";
                Failure::of(Code::ActionRequired, "the cached token has no refresh token", next)
            })?,
            access_token: filled(self.access_token),
            expires_at: end.and_then(|(born, life)| date::of_milliseconds(born.saturating_add(life))),
            refresh_now,
        })
    }
}

impl Environment {
    /// By `authMethod`, which those with a private key do not have.
    fn credential(&self, name: &str, origin: &Origin, wanted: &Wanted<'_>) -> Result<Found, Failure> {
        let word = shell_word(name);
        let removal = format!("box configure:environments:delete {word}");
        let credential = match self.auth_method.as_deref() {
            Some("oauth20") => {
                let app = (self.client_id(name)?, filled(self.client_secret.clone()));
                let cache = token_of(name, origin)?;
                let credential = cached(&cache)?.grant(app, wanted.refresh_now)?;
                let cache = match cache.origin() {
                    Origin::File(file) => format!("rm {}", shell_word(&file.display().to_string())),
                    Origin::Stdin | Origin::Keyring => format!("the keyring entry {}", service(name)),
                };
                return Ok(Found::new(credential, format!("{removal}, and its token: {cache}")));
            }
            Some("ccg") => self.client_credentials(name)?,
            None | Some("jwt") => self.jwt(name)?,
            Some(_other) => {
                return Err(Failure::usage(
                    format!("authMethod of environment {name} is none of oauth20, ccg and jwt"),
                    "log in anew: boxctl login",
                ));
            }
        };
        Ok(Found::new(credential, removal))
    }

    fn client_id(&self, name: &str) -> Result<String, Failure> {
        self.client_id.clone().filter(|id| !id.is_empty()).ok_or_else(|| lacks(name, "clientId"))
    }

    fn client_credentials(&self, name: &str) -> Result<ImportedCredential, Failure> {
        let user = self.ccg_user.as_ref().and_then(Id::filled).map(Subject::User);
        let enterprise = self.enterprise_id.as_ref().and_then(Id::filled).map(Subject::Enterprise);
        Ok(ImportedCredential::ClientCredentials {
            client_id: self.client_id(name)?,
            client_secret: filled(self.client_secret.clone()).ok_or_else(|| lacks(name, "clientSecret"))?,
            subject: user.or(enterprise).ok_or_else(|| lacks(name, "enterpriseId"))?,
        })
    }

    /// The app settings that the environment names; the private key may lie in a file of its own.
    fn jwt(&self, name: &str) -> Result<ImportedCredential, Failure> {
        let path = self.box_config_file_path.as_ref().ok_or_else(|| lacks(name, "boxConfigFilePath"))?;
        let file = Source::read(path.as_ref())?;
        let text = file.text()?;
        let settings = box_app::settings(text, &file.origin().name())?;
        // Box CLI acts for the enterprise, whatever user the settings name.
        let enterprise = self.enterprise_id.as_ref().and_then(Id::filled);
        let subject = Subject::Enterprise(enterprise.map_or_else(|| settings.enterprise_id(), Ok)?);
        match self.private_key_path.as_ref().filter(|_path| self.has_in_line_private_key == Some(false)) {
            None => settings.jwt(text, Some(subject)),
            Some(path) => {
                let key = Source::read(path.as_ref())?;
                settings.jwt_parts(Some(Secret::new(key.text()?)), Some(subject))?.credential()
            }
        }
    }
}

fn lacks(name: &str, member: &str) -> Failure {
    Failure::of(
        Code::ActionRequired,
        format!("environment {name} of Box CLI lacks `{member}`"),
        "import the app settings file itself: boxctl import --from box-app FILE; or log in: boxctl login",
    )
}

fn service(name: &str) -> String {
    format!("{SERVICE}-token-{name}")
}

/// The cached token of an environment: where Box CLI looks, or first beside the file that was named.
fn token_of(name: &str, origin: &Origin) -> Result<Source, Failure> {
    let file_name = format!("{name}_token_cache.json");
    // A name is part of a path here, and must not lead elsewhere.
    if name.contains(['/', '\\']) || name.chars().any(char::is_control) {
        return Err(Failure::usage(
            format!("environment {name} has a name that no token cache can have"),
            "log in: boxctl login",
        ));
    }
    let beside = origin.directory().map(|directory| directory.join(&file_name));
    let usual = home()?.join(&file_name);
    if let Some(file) = beside.as_ref().filter(|file| file.exists() && **file != usual) {
        return Source::read(file);
    }
    if let Some(found) = keyring::lookup(&service(name), ACCOUNT) {
        return Ok(found);
    }
    if usual.exists() {
        return Source::read(&usual);
    }
    let mut places: Vec<PathBuf> = beside.into_iter().collect();
    if !places.contains(&usual) {
        places.push(usual);
    }
    places.push(keyring::WAY.into());
    let next = "log in with Box CLI again (box login), or with boxctl login";
    Err(missing(&format!("token of Box CLI environment {name}"), &places, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENVIRONMENTS: &str = include_str!("../../tests/fixtures/box_environments.json");

    fn read_entry(text: &str, entry: Option<&str>) -> Result<ImportedCredential, Failure> {
        let wanted = Wanted { file: None, from: None, entry, refresh_now: true };
        read(&Source::from_text(text), &wanted).map(|found| found.credential)
    }

    #[test]
    fn ccg_for_the_enterprise_or_a_user() {
        let subject = |text: &str| match read_entry(text, Some("bot")) {
            Ok(ImportedCredential::ClientCredentials { subject, .. }) => subject,
            other => panic!("another kind: {other:?}"),
        };
        assert_eq!(subject(ENVIRONMENTS), Subject::Enterprise("123456".into()));
        let user = ENVIRONMENTS.replace("\"ccgUser\": null", "\"ccgUser\": \"678\"");
        assert_eq!(subject(&user), Subject::User("678".into()));
    }

    #[test]
    fn refusals_name_the_environment() {
        let table = [
            (ENVIRONMENTS.to_owned(), None, "more than one Box CLI environment: app, bot, oauth"),
            (ENVIRONMENTS.to_owned(), Some("nope"), "no Box CLI environment named nope"),
            (
                ENVIRONMENTS.replace("\"clientSecret\"", "\"x\""),
                Some("bot"),
                "environment bot of Box CLI lacks",
            ),
            (ENVIRONMENTS.replace("oauth20", "magic"), Some("oauth"), "authMethod of environment oauth"),
            (ENVIRONMENTS.replace("\"oauth\": {", "\"../x\": {"), Some("../x"), "no token cache can have"),
            (r#"{"environments": "canary"}"#.to_owned(), None, "no JSON object"),
            (r#"{"default": null, "environments": {}}"#.to_owned(), None, "has no Box CLI environment"),
        ];
        for (text, entry, expected) in table {
            let problem = read_entry(&text, entry).unwrap_err().problem;
            assert!(problem.detail.contains(expected), "{problem:?}");
            assert!(!problem.detail.contains("canary") && !problem.next_step.is_empty(), "{problem:?}");
        }
    }

    #[test]
    fn a_cached_token_with_its_end() {
        let text = r#"{"accessToken":"AT","accessTokenTTLMS":4123000,"refreshToken":"RT","acquiredAtMS":1795311555637}"#;
        let token = cached(&Source::from_text(text)).unwrap();
        let Ok(ImportedCredential::OAuth2 { expires_at, refresh_token, .. }) =
            token.grant(("id".into(), None), true)
        else {
            panic!("another kind")
        };
        assert_eq!((expires_at, refresh_token.expose()), (Some(1_795_315_678), "RT"));
        let empty = cached(&Source::from_text("{}")).unwrap();
        assert_eq!(empty.grant(("id".into(), None), true).unwrap_err().problem.code, Code::ActionRequired);
    }
}
