//! Every fault is refused, and named with its place.

use std::time::Duration;

use super::{
    super::{Config, ConfigError},
    Home, config, fault,
};

#[test]
fn a_missing_default_file_is_an_empty_config() {
    let home = Home::with("");
    let absent = home.path("absent.toml");
    let empty = Config::load(&absent, false).unwrap();
    assert!(empty.accounts().is_empty() && empty.default_account().is_none());
    assert_eq!(empty.lead(), Duration::from_mins(5));
    assert!(matches!(Config::load(&absent, true), Err(ConfigError::Unreadable { .. })));
    assert!(matches!(Config::load(home.directory.path(), false), Err(ConfigError::Unreadable { .. })));
}

#[test]
fn the_stores_key_comes_from_where_the_config_says() {
    use crate::store::{KeyChoice, KeySource};
    assert_eq!(config("").store_key(), KeyChoice::Auto);
    assert_eq!(config("[store]\n").store_key(), KeyChoice::Auto);
    assert_eq!(config("[store]\nkey = \"auto\"").store_key(), KeyChoice::Auto);
    for source in KeySource::ALL {
        let config = config(&format!("[store]\nkey = \"{source}\""));
        assert_eq!(config.store_key(), KeyChoice::Only(source));
    }
    assert!(fault("[store]\nkey = \"keychain\"").contains("`store.key`: expected \"auto\", \"credential\""));
    assert!(fault("[store]\nkye = \"file\"").contains("did you mean `key`?"));
}

#[test]
fn an_unknown_key_names_line_and_nearest_key() {
    let text =
        "default_account = \"work\"\n\n[accounts.work]\nclient_id = \"x\"\nclient_secrt = \"canary\"\n";
    assert_eq!(
        fault(text),
        "config.toml:5: `accounts.work.client_secrt`: unknown key; did you mean `client_secret`?"
    );
    assert_eq!(fault("zzzzz = 1"), "config.toml:1: `zzzzz`: unknown key");
    assert!(fault("[refresh]\nlaed = 1").contains("did you mean `lead`?"));
    assert!(
        fault("[box]\ntoken_uri = \"https://x\"")
            .contains("`box.token_uri`: unknown key; did you mean `token_url`?")
    );
    assert!(fault("[accounts.a]\nclient_secret = { flie = \"x\" }").contains("did you mean `file`?"));
    // The first one in the file, not in the alphabet.
    assert!(fault("zz = 1\naa = 1").contains("`zz`"));
}

#[test]
fn a_hook_names_a_program() {
    for text in ["command = []", "command = [\"\"]", "command = \"page-me\"", "", "command = [\"a\\u0000b\"]"]
    {
        let error = fault(&format!("[notify]\n{text}"));
        assert!(error.contains("notify"), "{text}: {error}");
    }
    assert!(fault("[notify]\ncomand = [\"x\"]").contains("did you mean `command`?"));
}

#[test]
fn a_wrong_type_names_what_belongs_there() {
    assert_eq!(
        fault("default_account = 7"),
        "config.toml:1: `default_account`: expected a string, found a number"
    );
    assert!(fault("accounts = \"x\"").contains("expected a table, found a string"));
    assert!(fault("[accounts]\na = true").contains("`accounts.a`: expected a table, found true or false"));
    assert!(fault("[refresh]\nlead = 1.5").contains("expected a duration"));
    assert!(fault("[accounts.a]\nclient_secret = 7").contains("expected a string or one of { file }"));
    assert!(
        fault("[accounts.a]\nclient_secret = { command = \"pass\" }")
            .contains("expected an array of strings")
    );
    assert!(
        fault("[accounts.a]\nclient_secret = { command = [1] }").contains("expected an array of strings")
    );
}

#[test]
fn a_senseless_value_is_refused() {
    for (text, reason) in [
        ("default_account = \"Work\"", "no account name"),
        ("[accounts.\"a/b\"]", "no account name"),
        ("[accounts.a]\nauth = \"canary\"", "expected \"oauth2\""),
        ("[accounts.a]\nclient_id = \"\"", "is empty"),
        ("[accounts.a]\nclient_secret = \"\"", "is empty"),
        ("[accounts.a]\nrefresh = \"never\"", "\"on-demand\""),
        ("[accounts.a]\nclient_secret = {}", "exactly one of"),
        ("[accounts.a]\nclient_secret = { file = \"x\", env = \"Y\" }", "exactly one of"),
        ("[accounts.a]\nclient_secret = { command = [] }", "a program"),
        ("[accounts.a]\nclient_secret = { credential = \"../x\" }", "not a path"),
        ("[refresh]\nlead = \"soon\"", "expected a duration"),
        ("[refresh]\nlead = -1", "expected a duration"),
        ("[box]\ntoken_url = \"http://api.box.com/oauth2/token\"", "only https://"),
        ("[box]\ntoken_url = \"https://u:canary@api.box.com/\"", "without user name"),
        ("[accounts.a.box]\nproxy = \"socks5://canary@x\"", "http:// or https://"),
    ] {
        let error = fault(text);
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn broken_toml_names_the_line_and_quotes_nothing() {
    assert!(fault("a = 1\nclient_secret = \"canary\n").starts_with("config.toml:2: "));
    assert!(fault("[accounts.a]\n[accounts.a]\n").starts_with("config.toml:2: "));
}

#[test]
fn durations_are_text_or_seconds() {
    assert_eq!(config("[refresh]\nlead = \"2m\"").lead(), Duration::from_mins(2));
    assert_eq!(config("[refresh]\nlead = 90").lead(), Duration::from_secs(90));
}

#[test]
fn the_passthrough_is_off_unless_the_config_says_so() {
    assert!(!config("").passthrough());
    assert!(!config("[api]").passthrough());
    assert!(!config("[api]\nenabled = false").passthrough());
    assert!(config("[api]\nenabled = true").passthrough());
    assert!(fault("[api]\nenabled = \"yes\"").contains("expected true or false, found a string"));
    assert!(fault("[api]\nenable = true").contains("did you mean `enabled`?"));
}

#[cfg(unix)]
#[test]
fn an_inline_secret_that_others_can_read_is_refused() {
    let inline = Home::with("[accounts.a]\nclient_secret = \"canary\"");
    assert!(inline.load().is_ok());
    for mode in [0o640, 0o604, 0o644] {
        inline.mode("config.toml", mode);
        let error = inline.load().unwrap_err();
        assert!(matches!(error, ConfigError::Exposed { .. }), "{error}");
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
    let proxy = Home::with("[box]\nproxy = \"http://u:canary@proxy:1\"");
    proxy.mode("config.toml", 0o644);
    assert!(matches!(proxy.load(), Err(ConfigError::Exposed { .. })));

    let reference = Home::with("[accounts.a]\nclient_secret = { env = \"X\" }");
    reference.mode("config.toml", 0o644);
    assert!(reference.load().is_ok());
}
