//! Box's app settings file: the JSON that the developer console gives out for an application (Box: guides "JWT
//! without SDKs" and "Client Credentials Grant").

#[cfg(test)]
mod tests;
mod text;

use boxd_engine::ClientSecret;
use secrecy::SecretString;
use serde::Deserialize;

use text::Text;

/// What the file says. Members that are not named here are ignored.
#[derive(Clone, Debug)]
pub struct AppSettings {
    /// `boxAppSettings.clientID`.
    pub client_id: String,
    /// `boxAppSettings.clientSecret`.
    pub client_secret: ClientSecret,
    /// `boxAppSettings.appAuth`; a file for client credentials (CCG) has none.
    pub app_auth: Option<AppAuth>,
    /// `enterpriseID`; Box writes `"0"` where there is none, as in free accounts.
    pub enterprise_id: Option<String>,
    /// `userID`.
    pub user_id: Option<String>,
}

/// The key of an application that signs assertions.
#[derive(Clone, Debug)]
pub struct AppAuth {
    /// `publicKeyID`: the id under which Box keeps the public key.
    pub public_key_id: String,
    /// `privateKey`: PEM, as a rule encrypted.
    pub private_key: SecretString,
    /// `passphrase`; some keep it elsewhere.
    pub passphrase: Option<SecretString>,
}

/// Why a text is no app settings file. It never quotes the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppSettingsError {
    /// No JSON, or not an object where one must be.
    #[error(
        "the app settings cannot be read as JSON (line {line}, column {column}): download them anew in Box's \
         developer console (Configuration, \"Download as JSON\")"
    )]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// A member that must be there is absent or empty.
    #[error(
        "the app settings have no `{0}`: download them anew in Box's developer console (Configuration, \
         \"Download as JSON\"), or add it"
    )]
    Missing(&'static str),
    /// A member that is neither a text nor a number.
    #[error("`{0}` of the app settings must be a text: put it in quotes")]
    NotText(&'static str),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    box_app_settings: Option<Application>,
    #[serde(rename = "enterpriseID", default)]
    enterprise_id: Text,
    #[serde(rename = "userID", default)]
    user_id: Text,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Application {
    #[serde(rename = "clientID", default)]
    client_id: Text,
    #[serde(default)]
    client_secret: Text,
    app_auth: Option<Auth>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Auth {
    #[serde(rename = "publicKeyID", default)]
    public_key_id: Text,
    #[serde(default)]
    private_key: Text,
    #[serde(default)]
    passphrase: Text,
}

impl AppSettings {
    /// Reads the file. It says nothing about whether the key fits: that takes a passphrase, and time.
    pub fn parse(json: &str) -> Result<Self, AppSettingsError> {
        // Some editors put a byte order mark in front.
        let json = json.trim_start_matches('\u{feff}');
        let file: File = serde_json::from_str(json).map_err(|error| {
            // The position is safe to tell; serde_json's own text could quote a secret.
            AppSettingsError::Syntax { line: error.line(), column: error.column() }
        })?;
        let application = file.box_app_settings.ok_or(AppSettingsError::Missing("boxAppSettings"))?;
        Ok(Self {
            client_id: application.client_id.required("boxAppSettings.clientID")?,
            client_secret: ClientSecret::new(
                application.client_secret.required("boxAppSettings.clientSecret")?,
            ),
            app_auth: application.app_auth.map(AppAuth::read).transpose()?,
            enterprise_id: file.enterprise_id.optional("enterpriseID")?.filter(|id| id != "0"),
            user_id: file.user_id.optional("userID")?.filter(|id| id != "0"),
        })
    }
}

impl AppAuth {
    fn read(auth: Auth) -> Result<Self, AppSettingsError> {
        const PUBLIC_KEY_ID: &str = "boxAppSettings.appAuth.publicKeyID";
        const PRIVATE_KEY: &str = "boxAppSettings.appAuth.privateKey";
        const PASSPHRASE: &str = "boxAppSettings.appAuth.passphrase";
        Ok(Self {
            public_key_id: auth.public_key_id.required(PUBLIC_KEY_ID)?,
            private_key: auth.private_key.required(PRIVATE_KEY)?.into(),
            passphrase: auth.passphrase.optional(PASSPHRASE)?.map(SecretString::from),
        })
    }
}
