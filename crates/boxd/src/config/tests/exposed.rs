//! Files that others could write or that cannot be used, as the system shows them.

#[cfg(unix)]
use super::super::ConfigError;
use super::Home;

#[cfg(unix)]
#[test]
fn a_config_that_others_can_write_is_refused_where_that_gives_them_power() {
    use super::super::Exposure;
    for text in [
        "[accounts.a]\nclient_secret = { command = [\"pass\", \"box\"] }",
        "[accounts.a]\nauth = \"jwt\"\napp_config = { command = [\"pass\", \"app\"] }",
        "[box]\nproxy = \"http://proxy:3128\"",
        "[accounts.a.box]\nca_file = \"ca.pem\"",
    ] {
        let home = Home::with(text);
        home.mode("config.toml", 0o644);
        assert!(home.load().is_ok(), "{text}");
        home.mode("config.toml", 0o646);
        let error = home.load().unwrap_err();
        let expected = Exposure::Writable { mode: 0o646 };
        assert!(matches!(&error, ConfigError::Exposed { exposure, .. } if *exposure == expected), "{error}");
        assert!(error.to_string().contains("chmod go-w"), "{error}");
    }
    let harmless = Home::with("default_account = \"a\"\n[accounts.a]\nclient_secret = { file = \"x\" }");
    harmless.mode("config.toml", 0o666);
    assert!(harmless.load().is_ok());
}

#[test]
fn a_certificate_file_that_cannot_be_used_is_named_with_its_key() {
    let home = Home::with("[accounts.a]\nclient_id = \"x\"\n[accounts.a.box]\nca_file = \"ca.pem\"\n");
    let complaint = || {
        let error = home.load().unwrap().check_ca_files().unwrap_err().to_string();
        assert!(error.contains("config.toml:4: `accounts.a.box.ca_file`: "), "{error}");
        assert!(error.contains("boxctl reload"), "{error}");
        error
    };
    assert!(complaint().contains("cannot be read"));
    home.write("ca.pem", "no certificate");
    assert!(complaint().contains("holds no PEM certificate"));
    home.write("ca.pem", "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n");
    assert!(complaint().contains("is damaged"));
    let made = rcgen::generate_simple_self_signed(["box.example".to_owned()]).unwrap();
    home.write("ca.pem", &made.cert.pem());
    assert!(home.load().unwrap().check_ca_files().is_ok());
}

#[test]
fn an_endless_config_is_refused_whole() {
    let home = Home::with(&format!("default_account = \"a\"\n#{}\n", "x".repeat(16 * 1024 * 1024)));
    assert!(home.load().unwrap_err().to_string().contains("larger than 16 MiB"));
}
