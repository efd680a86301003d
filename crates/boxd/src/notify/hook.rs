//! Runs the command of `[notify]` once: with one event on its standard input, little else, and not for ever.

use std::{
    ffi::OsString,
    io::{self, Read as _, Write as _},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use crate::{config::Hook, group::Group};

/// How long the command may take before it is asked to end, and how long that may take.
pub(super) const DEADLINES: Deadlines =
    Deadlines { run: Duration::from_secs(30), end: Duration::from_secs(5) };
/// What the command gets of boxd's environment: where it is at home, and how it reaches the person's desktop.
/// Everything else may hold a secret.
const VARIABLES: [&str; 21] = [
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "USER",
    "LOGNAME",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "SystemRoot",
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
    "USERNAME",
    "TEMP",
    "ComSpec",
    "PATHEXT",
    "SystemDrive",
    "ProgramFiles",
];
/// Most of the end of its output that is kept, in bytes.
const KEPT: usize = 2048;
/// Its output may be held open by what it started; so long the last of it is waited for.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// How long a command may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadlines {
    /// Then it gets SIGTERM.
    pub(super) run: Duration,
    /// After that SIGKILL.
    pub(super) end: Duration,
}

/// What the command gets of this environment.
pub(super) fn environment(
    lookup: impl Fn(&str) -> Option<OsString>,
) -> impl Iterator<Item = (&'static str, OsString)> {
    let found = move |name: &'static str| match (name, lookup(name)) {
        ("PATH", None) => Some((name, crate::config::USUAL_PATH.into())),
        (_, value) => value.map(|value| (name, value)),
    };
    VARIABLES.into_iter().filter_map(found)
}

/// Runs it to its end. Blocking.
///
/// # Errors
/// What went wrong, with the end of its output, as one line.
pub(super) fn run(
    hook: &Hook,
    environment: impl Iterator<Item = (&'static str, OsString)>,
    input: &str,
    deadlines: Deadlines,
) -> Result<(), String> {
    let (output, sink) = io::pipe().map_err(|error| error.to_string())?;
    let errors = sink.try_clone().map_err(|error| error.to_string())?;
    let mut command = Command::new(&hook.program);
    command.args(&hook.arguments).env_clear().envs(environment);
    command.stdin(Stdio::piped()).stdout(sink).stderr(errors);
    // So that its children end with it.
    Group::prepare(&mut command);
    // No directory of boxd's.
    #[cfg(unix)]
    command.current_dir("/");
    let mut child = command.spawn().map_err(|error| format!("cannot be run: {error}"))?;
    // Else the pipe would never end.
    drop(command);

    let words = LastWords::default();
    let (heard, hearing) = mpsc::channel();
    let listener = words.clone();
    let group = Group::of(&child);
    let unheard = |error: io::Error| {
        group.end();
        format!("cannot be listened to: {error}")
    };
    let listening = thread::Builder::new().spawn(move || {
        listener.listen(output);
        heard.send(()).ok();
    });
    listening.map_err(unheard)?;
    if let Some(mut stdin) = child.stdin.take() {
        let input = input.to_owned();
        // Who does not read is free not to, and holds up this thread only, until its end.
        let telling = thread::Builder::new().spawn(move || stdin.write_all(input.as_bytes()).ok());
        telling.map_err(unheard)?;
    }
    let status = wait(child, &group, deadlines);
    hearing.recv_timeout(LAST_WORDS).ok();
    match status {
        Ok(Some(status)) if status.success() => {
            tracing::debug!(command = %hook.program.display(), "notified{}", words.told());
            Ok(())
        }
        Ok(Some(status)) => Err(format!("{status}{}", words.told())),
        Ok(None) => Err(format!("it did not end within {} s{}", deadlines.run.as_secs_f32(), words.told())),
        Err(error) => Err(error.to_string()),
    }
}

/// Its exit status; `None` where it had to be ended.
fn wait(mut child: Child, group: &Group, deadlines: Deadlines) -> io::Result<Option<ExitStatus>> {
    let (sender, receiver) = mpsc::channel();
    let waiting = thread::Builder::new().spawn(move || {
        // Nobody listens once the deadlines have passed.
        sender.send(child.wait()).ok();
    });
    if let Err(error) = waiting {
        group.end();
        return Err(error);
    }
    if let Ok(status) = receiver.recv_timeout(deadlines.run) {
        return status.map(Some);
    }
    group.ask_to_end();
    receiver.recv_timeout(deadlines.end).ok();
    // Also what it started and left behind.
    group.end();
    Ok(None)
}

/// The end of what a command wrote.
#[derive(Clone, Default)]
struct LastWords(Arc<Mutex<Vec<u8>>>);

impl LastWords {
    fn listen(&self, mut stream: io::PipeReader) {
        let mut piece = [0; 1024];
        while let Ok(length @ 1..) = stream.read(&mut piece) {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend_from_slice(piece.get(..length).unwrap_or_default());
            let surplus = kept.len().saturating_sub(KEPT);
            kept.drain(..surplus);
        }
    }

    /// As one line that cannot move a cursor.
    fn told(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        crate::config::as_one_line(&kept)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const QUICK: Deadlines = Deadlines { run: Duration::from_millis(300), end: Duration::from_millis(300) };

    fn shell(script: &str) -> Hook {
        Hook { program: "/bin/sh".into(), arguments: vec!["-c".into(), script.into()] }
    }

    fn run(script: &str, input: &str, deadlines: Deadlines) -> Result<(), String> {
        let variables = |name: &str| (name == "HOME").then(|| "/nowhere".into());
        super::run(&shell(script), environment(variables), input, deadlines)
    }

    #[test]
    fn it_reads_its_input_and_may_ignore_it() {
        run(r#"test "$(cat)" = news"#, "news", DEADLINES).unwrap();
        run("exec <&-; exit 0", &"x".repeat(400_000), DEADLINES).unwrap();
    }

    #[test]
    fn a_failure_is_told_with_its_last_words_as_one_line() {
        let failure = run("echo one; echo two >&2; printf '\\033[2J'; exit 3", "", DEADLINES).unwrap_err();
        assert!(failure.contains("exit status: 3") && failure.contains("one two"), "{failure}");
        assert!(!failure.contains(['\n', '\u{1b}']), "{failure:?}");
        let failure = run("yes | head -c 100000; exit 1", "", DEADLINES).unwrap_err();
        assert!(failure.len() < 1000, "bounded");
        let missing = Hook { program: "/nonexistent".into(), arguments: vec![] };
        assert!(
            super::run(&missing, environment(|_| None), "", QUICK).unwrap_err().contains("cannot be run")
        );
    }

    #[test]
    fn one_that_hangs_is_asked_to_end_and_then_made_to_with_its_children() {
        let place = tempfile::tempdir().unwrap();
        let mark = place.path().join("asked");
        let script = format!("trap 'touch {}; exit' TERM; sleep 1000 & wait", mark.display());
        let failure = run(&script, "", QUICK).unwrap_err();
        assert!(failure.contains("did not end"), "{failure}");
        assert!(mark.exists(), "it could clean up");

        // Else this would never return.
        run("trap '' TERM; while :; do sleep 1; done", "", QUICK).unwrap_err();
    }

    #[test]
    fn what_it_leaves_behind_holds_nothing_up() {
        let place = tempfile::tempdir().unwrap();
        let mark = place.path().join("ended");
        run(&format!("(sleep 5; touch {}) & exit 0", mark.display()), "", DEADLINES).unwrap();
        assert!(!mark.exists());
    }

    #[test]
    fn the_environment_holds_nothing_but_what_a_desktop_needs() {
        let rich = |name: &str| Some(OsString::from(format!("value of {name}")));
        let names: Vec<&str> = environment(rich).map(|(name, _)| name).collect();
        assert!(names.contains(&"DBUS_SESSION_BUS_ADDRESS") && names.len() == VARIABLES.len());
        let bare: Vec<_> = environment(|_| None).collect();
        assert_eq!(bare, [("PATH", crate::config::USUAL_PATH.into())]);
        run(r#"test "$(env | cut -d= -f1 | grep -v -e PWD -e _ -e SHLVL | sort | tr '\n' ' ')" = "HOME PATH ""#, "", DEADLINES)
            .unwrap();
    }
}
