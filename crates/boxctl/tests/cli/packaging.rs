//! Completions as shells run them, and man pages as `man` reads them.

use std::process::Command;

use crate::{answers::obliging, daemon::Daemon};

/// The words that bash offers for a line, whose last word is the one being written.
fn bash(daemon: &Daemon, line: &[&str]) -> Vec<String> {
    let words: Vec<String> = line.iter().map(|word| format!("'{word}'")).collect();
    let script = format!(
        "eval \"$(\"$0\" completions bash)\"; boxctl() {{ :; }}
         COMP_WORDS=(\"$0\" {}); COMP_CWORD={}; _boxctl; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words.join(" "),
        line.len()
    );
    let output = Command::new("bash")
        .args(["-c", &script, env!("CARGO_BIN_EXE_boxctl")])
        .env("BOXD_SOCKET", daemon.socket())
        .output()
        .unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_values_and_accounts() {
    let daemon = Daemon::new(obliging);
    assert_eq!(bash(&daemon, &["doc"]), ["doctor"]);
    assert_eq!(bash(&daemon, &["token", "-o", "h"]), ["header"]);
    assert_eq!(bash(&daemon, &["token", "b"]), ["bot"]);
    assert_eq!(bash(&daemon, &["completions", ""]), ["bash", "zsh", "fish", "powershell"]);
    assert_eq!(bash(&daemon, &["exec", "--", "x"]), [""], "left to bash");
    assert!(
        !bash(&daemon, &["token", ""]).concat().contains('\u{1b}'),
        "a name cannot write to the terminal"
    );
}

#[test]
fn without_a_daemon_the_names_are_missing_and_nothing_else() {
    let daemon = Daemon::absent();
    assert_eq!(bash(&daemon, &["token", ""]), [""]);
    assert_eq!(bash(&daemon, &["token", "--min"]), ["--min-ttl"]);
}

#[test]
fn every_shell_has_a_script() {
    let daemon = Daemon::absent();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let ran = daemon.run(&["completions", shell]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        assert!(ran.out.contains("__complete --"), "{shell}: {}", ran.out);
    }
    assert_eq!(daemon.run(&["completions", "tcsh"]).code, 2);
}

#[test]
fn pages_are_printed_or_written() {
    let daemon = Daemon::absent();
    let page = daemon.run(&["man", "token"]);
    assert!(page.code == 0 && page.out.starts_with(".TH \"BOXCTL-TOKEN\" 1 "), "{page:?}");
    assert_eq!(daemon.run(&["man", "boxctl-token"]).out, page.out, "by the page's name too");
    assert!(daemon.run(&["man", "boxd.toml"]).out.starts_with(".TH \"BOXD.TOML\" 5"));
    assert_eq!(daemon.run(&["man", "__complete"]).code, 2);

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    assert_eq!(daemon.run(&["man", "--output-dir", path]).code, 0);
    let written = std::fs::read_dir(directory.path()).unwrap().count();
    assert!(written > 15, "{written} pages");
    let printed = daemon.run(&["man"]).out;
    assert_eq!(std::fs::read_to_string(directory.path().join("boxctl.1")).unwrap(), printed);
    assert_eq!(daemon.run(&["man", "--output-dir", "/nonexistent/place"]).code, 2);
}
