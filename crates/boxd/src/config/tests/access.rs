//! `[[access]]` and `[audit]`: what they mean, and that nothing half-said lets anybody in.

use super::{Home, config, fault};
use crate::{
    access::{Right, Rights},
    audit::Settings,
};

#[test]
fn a_rule_as_it_is_written() {
    let config = config(
        "[[access]]\nuser = \"root\"\naccounts = [\"bot\"]\n\
         [[access]]\ngroup = 4711\nunit = \"etl@7.service\"\naccounts = [\"bot\", \"work\"]\nallow = [\"api\"]\n\
         scope = [\"item_download\"]\nresource = \"folder:123\"\n",
    );
    let [first, second] = config.access() else { panic!("two rules") };
    assert_eq!((first.user, first.group, &first.unit, &first.socket), (Some(0), None, &None, &None));
    assert_eq!((first.allow, &first.narrowing), (Rights::default(), &None));
    assert!(first.allow.has(Right::Token) && first.allow.has(Right::Status) && !first.allow.has(Right::Api));
    assert_eq!((second.group, second.unit.as_deref()), (Some(4711), Some("etl@7.service")));
    assert_eq!(
        (second.accounts.len(), second.allow.has(Right::Api), second.allow.has(Right::Token)),
        (2, true, false)
    );
    let narrowing = second.narrowing.as_ref().unwrap();
    assert_eq!(
        (narrowing.scope.as_slice(), narrowing.resource.as_deref()),
        (&["item_download".to_owned()][..], Some("folder:123"))
    );
}

#[test]
fn numbers_stand_for_users_and_groups_without_a_name() {
    let of =
        |value: &str| config(&format!("[[access]]\nuser = {value}\naccounts = [\"bot\"]\n")).access()[0].user;
    assert_eq!((of("54321"), of("\"54321\"")), (Some(54321), Some(54321)));
}

#[test]
fn a_socket_is_beside_the_config_file() {
    let home = Home::with("[[access]]\nsocket = \"agent.sock\"\naccounts = [\"bot\"]\n");
    let rules = home.load().unwrap();
    assert_eq!(rules.access()[0].socket.as_deref(), Some(home.path("agent.sock").as_path()));
}

#[test]
fn what_is_half_said_is_refused_by_name() {
    let nobody = "no-such-name-anywhere";
    let rule = |keys: &str| fault(&format!("[[access]]\n{keys}\n"));
    let long = "x".repeat(200);
    for (keys, expected) in [
        ("accounts = [\"bot\"]", "`access`: a rule names at least one of user, group, unit and socket"),
        ("user = 7", "`access`: a rule names its accounts"),
        ("user = 7\naccounts = []", "`access.accounts`: names no account"),
        ("user = 7\naccounts = [\"Bot\"]", "`access.accounts`"),
        ("user = 7\naccounts = \"bot\"", "expected an array of strings"),
        ("user = 7\naccounts = [\"bot\"]\nallow = []", "`access.allow`: allows nothing"),
        ("user = 7\naccounts = [\"bot\"]\nallow = [\"tokens\"]", "expected some of token, status and api"),
        ("user = 7\naccounts = [\"bot\"]\nscope = []", "`access.scope`: names no scope"),
        ("user = 7\naccounts = [\"bot\"]\nscope = [\" \"]", "`access.scope`: names no scope"),
        ("user = 7\naccounts = [\"bot\"]\nscope = []\nresource = \"folder:1\"", "needs at least one scope"),
        ("user = 7\naccounts = [\"bot\"]\nresource = \"folder:1\"", "`access.resource`: needs a scope"),
        (
            "user = 7\naccounts = [\"bot\"]\nscope = [\"a\"]\nresource = \"elsewhere\"",
            "`access.resource`: a resource is",
        ),
        ("user = 7\naccounts = [\"bot\"]\nscope = [\"a\"]\nresource = \"\"", "`access.resource`: is empty"),
        ("user = -7\naccounts = [\"bot\"]", "`access.user`: is no number of a user"),
        ("user = 4294967296\naccounts = [\"bot\"]", "`access.user`: is no number of a user"),
        ("user = \"\"\naccounts = [\"bot\"]", "`access.user`: expected"),
        ("group = true\naccounts = [\"bot\"]", "`access.group`: expected"),
        ("unit = \"etl\"\naccounts = [\"bot\"]", "write its whole name, such as etl.service"),
        ("unit = \"../x.service\"\naccounts = [\"bot\"]", "`access.unit`"),
        ("usr = 7\naccounts = [\"bot\"]", "`access.usr`: unknown key; did you mean `user`?"),
        (&format!("socket = \"{long}\"\naccounts = [\"bot\"]"), "`access.socket`: is longer than"),
    ] {
        let error = rule(keys);
        assert!(error.contains(expected), "{keys}: {error}");
    }
    for what in ["user", "group"] {
        let error = rule(&format!("{what} = \"{nobody}\"\naccounts = [\"bot\"]"));
        assert!(
            error.contains(&format!("`access.{what}`: there is no {what} {nobody} on this machine")),
            "{error}"
        );
    }
    assert!(fault("[access]\nuser = 7").contains("expected an array of tables"));
    let twice = "[[access]]\nsocket = \"a\"\naccounts = [\"x\"]\n".repeat(2);
    assert!(fault(&twice).contains("is the socket of another rule already"));
}

#[cfg(unix)]
#[test]
fn who_can_write_the_rules_can_let_anybody_in() {
    let home = Home::with("[[access]]\nuser = 7\naccounts = [\"bot\"]\n");
    home.mode("config.toml", 0o666);
    assert!(home.load().unwrap_err().to_string().contains("can be written by others"));
}

#[test]
fn the_audit_log_has_a_size() {
    assert_eq!(config("").audit(), Settings::default());
    let settings = config("[audit]\nrequired = true\nmax_size = \"1M\"\nkeep = 9\n").audit();
    assert_eq!(settings, Settings { enabled: true, required: true, max_size: 1 << 20, keep: 9 });
    assert!(!config("[audit]\nenabled = false\n").audit().enabled);
    for (text, expected) in [
        (
            "[audit]\nenabled = false\nrequired = true",
            "`audit.required`: cannot be true where enabled is false",
        ),
        ("[audit]\nmax_size = 100", "`audit.max_size`: expected a size"),
        ("[audit]\nmax_size = \"5X\"", "`audit.max_size`: expected a size"),
        ("[audit]\nkeep = 0", "`audit.keep`: expected a number of files"),
        ("[audit]\nrequire = true", "did you mean `required`?"),
    ] {
        let error = fault(text);
        assert!(error.contains(expected), "{text}: {error}");
    }
}
