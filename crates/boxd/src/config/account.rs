//! `[accounts.NAME]` of the config file: which keys belong to which kind of account, and what they mean.

use boxd_engine::{ServerAuth, schedule::Mode};

use super::{
    AccountConfig, AuthConfig, ConfigError, ServerConfig,
    document::{Keys, Table, Value},
    file::{Reader, filled},
    subject::subject,
};

/// Keys of an account, by the `auth` values that they belong to.
const LOGIN: Keys = Keys {
    known: &["auth", "client_id", "client_secret", "redirect_uri", "scope", "refresh", "box"],
    elsewhere: &[],
};
const CCG: Keys =
    Keys { known: &["auth", "client_id", "client_secret", "subject", "refresh", "box"], elsewhere: &[] };
const JWT: Keys = Keys {
    known: &[
        "auth",
        "client_id",
        "client_secret",
        "app_config",
        "passphrase",
        "algorithm",
        "subject",
        "refresh",
        "box",
    ],
    elsewhere: &[],
};

/// What `auth` says.
#[derive(Clone, Copy)]
enum Kind {
    Login,
    Ccg,
    Jwt,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Login, Self::Ccg, Self::Jwt];

    fn keys(self) -> Keys {
        match self {
            Self::Login => LOGIN,
            Self::Ccg => CCG,
            Self::Jwt => JWT,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Login => "oauth2",
            Self::Ccg => "ccg",
            Self::Jwt => "jwt",
        }
    }
}

impl Reader<'_> {
    pub(super) fn account(&mut self, value: &Value<'_, '_>) -> Result<AccountConfig, ConfigError> {
        // The kind first: it decides which keys mean something.
        let open = value.open_table()?;
        let said = open.get("auth").map(|auth| {
            let name = auth.string()?;
            let known = Kind::ALL.into_iter().find(|kind| kind.name() == name);
            known.ok_or_else(|| auth.invalid("expected \"oauth2\", \"ccg\" or \"jwt\""))
        });
        let said = said.transpose()?;
        let kind = said.unwrap_or(Kind::Login);
        refuse_keys_of_others(&open, kind)?;
        let table = value.table(kind.keys())?;
        let mut account = self.common_keys(&table)?;
        if let Kind::Login = kind {
            login_keys(&table, &mut account)?;
        }
        account.auth = match said {
            None => AuthConfig::Unsaid,
            Some(Kind::Login) => AuthConfig::Login,
            Some(Kind::Ccg) => AuthConfig::Server(ccg_keys(value, &table, &account)?),
            Some(Kind::Jwt) => AuthConfig::Server(self.jwt_keys(value, &table)?),
        };
        Ok(account)
    }

    fn common_keys(&mut self, table: &Table<'_, '_>) -> Result<AccountConfig, ConfigError> {
        let mut account = AccountConfig::default();
        if let Some(id) = table.get("client_id") {
            account.client_id = Some(filled(&id)?.to_owned());
        }
        if let Some(secret) = table.get("client_secret") {
            account.secret = Some(self.secret(&secret)?);
        }
        if let Some(refresh) = table.get("refresh") {
            account.mode = match refresh.string()? {
                "scheduled" => Mode::Scheduled,
                "on-demand" => Mode::OnDemand,
                _ => return Err(refresh.invalid("expected \"scheduled\" or \"on-demand\"")),
            };
        }
        if let Some(endpoint) = table.get("box") {
            account.endpoint = self.endpoint(&endpoint)?;
        }
        Ok(account)
    }

    fn jwt_keys(
        &mut self,
        value: &Value<'_, '_>,
        table: &Table<'_, '_>,
    ) -> Result<ServerConfig, ConfigError> {
        let Some(app_config) = table.get("app_config") else {
            return Err(value.invalid(
                "auth = \"jwt\" needs `app_config`: the app settings file that Box's developer console gives out",
            ));
        };
        let algorithm = table
            .get("algorithm")
            .map(|value| value.string()?.parse().map_err(|error| value.invalid(&error)));
        Ok(ServerConfig {
            auth: ServerAuth::Jwt(table.get("subject").map(|value| subject(&value)).transpose()?),
            app_settings: Some(self.file_or_reference(&app_config)?),
            passphrase: table.get("passphrase").map(|value| self.secret(&value)).transpose()?,
            algorithm: algorithm.transpose()?.unwrap_or_default(),
        })
    }
}

fn login_keys(table: &Table<'_, '_>, account: &mut AccountConfig) -> Result<(), ConfigError> {
    if let Some(uri) = table.get("redirect_uri") {
        let parsed = filled(&uri)?.parse().map_err(|error| {
            uri.invalid(&format!(
                "{error}; boxd can only listen on a loopback address of this machine, such as \
                 http://127.0.0.1/callback"
            ))
        })?;
        account.redirect_uri = Some(parsed);
    }
    if let Some(scope) = table.get("scope") {
        account.scope = Some(scopes(&scope)?);
    }
    Ok(())
}

fn ccg_keys(
    value: &Value<'_, '_>,
    table: &Table<'_, '_>,
    account: &AccountConfig,
) -> Result<ServerConfig, ConfigError> {
    let Some(given) = table.get("subject") else {
        return Err(value.invalid(
            "auth = \"ccg\" needs `subject`: { enterprise = \"ID\" } for the service account, or { user = \"ID\" }",
        ));
    };
    if account.client_id.is_none() {
        return Err(value.invalid("auth = \"ccg\" needs `client_id`"));
    }
    if account.secret.is_none() {
        return Err(value.invalid("auth = \"ccg\" needs `client_secret`"));
    }
    Ok(ServerConfig {
        auth: ServerAuth::ClientCredentials(subject(&given)?),
        app_settings: None,
        passphrase: None,
        algorithm: crate::assertion::Algorithm::default(),
    })
}

/// A key that only another kind of account has is named with that kind.
fn refuse_keys_of_others(table: &Table<'_, '_>, kind: Kind) -> Result<(), ConfigError> {
    for (key, value) in table.all() {
        if kind.keys().known.contains(&key) {
            continue;
        }
        let owners: Vec<&str> =
            Kind::ALL.into_iter().filter(|other| other.keys().known.contains(&key)).map(Kind::name).collect();
        if !owners.is_empty() {
            let has =
                if table.get("auth").is_some() { "this account has" } else { "without `auth` this one has" };
            return Err(value.invalid(&format!(
                "belongs to auth = \"{}\", but {has} auth = \"{}\"",
                owners.join("\" or \""),
                kind.name()
            )));
        }
    }
    Ok(())
}

/// Scopes as one text, separated by single spaces (RFC 6749 section 3.3).
fn scopes(value: &Value<'_, '_>) -> Result<String, ConfigError> {
    let given = match value.string() {
        Ok(text) => text.split_ascii_whitespace().map(str::to_owned).collect(),
        Err(_not_text) => value.strings().map_err(|_other| value.wrong("a string or an array of strings"))?,
    };
    let fits = |scope: &String| {
        !scope.is_empty()
            && scope.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'))
    };
    if given.is_empty() || !given.iter().all(fits) {
        return Err(value.invalid("expected scopes such as \"root_readwrite\""));
    }
    Ok(given.join(" "))
}
