//! Check `socket`: whose it is, and whether others can put another in its place.

use std::path::Path;

use super::{
    finding::Finding,
    path_safety::{self, Rule, own_uid},
    scene::Scene,
};

const NAME: &str = "socket";

pub(super) fn check(scene: &Scene) -> Vec<Finding> {
    let socket = match &scene.socket {
        Ok(socket) => socket,
        Err(reason) => {
            return vec![Finding::fail(
                NAME,
                reason,
                "name it: boxctl --socket PATH doctor, or set BOXD_SOCKET",
            )];
        }
    };
    if !cfg!(unix) {
        return vec![Finding::skipped(NAME, format!("{}: a pipe has no mode", socket.display()))];
    }
    if socket.symlink_metadata().is_err() {
        return vec![Finding::skipped(NAME, format!("there is none at {}", socket.display()))];
    }
    vec![of(socket, scene.system)].into_iter().flatten().collect()
}

fn of(socket: &Path, system: bool) -> Vec<Finding> {
    let Some(mut steps) = path_safety::steps(socket) else {
        return vec![Finding::skipped(NAME, format!("{} cannot be looked at", socket.display()))];
    };
    if steps.len() < 2 {
        return Vec::new();
    }
    // Who may connect is the mode of the directory's matter; the socket's own mode says little (unix(7)).
    let file = steps.remove(0);
    let owner = if system { file.uid } else { own_uid() };
    let mut found = path_safety::judge(NAME, &steps, Rule { owner, closed: 0o022 });
    if !system && file.uid != owner && file.uid != 0 {
        let evidence = format!("{} belongs to uid {}, not to you", socket.display(), file.uid);
        found.push(Finding::fail(
            NAME,
            evidence,
            "boxctl asks another daemon: unset BOXD_SOCKET, or give --socket",
        ));
    }
    if found.is_empty() {
        let directory = steps.first().map(|step| format!("{:04o}", step.mode)).unwrap_or_default();
        let evidence = format!("{}: uid {}, in a directory of mode {directory}", socket.display(), file.uid);
        found.push(Finding::ok(NAME, evidence));
    }
    found
}
