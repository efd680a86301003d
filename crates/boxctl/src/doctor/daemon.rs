//! Check `daemon`: whether it answers, and who it is.

use boxd_client::Error;

use super::{finding::Finding, process::Process, scene::Scene};

const NAME: &str = "daemon";

pub(super) fn check(scene: &Scene) -> Vec<Finding> {
    vec![match &scene.daemon {
        Ok(answering) => {
            let info = &answering.info;
            let process = Process::of(info.pid);
            let uid = process.map(|process| format!(", uid {}", process.uid)).unwrap_or_default();
            let whose = if scene.system { "the system's boxd" } else { "boxd" };
            Finding::ok(NAME, format!("{whose} answers: process {}{uid}", info.pid))
        }
        Err(error) => judge(error),
    }]
}

fn judge(error: &Error) -> Finding {
    let remedy = match error {
        _ if error.is_nobody_there() => "boxctl service start, or in a terminal: boxd".to_owned(),
        _ => error.next_step(),
    };
    Finding::fail(NAME, error.to_string(), remedy)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{super::finding::State, *};

    #[test]
    fn a_daemon_that_is_away_is_told_from_one_that_is_not_ours() {
        let socket = std::path::PathBuf::from("/run/x");
        let away = Error::Unreachable { socket: socket.clone(), reason: io::ErrorKind::NotFound.into() };
        let away = judge(&away);
        assert_eq!(away.state, State::Fail);
        assert!(away.remedy.unwrap().contains("service start"));
        let foreign = judge(&Error::Untrusted { socket, uid: 7 });
        assert!(foreign.evidence.contains("uid 7") && foreign.remedy.unwrap().contains("who created"));
    }
}
