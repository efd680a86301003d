//! The platform's keyring, asked through the platform's own tool.

use std::process::{Command, Stdio};

use super::source::{Origin, Source};

/// What can be done about the keyring on this platform, for a message.
pub(super) const WAY: &str = if cfg!(target_os = "macos") {
    "the keychain (security)"
} else if cfg!(windows) {
    "no keyring: on Windows only files are read"
} else {
    "the keyring (secret-tool, of libsecret-tools, where it is installed)"
};

/// The secret of a service and account; `None` where there is none, or no way to ask.
pub(super) fn lookup(service: &str, account: &str) -> Option<Source> {
    let mut child = command(service, account)?
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let secret = child.stdout.take().map(|stdout| Source::of(stdout, Origin::Keyring));
    let found = child.wait().ok()?.success();
    secret?.ok().filter(|secret| found && !secret.bytes().trim_ascii().is_empty())
}

fn command(service: &str, account: &str) -> Option<Command> {
    if cfg!(windows) {
        return None;
    }
    if cfg!(target_os = "macos") {
        let mut command = Command::new("/usr/bin/security");
        command.args(["find-generic-password", "-w", "-s", service, "-a", account]);
        return Some(command);
    }
    let mut command = Command::new("secret-tool");
    command.args(["lookup", "service", service, "account", account]);
    Some(command)
}
