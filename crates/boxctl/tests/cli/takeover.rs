//! `import` of what other tools keep: where it is found, what is sent, what the person is told.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use boxd_proto::{ImportedCredential, Request, Subject};

use crate::{
    answers::obliging,
    daemon::{Daemon, Ran},
};

const RCLONE: &str = include_str!("../fixtures/rclone.conf");
const ENVIRONMENTS: &str = include_str!("../fixtures/box_environments.json");
const JWT: &str = include_str!("../fixtures/box-app-jwt.json");
const CCG: &str = include_str!("../fixtures/box-app-ccg.json");
const JAVA: &str = include_str!("../fixtures/java-sdk.json");
const CACHED: &str =
    r#"{"accessToken":"AT","accessTokenTTLMS":4123000,"refreshToken":"RT","acquiredAtMS":1795311555637}"#;

/// A daemon, and a home directory of its own.
struct Scene {
    daemon: Daemon,
}

impl Scene {
    fn new() -> Self {
        Self { daemon: Daemon::new(obliging) }
    }

    fn home(&self) -> PathBuf {
        self.daemon.socket().parent().unwrap().join("home")
    }

    fn write(&self, path: &str, text: &str) -> PathBuf {
        let file = self.home().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        file
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.daemon.command(&[&["import"], arguments].concat());
        command.env("HOME", self.home());
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.command(arguments).output().unwrap().into()
    }

    /// The credential of the last import.
    fn sent(&self) -> ImportedCredential {
        let Some(Request::Import(import)) = self.daemon.asked().pop() else { unreachable!("no import") };
        import.credential
    }

    fn sent_refresh_token(&self) -> String {
        let ImportedCredential::OAuth2 { refresh_token, .. } = self.sent() else {
            unreachable!("another kind")
        };
        refresh_token.expose().to_owned()
    }
}

fn ok(ran: &Ran) {
    assert_eq!(ran.code, 0, "{ran:?}");
}

fn refused(ran: &Ran, code: i32, expected: &[&str]) {
    assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{ran:?}");
    assert!(ran.err.contains("next: "), "{ran:?}");
    for text in expected {
        assert!(ran.err.contains(text), "{text}: {ran:?}");
    }
}

#[test]
fn every_format_is_recognised_on_stdin_and_the_old_copy_is_named() {
    let table: [(&str, &[&str], &str); 5] = [
        (
            RCLONE,
            &["--entry", "mybox"],
            "do not use the old copy any more, and delete it: rclone config delete mybox",
        ),
        (ENVIRONMENTS, &["--entry", "bot"], "box configure:environments:delete bot"),
        (JWT, &[], "the old copy still works"),
        (CCG, &[], "the old copy still works"),
        (
            r#"{"values":[{"key":"refresh_token","value":"RT"},{"key":"client_id","value":"id"}]}"#,
            &[],
            "in Postman clear",
        ),
    ];
    for (text, options, told) in table {
        let scene = Scene::new();
        let arguments = [&["import", "-"], options].concat();
        let ran = scene.daemon.run_with(&arguments, text);
        ok(&ran);
        assert!(ran.err.contains(told), "{ran:?}");
        let quiet = scene.daemon.run_with(&[&arguments[..], &["--json"]].concat(), text);
        assert_eq!((quiet.code, quiet.err.as_str()), (0, ""), "{quiet:?}");
    }
}

#[test]
fn rclone_conf_is_found_where_rclone_looks() {
    let one = |token: &str| {
        format!(
            "[b]\ntype = box\nclient_id = id\ntoken = {{\"access_token\":\"a\",\"refresh_token\":\"{token}\"}}\n"
        )
    };
    let scene = Scene::new();
    let nothing = scene.run(&["--from", "rclone"]);
    refused(&nothing, 2, &["there is no rclone.conf", ".config/rclone/rclone.conf", "rclone config file"]);

    // Each place comes before those that were filled earlier.
    scene.write(".rclone.conf", &one("oldest"));
    ok(&scene.run(&["--from", "rclone"]));
    assert_eq!(scene.sent_refresh_token(), "oldest");
    scene.write(".config/rclone/rclone.conf", &one("usual"));
    ok(&scene.run(&["--from", "rclone"]));
    assert_eq!(scene.sent_refresh_token(), "usual");
    scene.write("xdg/rclone/rclone.conf", &one("xdg"));
    let named = scene.write("named", &one("named"));
    let xdg = scene.home().join("xdg");
    let runs = [("XDG_CONFIG_HOME", xdg, "xdg"), ("RCLONE_CONFIG", named, "named")];
    for (variable, value, token) in runs {
        let output = scene.command(&["--from", "rclone"]).env(variable, value).output().unwrap();
        ok(&output.into());
        assert_eq!(scene.sent_refresh_token(), token);
    }
}

#[test]
fn an_app_settings_file_that_a_remote_names_is_taken_over() {
    let scene = Scene::new();
    scene.write("app.json", JWT);
    for path in
        ["~/app.json".to_owned(), scene.home().join("app.json").display().to_string(), "app.json".to_owned()]
    {
        let conf = format!("[b]\ntype = box\nbox_sub_type = enterprise\nbox_config_file = {path}\n");
        let conf = scene.write("rclone.conf", &conf);
        ok(&scene.run(&[conf.to_str().unwrap()]));
        assert!(matches!(scene.sent(), ImportedCredential::Jwt { app_settings, .. }
            if app_settings.expose() == JWT.trim()));
    }
}

#[test]
fn an_encrypted_rclone_conf_is_left_to_rclone() {
    let scene = Scene::new();
    let conf =
        scene.write("my rclone.conf", "# Encrypted rclone configuration File\n\nRCLONE_ENCRYPT_V0:\nAAAA\n");
    let remedy = format!("rclone --config '{}' config show | boxctl import --from rclone -", conf.display());
    refused(&scene.run(&[conf.to_str().unwrap()]), 4, &["encrypted with a password", &remedy]);
}

#[test]
fn box_cli_keeps_environments_and_tokens_in_its_folder() {
    let scene = Scene::new();
    refused(&scene.run(&["--from", "box-cli"]), 2, &["box_environments.json", "boxctl login"]);
    scene.write(".box/box_environments.json", ENVIRONMENTS);
    let no_token = scene.run(&["--from", "box-cli", "--entry", "oauth"]);
    refused(&no_token, 2, &["no token of Box CLI environment oauth", "oauth_token_cache.json", "box login"]);
    scene.write(".box/oauth_token_cache.json", CACHED);
    let ran = scene.run(&["--from", "box-cli", "--entry", "oauth"]);
    ok(&ran);
    assert!(
        ran.err.contains("box configure:environments:delete oauth") && ran.err.contains("rm "),
        "{ran:?}"
    );
    assert!(
        matches!(scene.sent(), ImportedCredential::OAuth2 { client_id, expires_at: Some(1_795_315_678), .. }
        if client_id == "cid")
    );
    refused(&scene.run(&["--from", "box-cli"]), 2, &["app, bot, oauth", "--entry NAME"]);
}

#[test]
fn a_copied_folder_of_box_cli_brings_its_own_tokens() {
    let scene = Scene::new();
    scene.write(".box/oauth_token_cache.json", CACHED);
    let file = scene.write("copy/box_environments.json", ENVIRONMENTS);
    scene.write("copy/oauth_token_cache.json", &CACHED.replace("RT", "RT-COPY"));
    ok(&scene.run(&[file.to_str().unwrap(), "--entry", "oauth"]));
    assert_eq!(scene.sent_refresh_token(), "RT-COPY");
}

#[test]
fn a_private_key_of_box_cli_may_lie_in_a_file_of_its_own() {
    let scene = Scene::new();
    let settings = scene.write("app.json", &JWT.replace("privateKey", "elsewhere"));
    let key = scene.write("key.pem", "-----BEGIN PRIVATE KEY-----\nBBBB\n-----END PRIVATE KEY-----\n");
    let quoted = |path: &Path| format!("\"{}\"", path.display());
    let environments = ENVIRONMENTS
        .replace("\"app.json\"", &quoted(&settings))
        .replace("\"hasInLinePrivateKey\": true", "\"hasInLinePrivateKey\": false")
        .replace("\"privateKeyPath\": null", &format!("\"privateKeyPath\": {}", quoted(&key)));
    let file = scene.write(".box/box_environments.json", &environments);
    let ran = scene.run(&[file.to_str().unwrap(), "--entry", "app"]);
    ok(&ran);
    assert!(ran.err.contains("acts as user 42 by a header"), "{ran:?}");
    let ImportedCredential::Jwt { app_settings, subject, .. } = scene.sent() else { panic!("another kind") };
    assert!(app_settings.expose().contains(r"BEGIN PRIVATE KEY-----\nBBBB\n"), "the key went in");
    assert_eq!(subject, Some(Subject::Enterprise("123456".into())));
}

#[cfg(target_os = "linux")]
#[test]
fn the_keyring_comes_before_box_clis_files() {
    use std::os::unix::fs::PermissionsExt as _;

    let scene = Scene::new();
    scene.write(".box/box_environments.json", "{\"environments\":{}}");
    scene.write(".box/oauth_token_cache.json", CACHED);
    scene.write("environments", ENVIRONMENTS);
    scene.write("token", &CACHED.replace("RT", "RT-KEYRING"));
    let script = "#!/bin/sh\ncase \"$*\" in\n\
        'lookup service boxcli account Box') cat \"$HOME/environments\" ;;\n\
        'lookup service boxcli-token-oauth account Box') cat \"$HOME/token\" ;;\n\
        *) exit 1 ;;\nesac\n";
    let tool = scene.write("bin/secret-tool", script);
    fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", tool.parent().unwrap().display());
    let output =
        scene.command(&["--from", "box-cli", "--entry", "oauth"]).env("PATH", path).output().unwrap();
    let ran = output.into();
    ok(&ran);
    assert_eq!(scene.sent_refresh_token(), "RT-KEYRING");
    assert!(ran.err.contains("the keyring entry boxcli-token-oauth"), "{ran:?}");
}

#[test]
fn grants_that_do_not_name_their_app_take_it_from_the_environment() {
    let scene = Scene::new();
    for text in [JAVA, CACHED] {
        let file = scene.write("state.json", text);
        let file = file.to_str().unwrap();
        refused(&scene.run(&[file]), 2, &["BOX_CLIENT_ID and BOX_CLIENT_SECRET"]);
        ok(&scene.command(&[file]).env("BOX_CLIENT_ID", "from-env").output().unwrap().into());
        assert!(matches!(scene.sent(), ImportedCredential::OAuth2 { client_id, client_secret: None, .. }
            if client_id == "from-env"));
        let mut command = scene.command(&[file]);
        ok(&command.env("BOX_CLIENT_ID", "id").env("BOX_CLIENT_SECRET", "sec").output().unwrap().into());
        assert!(
            matches!(scene.sent(), ImportedCredential::OAuth2 { client_secret: Some(secret), expires_at, .. }
            if secret.expose() == "sec" && expires_at.is_some())
        );
    }
}

#[test]
fn what_is_asked_for_in_the_wrong_way_is_explained() {
    let scene = Scene::new();
    refused(&scene.run(&[]), 2, &["neither a file nor a tool", "boxctl import --from rclone"]);
    refused(&scene.run(&["--from", "postman"]), 2, &["no usual place", "--from KIND FILE"]);
    let file = scene.write("token", "dev-token\n");
    refused(&scene.run(&[file.to_str().unwrap(), "--entry", "x"]), 2, &["--entry makes no sense"]);
    fs::write(&file, b"\x80\x04\x95pickle").unwrap();
    refused(&scene.run(&[file.to_str().unwrap()]), 4, &["a Python pickle", "json.dumps", "boxctl login"]);
    assert!(scene.daemon.asked().is_empty(), "nothing was sent");
}

#[test]
fn names_and_values_cannot_play_tricks() {
    let scene = Scene::new();
    let named = "[\u{1b}[2Ja]\ntype = box\n[b]\ntype = box\n";
    let ran = scene.daemon.run_with(&["import", "-"], named);
    refused(&ran, 2, &["more than one remote"]);
    assert!(!ran.err.contains('\u{1b}'), "{ran:?}");
    let valued = r#"{"client_id":"id","client_secret":"s","refresh_token":"canary\r\nX-Other: 1"}"#;
    let ran = scene.daemon.run_with(&["import", "-"], valued);
    refused(&ran, 2, &["`refresh_token` holds a control character"]);
    assert!(!ran.err.contains("canary"), "{ran:?}");
}

#[test]
fn help_tells_the_kinds_and_where_they_are() {
    let help = Scene::new().run(&["--help"]);
    ok(&help);
    for word in ["rclone", "box-cli", "~/.box", "postman", "box-app", "java-sdk", "BOX_CLIENT_ID", "--entry"]
    {
        assert!(help.out.contains(word), "{word}: {}", help.out);
    }
}
