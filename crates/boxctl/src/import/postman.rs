//! An environment of Box's Postman collection, as exported or as Postman's API gives it.

use boxd_client::{Code, ImportedCredential, Secret, Subject};
use serde::Deserialize;

use super::{Found, Wanted, box_app::JwtParts, date, members::parse, source::Source};
use crate::failure::Failure;

/// Both forms: the export has the values at the top, the API one level below.
#[derive(Deserialize)]
struct Export {
    values: Option<Vec<Variable>>,
    environment: Option<Environment>,
}

#[derive(Deserialize)]
struct Environment {
    values: Vec<Variable>,
}

#[derive(Deserialize)]
struct Variable {
    key: String,
    value: Option<Secret>,
    enabled: Option<bool>,
}

/// The variables in use.
struct Variables(Vec<Variable>);

/// Reads the environment.
pub(super) fn read(source: &Source, wanted: &Wanted<'_>) -> Result<Found, Failure> {
    let form = "export the environment from Postman; its values are a list of key and value, both strings";
    let export: Export = parse(source.text()?, "the Postman environment", form)?;
    let values = export.values.or(export.environment.map(|environment| environment.values));
    let variables = Variables(values.ok_or_else(|| {
        Failure::usage("the Postman environment has no values", "export the environment, not the collection")
    })?);
    let old_copy = format!(
        "in Postman clear access_token and refresh_token, and set enable_auto_refresh_access_token to false; \
         the export: {}",
        source.origin().removal()
    );
    variables.credential(wanted.refresh_now).map(|credential| Found::new(credential, old_copy))
}

impl Variables {
    fn get(&self, key: &str) -> Option<&str> {
        let in_use = |variable: &&Variable| variable.key == key && variable.enabled != Some(false);
        let value = self.0.iter().rev().find(in_use)?.value.as_ref()?.expose();
        Some(value).filter(|value| !value.is_empty())
    }

    fn need(&self, key: &str) -> Result<&str, Failure> {
        self.get(key).ok_or_else(|| {
            let detail = format!("the Postman environment has no `{key}`");
            Failure::of(
                Code::ActionRequired,
                detail,
                "fill it in in Postman (its current value) and export the environment again",
            )
        })
    }

    fn secret(&self, key: &str) -> Result<Secret, Failure> {
        self.need(key).map(Secret::new)
    }

    /// By `box_env_type`; where that is missing, by what there is.
    fn credential(&self, refresh_now: bool) -> Result<ImportedCredential, Failure> {
        let kind = self.get("box_env_type").map(str::to_ascii_uppercase);
        match kind.as_deref() {
            Some("OAUTH") => self.grant(refresh_now),
            Some("BEARER") => self.bearer(),
            Some("CCG") => self.client_credentials(),
            Some("JWT") => self.jwt(),
            Some(_other) => Err(Failure::usage(
                "box_env_type of the Postman environment is none of BEARER, OAUTH, CCG and JWT",
                "correct it in Postman, and export the environment again",
            )),
            None if self.get("refresh_token").is_some() => self.grant(refresh_now),
            None if self.get("private_key_encrypted").is_some() => self.jwt(),
            None if self.get("box_subject_id").is_some() => self.client_credentials(),
            None => self.bearer(),
        }
    }

    fn grant(&self, refresh_now: bool) -> Result<ImportedCredential, Failure> {
        Ok(ImportedCredential::OAuth2 {
            client_id: self.need("client_id")?.into(),
            client_secret: self.get("client_secret").map(Secret::new),
            refresh_token: self.secret("refresh_token")?,
            access_token: self.get("access_token").map(Secret::new),
            expires_at: self.expires_at(),
            refresh_now,
        })
    }

    fn bearer(&self) -> Result<ImportedCredential, Failure> {
        let access_token = self.secret("access_token")?;
        Ok(ImportedCredential::AccessToken { access_token, expires_at: self.expires_at() })
    }

    fn client_credentials(&self) -> Result<ImportedCredential, Failure> {
        Ok(ImportedCredential::ClientCredentials {
            client_id: self.need("client_id")?.into(),
            client_secret: self.secret("client_secret")?,
            subject: self.subject()?,
        })
    }

    fn jwt(&self) -> Result<ImportedCredential, Failure> {
        let parts = JwtParts {
            client_id: self.need("client_id")?.into(),
            client_secret: self.secret("client_secret")?,
            public_key_id: self.need("key_id")?.into(),
            // A value of Postman is one line: the key's line ends are written as in JSON.
            private_key: Secret::new(self.need("private_key_encrypted")?.replace("\\n", "\n")),
            passphrase: self.get("private_key_passphrase").map(Secret::new),
            subject: self.subject()?,
        };
        parts.credential()
    }

    fn subject(&self) -> Result<Subject, Failure> {
        let id = self.need("box_subject_id")?.to_owned();
        match self.need("box_subject_type")? {
            "enterprise" => Ok(Subject::Enterprise(id)),
            "user" => Ok(Subject::User(id)),
            _ => Err(Failure::usage(
                "box_subject_type of the Postman environment is neither enterprise nor user",
                "correct it in Postman, and export the environment again",
            )),
        }
    }

    /// `expires_at` in milliseconds.
    fn expires_at(&self) -> Option<i64> {
        date::of_milliseconds(self.get("expires_at")?.parse().ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An export of these variables, in both forms.
    fn exports(variables: &[(&str, &str)]) -> [String; 2] {
        let values: Vec<_> = variables
            .iter()
            .map(|(key, value)| serde_json::json!({"key": key, "value": value, "type": "default", "enabled": true}))
            .collect();
        let values = serde_json::json!(values);
        [
            serde_json::json!({"id": "1", "name": "Box", "values": values, "_postman_variable_scope": "environment"}),
            serde_json::json!({"environment": {"name": "Box", "values": values}}),
        ]
        .map(|export| export.to_string())
    }

    fn read_text(text: &str) -> Result<ImportedCredential, Failure> {
        let wanted = Wanted { file: None, from: None, entry: None, refresh_now: false };
        read(&Source::from_text(text), &wanted).map(|found| found.credential)
    }

    #[test]
    fn both_forms_of_a_grant() {
        let with = [
            ("client_id", "id"),
            ("client_secret", "secret"),
            ("access_token", "AT"),
            ("refresh_token", "RT"),
            ("expires_at", "1795311555637"),
        ];
        for text in exports(&with) {
            assert_eq!(
                read_text(&text).unwrap(),
                ImportedCredential::OAuth2 {
                    client_id: "id".into(),
                    client_secret: Some(Secret::new("secret")),
                    refresh_token: Secret::new("RT"),
                    access_token: Some(Secret::new("AT")),
                    expires_at: Some(1_795_311_555),
                    refresh_now: false,
                }
            );
        }
    }

    #[test]
    fn every_type_of_environment() {
        let app = [
            ("client_id", "id"),
            ("client_secret", "s"),
            ("box_subject_type", "user"),
            ("box_subject_id", "7"),
        ];
        let [bearer, _] = exports(&[("box_env_type", "BEARER"), ("access_token", "AT")]);
        assert!(matches!(read_text(&bearer), Ok(ImportedCredential::AccessToken { expires_at: None, .. })));
        let [ccg, _] = exports(&[&app[..], &[("box_env_type", "CCG")]].concat());
        assert!(matches!(read_text(&ccg), Ok(ImportedCredential::ClientCredentials { subject, .. })
            if subject == Subject::User("7".into())));
        let key = ("private_key_encrypted", "-----BEGIN ENCRYPTED PRIVATE KEY-----\\nAAAA\\n");
        let jwt = [&app[..], &[("key_id", "k1"), key, ("private_key_passphrase", "p")]].concat();
        let Ok(ImportedCredential::Jwt { app_settings, .. }) = read_text(&exports(&jwt)[0]) else {
            panic!("another kind")
        };
        assert!(app_settings.expose().contains(r"KEY-----\nAAAA\n"), "line ends as in Box's own file");
    }

    #[test]
    fn what_is_missing_or_switched_off_is_named() {
        let [text, _] =
            exports(&[("box_env_type", "OAUTH"), ("client_id", "id"), ("refresh_token", "canary")]);
        let off = text.replace("true", "false");
        assert!(read_text(&off).unwrap_err().problem.detail.contains("`access_token`"));
        let [text, _] = exports(&[("box_env_type", "CCG"), ("client_id", "canary")]);
        let problem = read_text(&text).unwrap_err().problem;
        assert!(
            problem.detail.contains("`client_secret`") && !problem.detail.contains("canary"),
            "{problem:?}"
        );
    }
}
