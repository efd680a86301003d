//! Box's app settings file, as its console hands it out (Box: guides/authentication/jwt/without-sdk).

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::keys::{Cipher, PASSPHRASE};
use crate::oauth::{Client, ENTERPRISE_ID};

/// For which kind of server authentication the app is set up.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Auth {
    /// With `appAuth`: key id, private key and its passphrase.
    #[default]
    Jwt,
    /// Client credentials, without `appAuth`.
    Ccg,
}

pub(crate) fn app_settings(client: &Client, auth: Auth, cipher: Cipher, user_id: Option<&str>) -> Value {
    let mut app = Map::from_iter([
        ("clientID".to_owned(), json!(client.id())),
        ("clientSecret".to_owned(), json!(client.secret())),
    ]);
    if auth == Auth::Jwt {
        let passphrase = if cipher == Cipher::None { "" } else { PASSPHRASE };
        let key = json!({
            "publicKeyID": client.public_key_id(), "privateKey": cipher.pem(), "passphrase": passphrase,
        });
        app.extend([("appAuth".to_owned(), key)]);
    }
    let mut file = Map::from_iter([
        ("boxAppSettings".to_owned(), Value::Object(app)),
        ("enterpriseID".to_owned(), json!(ENTERPRISE_ID)),
        ("webhooks".to_owned(), json!({"primaryKey": "", "secondaryKey": ""})),
    ]);
    file.extend(user_id.map(|id| ("userID".to_owned(), json!(id))));
    Value::Object(file)
}

/// What `--app-settings` writes.
pub fn jwt_settings(client: &Client) -> Value {
    app_settings(client, Auth::Jwt, Cipher::Aes256, None)
}

/// What `--ccg-settings` writes.
pub fn ccg_settings(client: &Client) -> Value {
    app_settings(client, Auth::Ccg, Cipher::None, None)
}
