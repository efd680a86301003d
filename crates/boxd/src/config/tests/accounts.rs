//! The three kinds of accounts: which keys belong to which, and what they mean.

use boxd_engine::{ServerAuth, Subject, schedule::Mode};

use super::{
    super::{Effective, EffectiveSecret},
    Home, config, fault,
};
use crate::assertion::Algorithm;

/// What is in force for an account `a` with these keys.
fn account(keys: &str) -> Effective {
    config(&format!("[accounts.a]\n{keys}\n")).resolve(&"a".parse().unwrap(), None, None).unwrap()
}

/// What is wrong with an account `a` with these keys.
fn wrong(keys: &str) -> String {
    fault(&format!("[accounts.a]\n{keys}\n"))
}

const CCG: &str = "auth = \"ccg\"\nclient_id = \"app\"\nclient_secret = { env = \"S\" }\n";
const JWT: &str = "auth = \"jwt\"\napp_config = \"app.json\"\n";

#[test]
fn a_login_has_redirect_uri_and_scope() {
    for (uri, registered, port) in [
        ("http://127.0.0.1/callback", "http://127.0.0.1/callback", None),
        ("http://localhost:3000/a/b", "http://localhost/a/b", Some(3000)),
        ("http://[::1]", "http://[::1]/", None),
    ] {
        let redirect = account(&format!("redirect_uri = \"{uri}\"")).redirect_uri.unwrap();
        assert_eq!((redirect.registered().as_str(), redirect.port()), (registered, port));
    }
    for (scope, text) in [
        ("\"root_readonly\"", "root_readonly"),
        ("\" a  b \"", "a b"),
        ("[\"root_readonly\", \"ai.readwrite\"]", "root_readonly ai.readwrite"),
    ] {
        assert_eq!(account(&format!("auth = \"oauth2\"\nscope = {scope}")).scope.as_deref(), Some(text));
    }
    let plain = account("client_id = \"app\"");
    assert!(plain.redirect_uri.is_none() && plain.scope.is_none() && plain.settings.server_auth.is_none());
}

#[test]
fn what_cannot_be_listened_on_is_no_redirect_uri() {
    for uri in [
        "https://127.0.0.1/callback",
        "https://example.com/callback",
        "http://example.com/",
        "http://127.0.0.1.example.com/",
        "http://0.0.0.0/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1/?a=b",
        "callback",
    ] {
        let error = wrong(&format!("redirect_uri = \"{uri}\""));
        assert!(error.starts_with("config.toml:2: `accounts.a.redirect_uri`: "), "{error}");
        assert!(error.contains("only listen on a loopback address"), "{error}");
    }
    for scope in ["\"\"", "[]", "[\"a b\"]", "\"a\\\"b\"", "\"\\u001b\"", "7"] {
        assert!(wrong(&format!("scope = {scope}")).contains("`accounts.a.scope`"), "{scope}");
    }
}

#[test]
fn an_application_acts_as_one_subject() {
    for (subject, meant) in [
        ("{ enterprise = \"12345\" }", Subject::Enterprise("12345".into())),
        ("{ user = \"678\" }", Subject::User("678".into())),
        ("{ user = 678 }", Subject::User("678".into())),
    ] {
        let ccg = account(&format!("{CCG}subject = {subject}"));
        assert_eq!(ccg.settings.server_auth, Some(ServerAuth::ClientCredentials(meant.clone())));
        let jwt = account(&format!("{JWT}subject = {subject}"));
        assert_eq!(jwt.settings.server_auth, Some(ServerAuth::Jwt(Some(meant))));
    }
    assert_eq!(account(JWT).settings.server_auth, Some(ServerAuth::Jwt(None)));
    for (subject, reason) in [
        ("{}", "exactly one"),
        ("{ enterprise = \"1\", user = \"2\" }", "exactly one"),
        ("\"12345\"", "expected a table"),
        ("{ user = \"\" }", "digits"),
        ("{ user = \"me@example.com\" }", "digits"),
        ("{ user = -1 }", "digits"),
        ("{ user = true }", "an id of Box"),
        ("{ enterprize = \"1\" }", "did you mean `enterprise`?"),
    ] {
        let error = wrong(&format!("{CCG}subject = {subject}"));
        assert!(error.contains(reason) && error.contains("accounts.a.subject"), "{error}");
    }
}

#[test]
fn what_a_kind_cannot_do_without_is_asked_for() {
    for (keys, missing) in [
        ("auth = \"ccg\"\nclient_id = \"x\"\nclient_secret = \"canary\"", "needs `subject`"),
        ("auth = \"ccg\"\nsubject = { user = 1 }\nclient_secret = \"canary\"", "needs `client_id`"),
        ("auth = \"ccg\"\nsubject = { user = 1 }\nclient_id = \"x\"", "needs `client_secret`"),
        ("auth = \"jwt\"\nclient_id = \"x\"", "needs `app_config`"),
    ] {
        let error = wrong(keys);
        assert!(error.contains(missing) && error.starts_with("config.toml:1: `accounts.a`"), "{error}");
    }
}

#[test]
fn a_key_of_another_kind_is_named_with_that_kind() {
    for (keys, line, reason) in [
        ("subject = { user = 1 }", 2, "`accounts.a.subject`: belongs to auth = \"ccg\" or \"jwt\""),
        (
            "auth = \"oauth2\"\napp_config = \"x\"",
            3,
            "belongs to auth = \"jwt\", but this account has auth = \"oauth2\"",
        ),
        (
            "auth = \"ccg\"\npassphrase = \"canary\"",
            3,
            "belongs to auth = \"jwt\", but this account has auth = \"ccg\"",
        ),
        ("auth = \"ccg\"\nredirect_uri = \"http://127.0.0.1/\"", 3, "belongs to auth = \"oauth2\""),
        ("auth = \"jwt\"\nscope = \"x\"", 3, "belongs to auth = \"oauth2\""),
        ("algorithm = \"RS256\"", 2, "but without `auth` this one has auth = \"oauth2\""),
    ] {
        let error = wrong(keys);
        assert!(error.starts_with(&format!("config.toml:{line}: ")) && error.contains(reason), "{error}");
    }
    assert!(wrong("auth = \"jwt\"\napp_confg = \"x\"").contains("did you mean `app_config`?"));
    assert!(wrong("auth = \"JWT\"").contains("expected \"oauth2\", \"ccg\" or \"jwt\""));
}

#[test]
fn app_settings_are_a_file_or_a_reference() {
    let home = Home::with(&format!(
        "[accounts.a]\n{JWT}passphrase = {{ file = \"pass.txt\" }}\nalgorithm = \"RS512\"\nrefresh = \"on-demand\"\n\
         [accounts.a.box]\ntoken_url = \"https://near/t\"\n\
         [accounts.b]\nauth = \"jwt\"\napp_config = {{ file = \"app.json\" }}\n\
         [accounts.c]\nauth = \"jwt\"\napp_config = {{ command = [\"cat\", \"app.json\"] }}\n"
    ));
    home.write("app.json", "{\"canary\": 1}\n");
    home.write("pass.txt", "hush\n");
    let config = home.load().unwrap();
    let resolve = |name: &str| config.resolve(&name.parse().unwrap(), None, None).unwrap();
    let a = resolve("a");
    assert_eq!(a.app_settings.read().unwrap().unwrap().expose(), "{\"canary\": 1}");
    assert_eq!(a.passphrase.read().unwrap().unwrap().expose(), "hush");
    assert_eq!((a.algorithm, a.settings.mode), (Algorithm::RS512, Mode::OnDemand));
    assert_eq!(a.endpoint.token_origin(), "https://near");
    assert!(matches!(a.secret, EffectiveSecret::Unknown), "it is in the app settings");
    assert_eq!(resolve("b").app_settings.read().unwrap().unwrap().expose(), "{\"canary\": 1}");
    assert_eq!(resolve("b").algorithm, Algorithm::RS256);
    assert!(!format!("{:?}", resolve("b")).contains("canary"));

    assert!(
        wrong("auth = \"jwt\"\napp_config = '{\"boxAppSettings\": \"canary\"}'").contains("not its content")
    );
    assert!(wrong("auth = \"jwt\"\napp_config = \"\"").contains("is empty"));
    assert!(wrong("auth = \"jwt\"\napp_config = 7").contains("expected a file name or one of"));
    assert!(wrong(&format!("{JWT}algorithm = \"HS256\"")).contains("RS256, RS384 and RS512"));
    home.write("app.json", &"x".repeat(64 * 1024 + 1));
    assert!(resolve("a").app_settings.read().unwrap_err().to_string().contains("larger than 64 KiB"));
}
