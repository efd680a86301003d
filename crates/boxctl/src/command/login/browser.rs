//! Opens the person's browser: beside this program, silent, and only where it can be seen.

use std::{
    ffi::OsString,
    process::{Command, Stdio},
    thread,
};

/// Opens an address. `false`: there is no browser, or none that can be seen.
pub(super) fn open(url: &str) -> bool {
    let web = url.starts_with("https://") || url.starts_with("http://");
    web && is_visible() && commands(std::env::var("BROWSER").ok().as_deref(), url).into_iter().any(start)
}

/// Whether a window can appear: on Unix with a display, elsewhere always, but not at the far end of ssh.
fn is_visible() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let display = set("DISPLAY") || set("WAYLAND_DISPLAY");
    if cfg!(any(windows, target_os = "macos")) { display || !set("SSH_CONNECTION") } else { display }
}

/// What to try, in order: `$BROWSER` (commands separated by colons, `%s` for the address), then the system's.
fn commands(browser: Option<&str>, url: &str) -> Vec<Vec<OsString>> {
    let separator = if cfg!(windows) { ';' } else { ':' };
    let chosen = browser.unwrap_or_default().split(separator).filter_map(|command| {
        let mut words: Vec<OsString> =
            command.split_whitespace().map(|word| word.replace("%s", url).into()).collect();
        if !command.contains("%s") && !words.is_empty() {
            words.push(url.into());
        }
        (!words.is_empty()).then_some(words)
    });
    let system: &[&[&str]] = if cfg!(windows) {
        &[&["rundll32", "url.dll,FileProtocolHandler"]]
    } else if cfg!(target_os = "macos") {
        &[&["open"]]
    } else {
        &[&["xdg-open"], &["x-www-browser"]]
    };
    let system = system.iter().map(|words| words.iter().copied().chain([url]).map(Into::into).collect());
    chosen.chain(system).collect()
}

/// Starts one of them. It outlives this program, and Ctrl-C here does not reach it.
fn start(words: Vec<OsString>) -> bool {
    let mut words = words.into_iter();
    let Some(program) = words.next() else { return false };
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    match command.spawn() {
        Ok(mut child) => {
            // So that it leaves no zombie behind while we wait for the person.
            thread::spawn(move || drop(child.wait()));
            true
        }
        Err(_) => false,
    }
}

#[cfg(all(test, not(windows)))]
mod tests {
    use super::*;

    #[test]
    fn the_persons_own_choice_comes_first() {
        let texts = |browser| -> Vec<String> {
            let text = |words: Vec<OsString>| words.join(" ".as_ref()).into_string().unwrap();
            commands(browser, "https://x/?a=%s&b").into_iter().map(text).collect()
        };
        let all = texts(Some("firefox --new-tab %s:lynx:: "));
        assert_eq!(all.get(..2).unwrap(), ["firefox --new-tab https://x/?a=%s&b", "lynx https://x/?a=%s&b"]);
        assert_eq!(all.get(2..).unwrap(), texts(None));
        assert!(!texts(Some("")).is_empty());
    }
}
