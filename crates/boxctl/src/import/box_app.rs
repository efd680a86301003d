//! Box's app settings file, as the developer console gives it: an application with JWT or CCG.

use boxd_client::{Code, ImportedCredential, Secret, Subject};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    Found,
    members::{Id, filled, parse},
    source::Source,
};
use crate::failure::Failure;

/// The members that count (Box: guide "JWT without SDKs").
#[derive(Deserialize)]
pub(super) struct AppSettings {
    #[serde(rename = "boxAppSettings")]
    app: App,
    #[serde(rename = "enterpriseID")]
    enterprise_id: Option<Id>,
    #[serde(rename = "userID")]
    user_id: Option<Id>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct App {
    #[serde(rename = "clientID")]
    client_id: Option<String>,
    client_secret: Option<Secret>,
    #[serde(rename = "appAuth")]
    auth: Option<AppAuth>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AppAuth {
    #[serde(rename = "publicKeyID")]
    public_key_id: Option<String>,
    private_key: Option<Secret>,
    passphrase: Option<Secret>,
}

/// An app settings file with a private key, to write one from what other tools keep apart.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JwtFile<'a> {
    box_app_settings: JwtApp<'a>,
    #[serde(rename = "enterpriseID", skip_serializing_if = "Option::is_none")]
    enterprise_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JwtApp<'a> {
    #[serde(rename = "clientID")]
    client_id: &'a str,
    client_secret: &'a Secret,
    app_auth: JwtAuth<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JwtAuth<'a> {
    #[serde(rename = "publicKeyID")]
    public_key_id: &'a str,
    private_key: &'a Secret,
    #[serde(skip_serializing_if = "Option::is_none")]
    passphrase: Option<&'a Secret>,
}

/// The parts of an application with JWT.
pub(super) struct JwtParts {
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
    pub(super) public_key_id: String,
    pub(super) private_key: Secret,
    pub(super) passphrase: Option<Secret>,
    pub(super) subject: Subject,
}

/// Reads the file.
pub(super) fn read(source: &Source) -> Result<Found, Failure> {
    let text = source.text()?;
    let settings = settings(text, &source.origin().name())?;
    let old_copy = source.origin().removal();
    if settings.app.auth.is_some() {
        return Ok(Found::new(settings.jwt(text, None)?, old_copy));
    }
    Ok(Found::new(settings.client_credentials()?, old_copy))
}

/// The settings in `text`, which messages call `what`.
pub(super) fn settings(text: &str, what: &str) -> Result<AppSettings, Failure> {
    parse(
        text,
        what,
        "name the file that the Box developer console gave, with boxAppSettings and enterpriseID",
    )
}

fn lacks(member: &str, next_step: &str) -> Failure {
    Failure::of(Code::ActionRequired, format!("the app settings lack `{member}`"), next_step)
}

const FETCH_ANEW: &str = "download the app settings anew from the Box developer console (Configuration)";

impl AppSettings {
    /// `enterpriseID`, which Box writes as "0" where no enterprise has the app.
    pub(super) fn enterprise_id(&self) -> Result<String, Failure> {
        let id = self.enterprise_id.as_ref().and_then(Id::filled).filter(|id| id != "0");
        id.ok_or_else(|| {
            let next = "have the app approved by the enterprise's admin and download the settings anew, or write \
                        a user's id as userID into the file";
            lacks("enterpriseID", next)
        })
    }

    /// As whom the app acts by default: the user that the file names, else the enterprise.
    fn subject(&self) -> Result<Subject, Failure> {
        match self.user_id.as_ref().and_then(Id::filled) {
            Some(user) => Ok(Subject::User(user)),
            None => self.enterprise_id().map(Subject::Enterprise),
        }
    }

    /// The application with the private key that `text`, these settings, carries.
    pub(super) fn jwt(self, text: &str, subject: Option<Subject>) -> Result<ImportedCredential, Failure> {
        // The daemon gets the file as it is; what it would stumble over is told here.
        self.jwt_parts(None, subject.clone())?;
        Ok(ImportedCredential::Jwt { app_settings: Secret::new(text.trim()), passphrase: None, subject })
    }

    /// The same with a private key that is kept elsewhere.
    pub(super) fn jwt_parts(
        self,
        key: Option<Secret>,
        subject: Option<Subject>,
    ) -> Result<JwtParts, Failure> {
        let subject = subject.map_or_else(|| self.subject(), Ok)?;
        let auth = self.app.auth.ok_or_else(|| lacks("appAuth", FETCH_ANEW))?;
        let private_key = key.or(filled(auth.private_key)).ok_or_else(|| {
            lacks("appAuth.privateKey", "write the key into the file, one line with \\n in it")
        })?;
        let parts = JwtParts {
            client_id: client_id(self.app.client_id)?,
            client_secret: client_secret(self.app.client_secret)?,
            public_key_id: auth
                .public_key_id
                .filter(|id| !id.is_empty())
                .ok_or_else(|| lacks("appAuth.publicKeyID", FETCH_ANEW))?,
            private_key,
            passphrase: filled(auth.passphrase),
            subject,
        };
        parts.has_its_passphrase()?;
        Ok(parts)
    }

    fn client_credentials(self) -> Result<ImportedCredential, Failure> {
        Ok(ImportedCredential::ClientCredentials {
            subject: self.subject()?,
            client_id: client_id(self.app.client_id)?,
            client_secret: client_secret(self.app.client_secret)?,
        })
    }
}

impl JwtParts {
    fn has_its_passphrase(&self) -> Result<(), Failure> {
        // PKCS#8 says it in the label, the older form in a header of the PEM.
        if self.passphrase.is_some() || !self.private_key.expose().contains("ENCRYPTED") {
            return Ok(());
        }
        let next = "write it into the file as appAuth.passphrase, or configure the account with auth = \"jwt\", \
                    app_config and passphrase";
        Err(lacks("appAuth.passphrase", next))
    }

    /// One app settings file of the parts.
    pub(super) fn credential(self) -> Result<ImportedCredential, Failure> {
        self.has_its_passphrase()?;
        let file = JwtFile {
            box_app_settings: JwtApp {
                client_id: &self.client_id,
                client_secret: &self.client_secret,
                app_auth: JwtAuth {
                    public_key_id: &self.public_key_id,
                    private_key: &self.private_key,
                    passphrase: self.passphrase.as_ref(),
                },
            },
            enterprise_id: match &self.subject {
                Subject::Enterprise(id) => Some(id),
                Subject::User(_) => None,
            },
        };
        // Room for all of it at once, with a backslash before every character: growth would leave copies behind.
        let room = 2 * (self.private_key.expose().len() + 4096);
        let mut text = Zeroizing::new(Vec::with_capacity(room));
        let unwritable =
            || Failure::usage("the private key cannot be written as JSON", "import the app settings");
        serde_json::to_writer(&mut *text, &file).map_err(|_error| unwritable())?;
        let text = std::str::from_utf8(&text).map_err(|_invalid| unwritable())?;
        let app_settings = Secret::new(text);
        Ok(ImportedCredential::Jwt { app_settings, passphrase: None, subject: Some(self.subject) })
    }
}

fn client_id(id: Option<String>) -> Result<String, Failure> {
    id.filter(|id| !id.is_empty()).ok_or_else(|| lacks("clientID", FETCH_ANEW))
}

fn client_secret(secret: Option<Secret>) -> Result<Secret, Failure> {
    filled(secret).ok_or_else(|| lacks("clientSecret", FETCH_ANEW))
}

#[cfg(test)]
mod tests {
    use super::*;

    const JWT: &str = include_str!("../../tests/fixtures/box-app-jwt.json");
    const CCG: &str = include_str!("../../tests/fixtures/box-app-ccg.json");

    fn read_text(text: &str) -> Result<ImportedCredential, Failure> {
        read(&Source::from_text(text)).map(|found| found.credential)
    }

    #[test]
    fn a_file_with_a_key_is_taken_over_whole() {
        let Ok(ImportedCredential::Jwt { app_settings, subject: None, passphrase: None }) = read_text(JWT)
        else {
            panic!("another kind")
        };
        assert_eq!(app_settings.expose(), JWT.trim());
    }

    #[test]
    fn a_file_without_a_key_is_ccg_for_the_enterprise_or_the_user() {
        let subject = |text: &str| match read_text(text) {
            Ok(ImportedCredential::ClientCredentials { subject, client_secret, .. }) => {
                assert_eq!(client_secret.expose(), "def");
                subject
            }
            other => panic!("another kind: {other:?}"),
        };
        assert_eq!(subject(CCG), Subject::Enterprise("1234567".into()));
        let with_user = CCG.replace("\"enterpriseID\"", "\"userID\": 678, \"enterpriseID\"");
        assert_eq!(subject(&with_user), Subject::User("678".into()));
    }

    #[test]
    fn what_is_missing_is_named() {
        let table = [
            (CCG.replace("1234567", "0"), "enterpriseID"),
            (CCG.replace("clientSecret", "other"), "clientSecret"),
            (JWT.replace("passphrase", "other"), "appAuth.passphrase"),
            (JWT.replace("privateKey", "other"), "appAuth.privateKey"),
            (JWT.replace("publicKeyID", "other"), "appAuth.publicKeyID"),
        ];
        for (text, member) in table {
            let problem = read_text(&text).unwrap_err().problem;
            assert_eq!(problem.code, Code::ActionRequired);
            assert!(problem.detail.contains(member) && !problem.next_step.is_empty(), "{problem:?}");
        }
        let problem = read_text("{\"boxAppSettings\": \"canary\"}").unwrap_err().problem;
        assert!(
            problem.detail.contains("no JSON object") && !problem.detail.contains("canary"),
            "{problem:?}"
        );
    }

    #[test]
    fn parts_become_a_file_that_reads_as_the_same() {
        let parts = settings(JWT, "").unwrap().jwt_parts(Some(Secret::new("KEY\n\"2\"")), None).unwrap();
        let Ok(ImportedCredential::Jwt { app_settings, subject, .. }) = parts.credential() else {
            panic!("another kind")
        };
        assert_eq!(subject, Some(Subject::Enterprise("1234567".into())));
        let again = settings(app_settings.expose(), "").unwrap().jwt_parts(None, None).unwrap();
        assert_eq!(again.private_key.expose(), "KEY\n\"2\"");
        assert_eq!((again.public_key_id.as_str(), again.client_id.as_str()), ("k1", "abc"));
        assert_eq!(again.passphrase.unwrap().expose(), "ghi");
    }
}
