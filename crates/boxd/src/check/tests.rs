//! `boxd --check` as people read it.

use std::{path::PathBuf, sync::Arc};

use boxd_engine::{Binding, ClientSecret, Registration, ServerAuth, Subject};
use serde_json::json;

use super::Report;
use crate::{
    broker::Places,
    config::Config,
    store::{AccountInspection, Held, HeldKind, Inspection},
};

const KEY: &str = include_str!("../assertion/tests/keys/pbes2-aes-256-cbc.pem");
const PASSPHRASE: &str = "correct horse battery";

/// A config file with others beside it.
struct Home(tempfile::TempDir);

impl Home {
    fn with(text: &str) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        home.write("config.toml", text);
        home
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    fn report(&self, accounts: Vec<AccountInspection>) -> Report {
        let path = self.0.path().join("config.toml");
        let places = Places {
            config: path.clone(),
            config_is_explicit: true,
            state_dir: PathBuf::from("/state"),
            socket: PathBuf::from("/socket"),
        };
        let config = Config::load(&path, true).unwrap();
        let report = super::report(&places, &config, &Inspection { key_source: "a file".into(), accounts });
        assert!(!report.to_string().contains("canary"), "a secret in {report}");
        report
    }
}

/// A report of this config with these accounts stored.
fn report(text: &str, accounts: Vec<AccountInspection>) -> Report {
    Home::with(text).report(accounts)
}

fn stored(name: &str, kind: HeldKind, registration: Option<Registration>) -> AccountInspection {
    AccountInspection {
        name: name.parse().unwrap(),
        summary: "grant, generation 7".into(),
        held: Some(Held {
            kind,
            binding: Binding { client_id: "app".into(), token_origin: "https://api.box.com".into() },
            registration: registration.map(Arc::new),
        }),
        is_sound: true,
    }
}

/// That the report has these lines, one after the other, and so many faults.
fn says(report: &Report, faults: usize, lines: &[&str]) {
    let text = report.to_string();
    let mut rest = text.lines();
    for wanted in lines {
        assert!(rest.any(|line| line.contains(wanted)), "no {wanted:?}, or not there, in\n{text}");
    }
    assert_eq!(report.faults(), faults, "{text}");
}

#[test]
fn a_login_that_is_to_come() {
    let text = "default_account = \"work\"\n[accounts.work]\nclient_id = \"app\"\nscope = \"root_readonly\"\n\
                redirect_uri = \"http://localhost:3000/cb\"\n[accounts.work.box]\ntoken_url = \"http://[::1]:9/t\"\n";
    says(
        &report(text, Vec::new()),
        0,
        &[
            "state      /state",
            "default    work",
            "account    work",
            "auth       oauth2: a person logs in",
            "client_id  app",
            "boxctl login asks for it",
            "redirect   http://localhost/cb (the Box app must list it; a login listens on port 3000)",
            "scope      root_readonly",
            "endpoint   token_url http://[::1]:9/t",
            "store      nothing yet",
            "log in: boxctl login work",
        ],
    );
}

#[test]
fn a_grant_that_config_and_store_agree_on() {
    let home =
        Home::with("[accounts.work]\nclient_id = \"app\"\nclient_secret = { file = \"secret.txt\" }\n");
    home.write("secret.txt", "canary\n");
    let held = vec![stored("work", HeldKind::Login, None)];
    says(
        &home.report(held.clone()),
        0,
        &["secret.txt: read", "http://127.0.0.1/callback", "grant, generation 7", "config and store agree"],
    );
    std::fs::remove_file(home.0.path().join("secret.txt")).unwrap();
    says(&home.report(held), 1, &["secret.txt: cannot be read", "FAULT      secret: secret file"]);
}

#[test]
fn what_does_not_match_is_a_fault_that_names_both() {
    let edited = "[accounts.work]\nclient_id = \"other\"\nclient_secret = { env = \"BOXD_TEST_UNSET\" }\n";
    let login = report(edited, vec![stored("work", HeldKind::Login, None)]);
    says(&login, 1, &["cannot be seen from here", "FAULT      config and store do not match"]);
    let text = login.to_string();
    assert!(text.contains("app") && text.contains("other"), "{text}");

    let minted = stored("work", HeldKind::Minted, None);
    says(&report(edited, vec![minted]), 1, &["config and store do not match"]);
    let orphan = stored("work", HeldKind::Login, None);
    says(&report("", vec![orphan]), 1, &["account    work", "no longer in the configuration"]);
    let damaged = AccountInspection { held: None, is_sound: false, ..stored("w", HeldKind::Login, None) };
    says(&report("", vec![damaged]), 1, &["FAULT      store: grant"]);
}

#[test]
fn what_is_stored_alone_needs_no_config() {
    let auth = ServerAuth::ClientCredentials(Subject::Enterprise("42".into()));
    let registration = Registration {
        client_secret: Some(ClientSecret::new("canary")),
        server_auth: Some(auth),
        ..Registration::default()
    };
    says(
        &report("", vec![stored("bot", HeldKind::Minted, Some(registration))]),
        0,
        &["ccg as enterprise 42", "client_id  app", "the sealed store: read", "config and store agree"],
    );
    says(
        &report("", vec![stored("dev", HeldKind::BareToken, Some(Registration::default()))]),
        0,
        &["served until it ends"],
    );
}

fn app_settings(passphrase: &str) -> String {
    json!({
        "boxAppSettings": {
            "clientID": "appid", "clientSecret": "canary",
            "appAuth": { "publicKeyID": "k1", "privateKey": KEY, "passphrase": passphrase },
        },
        "enterpriseID": "42",
    })
    .to_string()
}

#[test]
fn the_key_of_an_application_is_opened() {
    let home =
        Home::with("[accounts.app]\nauth = \"jwt\"\napp_config = \"app.json\"\nalgorithm = \"RS512\"\n");
    home.write("app.json", &app_settings(PASSPHRASE));
    says(
        &home.report(Vec::new()),
        0,
        &[
            "auth       jwt as the app settings say, signed with RS512",
            "app.json: read",
            "client_id  appid",
            "subject    enterprise 42",
            "key k1 opens",
            "minted when boxd starts",
        ],
    );
    home.write("app.json", &app_settings("canary"));
    says(&home.report(Vec::new()), 1, &["FAULT      key k1: "]);
    home.write("app.json", "{\"canary\": ");
    says(&home.report(Vec::new()), 1, &["FAULT      the app settings cannot be read as JSON"]);
    home.write("app.json", "{}");
    says(&home.report(Vec::new()), 1, &["boxAppSettings"]);
    std::fs::remove_file(home.0.path().join("app.json")).unwrap();
    says(&home.report(Vec::new()), 1, &["app.json: cannot be read", "FAULT      app: secret file"]);
}

#[test]
fn a_passphrase_may_be_elsewhere() {
    let home = Home::with(
        "[accounts.app]\nauth = \"jwt\"\nclient_id = \"another\"\napp_config = \"app.json\"\n\
         passphrase = { file = \"pass.txt\" }\nsubject = { user = 7 }\n",
    );
    home.write("app.json", &app_settings("canary"));
    home.write("pass.txt", PASSPHRASE);
    says(
        &home.report(Vec::new()),
        1,
        &[
            "jwt as user 7, signed with RS256",
            "client_id another is not that",
            "pass.txt: read",
            "key k1 opens",
        ],
    );
}

#[test]
fn a_certificate_file_that_is_missing_is_a_fault() {
    let text = "[accounts.work.box]\nca_file = \"absent.pem\"\n";
    says(&report(text, Vec::new()), 1, &["absent.pem cannot be read", "account    work"]);
}

#[test]
fn a_command_for_people_that_cannot_be_run() {
    says(&report("[notify]\ncommand = [\"sh\"]\n", Vec::new()), 0, &["notify     /"]);
    says(
        &report("[notify]\ncommand = [\"./page-me\"]\n", Vec::new()),
        1,
        &["FAULT      [notify] command: there is no program"],
    );
}

#[test]
fn others_and_what_they_get_are_told() {
    let text = "[[access]]\nuser = 4711\nunit = \"etl.service\"\naccounts = [\"bot\", \"new\"]\n\
                scope = [\"item_download\"]\nresource = \"folder:1\"\n[audit]\nrequired = true\n";
    let told = report(text, vec![stored("bot", HeldKind::Login, None)]).to_string();
    for line in [
        "access     uid 4711, etl.service: token, status of bot, new, with item_download alone on folder:1\n",
        "note       there is no account new yet\n",
        "audit      no token leaves before its record is on the disk\n",
    ] {
        assert!(told.contains(line), "{told}");
    }
    assert!(!told.contains("no account bot"), "{told}");
}
