//! Findings for people and for scripts.

use serde_json::{Value, json};

use super::finding::{Finding, State};
use crate::terminal::{Terminal, Tone, tame};

/// Columns of what is said before the lines break; a path or command is never broken.
const WIDTH: usize = 100;

/// All findings as one object.
pub(super) fn json(findings: &[Finding]) -> Value {
    let checks: Vec<Value> = findings
        .iter()
        .map(|finding| {
            json!({
                "check": finding.check,
                "state": finding.state.as_str(),
                "evidence": finding.evidence,
                "remedy": finding.remedy,
            })
        })
        .collect();
    let worst = findings.iter().map(|finding| finding.state).max().unwrap_or(State::Ok).max(State::Ok);
    json!({ "schema": 1, "state": worst.as_str(), "checks": checks })
}

/// All findings, aligned, with a line at the end that sums them up.
pub(super) fn text(findings: &[Finding], terminal: Terminal) -> String {
    let width = findings.iter().map(|finding| finding.check.len()).max().unwrap_or(0);
    let lines: Vec<String> = findings.iter().map(|finding| one(finding, width, terminal)).collect();
    lines.concat() + "\n" + &sum(findings, terminal)
}

fn one(finding: &Finding, width: usize, terminal: Terminal) -> String {
    let (mark, tone) = mark(finding.state);
    let indent = " ".repeat(width + 4);
    let shown = |line: String| match finding.state {
        State::Skipped => terminal.paint(Tone::Faint, &line),
        _ => line,
    };
    let evidence: Vec<String> = wrapped(&tame(&finding.evidence)).into_iter().map(shown).collect();
    let head = format!("{} {:width$}  ", terminal.paint(tone, mark), finding.check);
    let told = head + &evidence.join(&format!("\n{indent}")) + "\n";
    match &finding.remedy {
        Some(remedy) => told + &format!("{indent}{} {}\n", terminal.paint(Tone::Strong, "→"), tame(remedy)),
        None => told,
    }
}

fn mark(state: State) -> (&'static str, Tone) {
    match state {
        State::Ok => ("●", Tone::Good),
        State::Warn => ("▲", Tone::Busy),
        State::Fail => ("✖", Tone::Bad),
        State::Skipped => ("○", Tone::Faint),
    }
}

/// Lines of whole words.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            *line += word;
        } else if line.chars().count() + word.chars().count() < WIDTH {
            *line += " ";
            *line += word;
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

fn sum(findings: &[Finding], terminal: Terminal) -> String {
    let count = |state| findings.iter().filter(|finding| finding.state == state).count();
    let (ok, warn, fail) = (count(State::Ok), count(State::Warn), count(State::Fail));
    let skipped = match count(State::Skipped) {
        0 => String::new(),
        skipped => format!(", {skipped} not looked at"),
    };
    let told = format!("{fail} wrong, {warn} to know, {ok} in order{skipped}");
    let tone = match (fail, warn) {
        (0, 0) => Tone::Good,
        (0, _) => Tone::Busy,
        _ => Tone::Bad,
    };
    terminal.paint(tone, &told) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Vec<Finding> {
        vec![
            Finding::ok("daemon", "it answers"),
            Finding::warn("linger", "it ends\u{1b} with your session", "loginctl enable-linger"),
            Finding::skipped("key", "the daemon is down"),
        ]
    }

    #[test]
    fn aligned_and_tamed() {
        assert_eq!(
            text(&some(), Terminal { colours: false }),
            "● daemon  it answers\n\
             ▲ linger  it ends\u{FFFD} with your session\n\
             \u{20}         → loginctl enable-linger\n\
             ○ key     the daemon is down\n\
             \n\
             0 wrong, 1 to know, 1 in order, 1 not looked at\n"
        );
    }

    #[test]
    fn long_evidence_breaks_between_words() {
        let long = "word ".repeat(60);
        let lines = wrapped(long.trim_end());
        assert!(lines.len() == 3 && lines.iter().all(|line| line.chars().count() <= WIDTH), "{lines:?}");
        assert_eq!(lines.join(" "), long.trim_end());
    }

    #[test]
    fn scripts_get_the_worst_state_and_every_check() {
        let report = json(&some());
        assert_eq!(report["state"], "warn");
        assert_eq!(report["checks"][1]["remedy"], "loginctl enable-linger");
        assert_eq!(report["checks"][2]["state"], "skipped");
        assert_eq!(report["checks"][0]["remedy"], Value::Null);
        assert_eq!(json(&[])["state"], "ok");
    }
}
