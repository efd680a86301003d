//! `rclone.conf`: remotes of type `box`.

use boxd_client::{Code, Endpoints, ImportedCredential, Secret, Subject};
use serde::Deserialize;

use super::{
    Found, Wanted, box_app, date,
    entry::{choose, shell_word},
    ini::{self, Ini, Section},
    members::{filled, parse},
    source::{Origin, Source},
};
use crate::failure::Failure;

/// What begins the first line that says something in an encrypted file, of any version.
const ENCRYPTED: &str = "RCLONE_ENCRYPT_V";

/// Whether rclone has encrypted the whole file with a password.
pub(super) fn is_encrypted(text: &str) -> bool {
    ini::lines(text).next().is_some_and(|(_number, line)| line.starts_with(ENCRYPTED))
}

/// The names of all remotes.
pub(super) fn names(source: &Source) -> Result<Vec<String>, Failure> {
    let text = source.text()?;
    let file = source.origin().name();
    if is_encrypted(text) {
        let detail = format!("{file} is encrypted with a password that only rclone asks for");
        return Err(Failure::of(Code::ActionRequired, detail, "rclone config show"));
    }
    Ok(remotes(&parsed(text, &file)?).map(|section| section.name.to_owned()).collect())
}

fn parsed<'t>(text: &'t str, file: &str) -> Result<Ini<'t>, Failure> {
    Ini::read(text).map_err(|line| {
        let detail = format!("{file} is no rclone.conf: line {} has no key and value", line.0);
        Failure::usage(detail, "see whether `rclone config show` can read it")
    })
}

fn remotes<'i, 't>(ini: &'i Ini<'t>) -> impl Iterator<Item = &'i Section<'t>> {
    ini.sections().iter().filter(|section| section.get("type") == Some("box"))
}

/// Reads one remote.
pub(super) fn read(source: &Source, wanted: &Wanted<'_>) -> Result<Found, Failure> {
    let text = source.text()?;
    let file = source.origin().name();
    if is_encrypted(text) {
        return Err(encrypted(source.origin(), wanted));
    }
    let ini = parsed(text, &file)?;
    let remotes = remotes(&ini).map(|section| (section.name, section)).collect();
    let (name, section) = choose(remotes, wanted.entry, ("remote of type box", &file))?;
    let remote = Remote { name, section };
    let mut found = remote.credential(source.origin(), wanted.refresh_now)?;
    found.endpoints.token_url = remote.get("token_url")?.map(str::to_owned);
    found.endpoints.authorize_url = remote.get("auth_url")?.map(str::to_owned);
    if let Some(user) = remote.get("impersonate")? {
        found.notes.push(format!(
            "remote {name} acts as user {user} by a header (as-user); boxd's token is the app's own: send that \
             header, or ask for that user's token"
        ));
    }
    Ok(found)
}

fn encrypted(origin: &Origin, wanted: &Wanted<'_>) -> Failure {
    let config = match origin {
        Origin::File(file) if wanted.file.is_some() => {
            format!("--config {} ", shell_word(&file.display().to_string()))
        }
        _ => String::new(),
    };
    let entry = wanted.entry.map(|entry| format!(" --entry {}", shell_word(entry))).unwrap_or_default();
    Failure::of(
        Code::ActionRequired,
        format!("{} is encrypted with a password that only rclone asks for", origin.name()),
        format!("rclone {config}config show | boxctl import --from rclone{entry} -"),
    )
}

/// One remote. Its `client_secret` stands there as it is: rclone obscures only options that it calls passwords,
/// and this is none of them (rclone: `lib/oauthutil`, `SharedOptions`).
struct Remote<'t> {
    name: &'t str,
    section: &'t Section<'t>,
}

/// `token` of a remote; the capitalised members are those of very old versions (rclone: `oldToken`).
#[derive(Deserialize)]
struct Issued {
    #[serde(alias = "AccessToken")]
    access_token: Option<Secret>,
    #[serde(alias = "RefreshToken")]
    refresh_token: Option<Secret>,
    #[serde(alias = "Expiry")]
    expiry: Option<String>,
}

impl<'t> Remote<'t> {
    fn get(&self, key: &str) -> Result<Option<&'t str>, Failure> {
        match self.section.get(key) {
            Some(value) if value.contains("%(") => Err(Failure::usage(
                format!("`{key}` of remote {} refers to another value by %(…)s", self.name),
                "write that value out in rclone.conf",
            )),
            value => Ok(value),
        }
    }

    /// In rclone's own order: an access token, else the settings of an app, else a user's grant.
    fn credential(&self, origin: &Origin, refresh_now: bool) -> Result<Found, Failure> {
        if let Some(token) = self.get("access_token")? {
            return Ok(self.access_token(token));
        }
        if let Some(settings) = self.get("config_credentials")? {
            return self.app(settings);
        }
        if let Some(file) = self.get("box_config_file")? {
            let settings = Source::read(&self.expanded(file, origin)?)?;
            return self.app(settings.text()?);
        }
        self.grant(refresh_now)
    }

    fn access_token(&self, token: &str) -> Found {
        let credential =
            ImportedCredential::AccessToken { access_token: Secret::new(token), expires_at: None };
        let mut found = Found::new(credential, self.removal());
        found.notes.push(
            "rclone.conf does not say when this access token ends: boxd serves it for an hour, and cannot \
             renew it"
                .into(),
        );
        found
    }

    /// rclone takes the `enterpriseID` of the settings as the id of whatever `box_sub_type` says, by default of a
    /// user (rclone: `getClaims`).
    fn app(&self, settings: &str) -> Result<Found, Failure> {
        let app = box_app::settings(settings, &format!("the app settings of remote {}", self.name))?;
        let id = app.enterprise_id()?;
        let subject = match self.get("box_sub_type")? {
            Some("enterprise") => Subject::Enterprise(id),
            None | Some("user") => Subject::User(id),
            Some(_other) => {
                let detail = format!("box_sub_type of remote {} is neither user nor enterprise", self.name);
                return Err(Failure::usage(detail, "correct it with `rclone config update`"));
            }
        };
        Ok(Found::new(app.jwt(settings, Some(subject))?, self.removal()))
    }

    /// The file as rclone finds it: `~` is the home directory. Other variables are rclone's own affair.
    fn expanded(&self, file: &str, origin: &Origin) -> Result<std::path::PathBuf, Failure> {
        let unknown = |reason: &str| {
            let detail = format!("box_config_file of remote {} cannot be found: {reason}", self.name);
            Failure::usage(detail, "import that file itself: boxctl import --from box-app FILE")
        };
        if file.contains('$') {
            return Err(unknown("its path has a variable in it"));
        }
        if let Some(rest) = file.strip_prefix("~/") {
            let home = std::env::home_dir().ok_or_else(|| unknown("there is no home directory"))?;
            return Ok(home.join(rest));
        }
        // rclone takes a relative path from where it is run; the file's own directory is the better guess.
        origin.beside("box_config_file", file).map(Into::into)
    }

    fn grant(&self, refresh_now: bool) -> Result<Found, Failure> {
        let name = self.name;
        let word = shell_word(name);
        let client_id = self.get("client_id")?.ok_or_else(|| {
            Failure::of(
                Code::ActionRequired,
                format!(
                    "remote {name} belongs to the Box app that is built into rclone (its client_id is blank): \
                     nobody but rclone can renew its grant"
                ),
                format!(
                    "log in with a Box app of your own: boxctl login; or give the remote one (rclone config \
                     update {word} client_id ID client_secret SECRET, rclone config reconnect {word}:) and \
                     import it then"
                ),
            )
        })?;
        let no_grant = |what: &str| {
            let next = format!("rclone config reconnect {word}: and import it then, or: boxctl login");
            Failure::of(Code::ActionRequired, format!("remote {name} has no {what}"), next)
        };
        let text = self.get("token")?.ok_or_else(|| no_grant("token yet"))?;
        let form = "see whether rclone can still use the remote";
        let token: Issued = parse(text, &format!("the token of remote {name}"), form)?;
        let credential = ImportedCredential::OAuth2 {
            client_id: client_id.into(),
            client_secret: self.get("client_secret")?.map(Secret::new),
            refresh_token: filled(token.refresh_token).ok_or_else(|| no_grant("refresh token"))?,
            access_token: filled(token.access_token),
            expires_at: token.expiry.as_deref().and_then(date::of_rfc3339),
            refresh_now,
        };
        Ok(Found { endpoints: Endpoints::default(), ..Found::new(credential, self.removal()) })
    }

    fn removal(&self) -> String {
        format!("rclone config delete {}", shell_word(self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONF: &str = include_str!("../../tests/fixtures/rclone.conf");

    fn read_entry(text: &str, entry: Option<&str>) -> Result<Found, Failure> {
        let wanted = Wanted { file: None, from: None, entry, refresh_now: true };
        read(&Source::from_text(text), &wanted)
    }

    fn refused(text: &str, entry: Option<&str>) -> (Code, String) {
        let failure = read_entry(text, entry).err().unwrap();
        assert!(!failure.problem.next_step.is_empty(), "{failure:?}");
        (failure.problem.code, format!("{} | {}", failure.problem.detail, failure.problem.next_step))
    }

    #[test]
    fn a_grant_with_its_endpoints() {
        let found = read_entry(CONF, Some("mybox")).unwrap();
        let ImportedCredential::OAuth2 { client_id, client_secret, refresh_token, expires_at, .. } =
            found.credential
        else {
            panic!("another kind")
        };
        assert_eq!(client_id, "abcdefghijklmnopqrstuvwxyz012345");
        assert_eq!(client_secret.unwrap().expose(), "se;c#r=t");
        assert_eq!((refresh_token.expose(), expires_at), ("RT", Some(1_795_311_264)));
        assert_eq!(found.endpoints.token_url.as_deref(), Some("https://box.example/token"));
        assert_eq!(found.endpoints.authorize_url.as_deref(), Some("https://box.example/authorize"));
        assert_eq!(found.old_copy, "rclone config delete mybox");
    }

    #[test]
    fn the_old_form_of_a_token() {
        let found = read_entry(CONF, Some("old one")).unwrap();
        assert!(matches!(found.credential, ImportedCredential::OAuth2 { refresh_token, access_token, .. }
            if refresh_token.expose() == "RT-OLD" && access_token.as_ref().unwrap().expose() == "AT-OLD"));
        assert_eq!(found.old_copy, "rclone config delete 'old one'");
    }

    #[test]
    fn an_access_token_and_the_settings_of_an_app() {
        let found = read_entry(CONF, Some("primary")).unwrap();
        assert!(matches!(found.credential, ImportedCredential::AccessToken { .. }));
        assert!(found.notes[0].contains("for an hour"), "{:?}", found.notes);
        for (entry, subject) in
            [("app", Subject::User("1234567".into())), ("service", Subject::Enterprise("1234567".into()))]
        {
            let found = read_entry(CONF, Some(entry)).unwrap();
            assert!(matches!(found.credential, ImportedCredential::Jwt { subject: Some(of), .. }
                if of == subject));
        }
    }

    #[test]
    fn rclones_own_app_is_refused_with_the_ways_out() {
        let (code, text) = refused(CONF, Some("builtin"));
        assert_eq!(code, Code::ActionRequired);
        assert!(text.contains("built into rclone") && text.contains("boxctl login"), "{text}");
        assert!(text.contains("rclone config reconnect builtin:"), "{text}");
    }

    #[test]
    fn other_refusals_name_the_remote_and_no_secret() {
        let table = [
            (None, "mybox, old one, primary, app, service, builtin, new, mail-only"),
            (Some("s3"), "no remote of type box named s3"),
            (Some("new"), "has no token yet"),
            (Some("mail-only"), "has no refresh token"),
        ];
        for (entry, expected) in table {
            let (_code, text) = refused(CONF, entry);
            assert!(text.contains(expected), "{text}");
        }
        let (_code, text) =
            refused("[a]\ntype = box\nclient_id = x\ntoken = {\"refresh_token\":canary}", None);
        assert!(text.contains("the token of remote a") && !text.contains("canary"), "{text}");
        let (_code, text) = refused("[a]\ntype = box\nclient_id = %(canary)s", None);
        assert!(text.contains("`client_id` of remote a"), "{text}");
        let (_code, text) = refused("[a]\ntype = box\nbox_config_file = $HOME/a.json", None);
        assert!(text.contains("--from box-app"), "{text}");
        let (_code, text) = refused("[a]\ntype = s3", None);
        assert!(text.contains("has no remote of type box"), "{text}");
    }

    #[test]
    fn an_encrypted_file_is_left_to_rclone() {
        for text in
            ["RCLONE_ENCRYPT_V0:\nAAAA", "# Encrypted rclone configuration File\n\nRCLONE_ENCRYPT_V0:\nAA"]
        {
            let (code, text) = refused(text, Some("my box"));
            assert_eq!(code, Code::ActionRequired);
            let remedy = "rclone config show | boxctl import --from rclone --entry 'my box' -";
            assert!(text.ends_with(remedy), "{text}");
        }
    }
}
