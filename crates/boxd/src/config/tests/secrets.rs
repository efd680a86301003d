//! Secrets by reference.

use std::{ffi::OsString, time::Duration};

use super::{
    super::{EffectiveSecret, SecretError, SecretSource, secret_source::Surroundings},
    Home,
};

/// Reads the secret that `value` refers to, with one variable in the environment.
fn read_with(home: &Home, value: &str, variable: (&str, &str)) -> Result<String, SecretError> {
    home.write("config.toml", &format!("[accounts.a]\nclient_id = \"x\"\nclient_secret = {value}\n"));
    let effective = home.load().unwrap().resolve(&"a".parse().unwrap(), None, None).unwrap();
    let EffectiveSecret::Source(source) = effective.secret else { panic!("no source") };
    let lookup = |name: &str| (name == variable.0).then(|| OsString::from(variable.1));
    let surroundings = Surroundings { variable: &lookup, command_deadline: Duration::from_millis(300) };
    source.read_in(&surroundings).map(|secret| secret.expose().to_owned())
}

fn read(home: &Home, value: &str) -> Result<String, SecretError> {
    read_with(home, value, ("", ""))
}

#[test]
fn one_final_newline_is_dropped() {
    let home = Home::with("");
    for (text, secret) in [("s", "s"), ("s\n", "s"), ("s\r\n", "s"), ("s\n\n", "s\n"), (" s ", " s ")] {
        home.write("secret", text);
        assert_eq!(read(&home, "{ file = \"secret\" }").unwrap(), secret);
    }
}

#[test]
fn a_file_that_holds_no_secret_is_refused() {
    let home = Home::with("");
    for text in ["", "\n"] {
        home.write("secret", text);
        assert!(matches!(read(&home, "{ file = \"secret\" }"), Err(SecretError::NoText(_))));
    }
    home.write("secret", &"x".repeat(64 * 1024 + 1));
    assert!(matches!(read(&home, "{ file = \"secret\" }"), Err(SecretError::File { .. })));
    let error = read(&home, "{ file = \"absent\" }").unwrap_err();
    assert!(error.to_string().contains("absent"), "{error}");
}

#[test]
fn a_reference_is_read_anew_each_time() {
    let home = Home::with("");
    home.write("secret", "old");
    let source = SecretSource::File(home.path("secret"));
    assert_eq!(source.read().unwrap().expose(), "old");
    home.write("secret", "new");
    assert_eq!(source.read().unwrap().expose(), "new");
}

#[test]
fn inline_variable_and_credential_are_read() {
    let home = Home::with("");
    home.write("cred", "from credential\n");
    let directory = home.directory.path().to_str().unwrap();
    assert_eq!(read(&home, "\"inline\"").unwrap(), "inline");
    assert_eq!(read_with(&home, "{ env = \"V\" }", ("V", "from env")).unwrap(), "from env");
    let credential = read_with(&home, "{ credential = \"cred\" }", ("CREDENTIALS_DIRECTORY", directory));
    assert_eq!(credential.unwrap(), "from credential");
    assert!(matches!(read(&home, "{ env = \"V\" }"), Err(SecretError::NotSet(name)) if name == "V"));
    assert!(matches!(read(&home, "{ credential = \"c\" }"), Err(SecretError::NotSet(_))));
}

#[test]
fn no_secret_is_printed() {
    let source = SecretSource::Inline(boxd_engine::ClientSecret::new("canary"));
    assert!(!format!("{source:?}").contains("canary"));
}

#[cfg(unix)]
mod commands {
    use super::*;

    fn command(script: &str) -> Result<String, String> {
        let value = format!("{{ command = [\"sh\", \"-c\", '''{script}'''] }}");
        read(&Home::with(""), &value).map_err(|error| error.to_string())
    }

    #[test]
    fn its_output_is_the_secret() {
        assert_eq!(command("echo secret").unwrap(), "secret");
        assert_eq!(command("cat; echo no input").unwrap(), "no input");
    }

    #[test]
    fn no_shell_reads_the_words() {
        let secret = read(&Home::with(""), "{ command = [\"echo\", \"$HOME; false\"] }").unwrap();
        assert_eq!(secret, "$HOME; false");
    }

    #[test]
    fn a_failure_tells_what_it_complained_of() {
        let error = command("echo canary; printf 'locked:\\033[1m\\nask' >&2; exit 3").unwrap_err();
        assert!(error.contains("exit status: 3: locked: [1m ask"), "{error}");
        assert!(!error.contains("canary"), "{error}");
        let error = command("yes complaint | head -c 100000 >&2; exit 1").unwrap_err();
        assert!(error.len() < 400, "{error}");
        let error = read(&Home::with(""), "{ command = [\"/absent/program\"] }").unwrap_err().to_string();
        assert!(error.contains("/absent/program") && error.contains("cannot be run"), "{error}");
    }

    #[test]
    fn the_end_of_a_complaint_reaches_the_person() {
        let error = command("yes noise | head -c 200000 >&2; echo the end >&2; exit 1").unwrap_err();
        assert!(error.ends_with("the end"), "{error}");
        let error = command("echo touch the key >&2; exec sleep 60").unwrap_err();
        assert!(error.contains("within 0.3 s: touch the key"), "{error}");
        let error = command("echo locked >&2").unwrap_err();
        assert!(error.contains("it printed nothing: locked"), "{error}");
        let error = command(r"printf 'a\342\200\256b\302\233c' >&2; exit 1").unwrap_err();
        assert!(error.ends_with("a b c"), "{error:?}");
    }

    #[test]
    fn one_that_hangs_or_floods_is_ended() {
        let error = command("sleep 60 & sleep 60").unwrap_err();
        assert!(error.contains("within 0.3 s"), "{error}");
        assert!(command("exec yes").unwrap_err().contains("within"));
        assert!(command("head -c 70000 /dev/zero | tr '\\\\0' x").unwrap_err().contains("64 KiB"));
    }
}
