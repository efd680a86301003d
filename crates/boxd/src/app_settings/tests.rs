//! Files as Box writes them, as people edit them, and as they break.

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{AppSettings, AppSettingsError};

fn jwt_file() -> Value {
    json!({
        "boxAppSettings": {
            "clientID": "abc",
            "clientSecret": "canary-secret",
            "appAuth": {
                "publicKeyID": "abcd1234",
                "privateKey": "-----BEGIN ENCRYPTED PRIVATE KEY-----\ncanary-key\n-----END ENCRYPTED PRIVATE KEY-----\n",
                "passphrase": "canary-passphrase",
            },
        },
        "enterpriseID": "1234567",
        "userID": "89",
        "webhooks": { "primaryKey": "", "secondaryKey": "" },
    })
}

fn with(pointer: &str, value: Value) -> String {
    let mut file = jwt_file();
    *file.pointer_mut(pointer).unwrap() = value;
    file.to_string()
}

fn without(object: &str, member: &str) -> String {
    let mut file = jwt_file();
    file.pointer_mut(object).unwrap().as_object_mut().unwrap().remove(member).unwrap();
    file.to_string()
}

#[test]
fn a_jwt_file_is_read_whole() {
    let settings = AppSettings::parse(&jwt_file().to_string()).unwrap();
    assert_eq!((settings.client_id.as_str(), settings.client_secret.expose()), ("abc", "canary-secret"));
    assert_eq!(settings.enterprise_id.as_deref(), Some("1234567"));
    assert_eq!(settings.user_id.as_deref(), Some("89"));
    let key = settings.app_auth.unwrap();
    assert_eq!(key.public_key_id, "abcd1234");
    assert!(key.private_key.expose_secret().starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\ncanary-key"));
    assert_eq!(key.passphrase.unwrap().expose_secret(), "canary-passphrase");
}

#[test]
fn a_file_for_client_credentials_has_no_key() {
    for file in [without("/boxAppSettings", "appAuth"), with("/boxAppSettings/appAuth", Value::Null)] {
        let settings = AppSettings::parse(&file).unwrap();
        assert!(settings.app_auth.is_none());
        assert_eq!(settings.client_id, "abc");
    }
}

#[test]
fn an_id_of_zero_or_nothing_is_none() {
    for none in [json!("0"), json!(0), json!(""), Value::Null] {
        let settings = AppSettings::parse(&with("/enterpriseID", none.clone())).unwrap();
        assert_eq!(settings.enterprise_id, None, "{none}");
    }
    assert_eq!(AppSettings::parse(&without("", "userID")).unwrap().user_id, None);
    let passphrase = AppSettings::parse(&with("/boxAppSettings/appAuth/passphrase", json!(""))).unwrap();
    assert!(passphrase.app_auth.unwrap().passphrase.is_none());
}

#[test]
fn numbers_are_taken_for_texts_and_a_byte_order_mark_is_skipped() {
    let file = with("/enterpriseID", json!(1_234_567));
    let settings = AppSettings::parse(&format!("\u{feff}{file}")).unwrap();
    assert_eq!(settings.enterprise_id.as_deref(), Some("1234567"));
}

#[test]
fn what_is_missing_is_named_with_the_next_step() {
    let members = [
        ("", "boxAppSettings", "boxAppSettings"),
        ("/boxAppSettings", "clientID", "boxAppSettings.clientID"),
        ("/boxAppSettings", "clientSecret", "boxAppSettings.clientSecret"),
        ("/boxAppSettings/appAuth", "publicKeyID", "boxAppSettings.appAuth.publicKeyID"),
        ("/boxAppSettings/appAuth", "privateKey", "boxAppSettings.appAuth.privateKey"),
    ];
    for (object, member, name) in members {
        let mut faulty = vec![without(object, member)];
        if !object.is_empty() {
            faulty.push(with(&format!("{object}/{member}"), json!("")));
        }
        for file in faulty {
            let error = AppSettings::parse(&file).unwrap_err();
            assert_eq!(error, AppSettingsError::Missing(name));
            let text = error.to_string();
            assert!(text.contains(&format!("`{name}`")) && text.contains("Download as JSON"), "{text}");
        }
    }
}

#[test]
fn what_is_no_text_is_named() {
    for wrong in [json!({ "a": [1] }), json!([1, "canary"]), json!(true), json!(-1), json!(1.5)] {
        let error = AppSettings::parse(&with("/boxAppSettings/clientSecret", wrong)).unwrap_err();
        assert_eq!(error, AppSettingsError::NotText("boxAppSettings.clientSecret"));
    }
    let error = AppSettings::parse(&with("/userID", json!([]))).unwrap_err();
    assert_eq!(error.to_string(), "`userID` of the app settings must be a text: put it in quotes");
}

#[test]
fn nothing_secret_is_printed() {
    let whole = format!("{:?}", AppSettings::parse(&jwt_file().to_string()).unwrap());
    assert!(whole.contains("abcd1234") && !whole.contains("canary"), "{whole}");

    let file = jwt_file().to_string();
    let cut = &file[..file.len() - 10];
    let texts = [cut, "", "canary", "[\"canary\"]", "\"canary\"", r#"{"boxAppSettings":"canary"}"#];
    for text in texts {
        let error = AppSettings::parse(text).unwrap_err();
        assert!(matches!(error, AppSettingsError::Syntax { .. }), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    }
}
