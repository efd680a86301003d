//! What the verbs of `service` print alike.

use serde_json::{Map, Value};

use crate::{
    failure::Failure,
    output::print,
    service::{
        diff::diff,
        judge::Present,
        plan::{Plan, Step},
        site::Site,
        state::Seen,
    },
    terminal::tame,
};

/// How every JSON object begins.
pub(super) fn head(site: &Site) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("schema".into(), boxd_json::SCHEMA.into());
    object.insert("manager".into(), site.manager.as_str().into());
    object.insert("scope".into(), site.scope.as_str().into());
    object
}

pub(super) fn print_json(object: Map<String, Value>) -> Result<(), Failure> {
    print(&(boxd_json::line(&object.into()) + "\n"))
}

/// What was done to files, a line each.
pub(super) fn done(plan: &Plan) -> Vec<String> {
    let line = |step: &Step| match step {
        Step::Write(file) => Some(format!("wrote {}", file.path.display())),
        Step::Rename { from, to } => Some(format!("{} is now {}", from.display(), to.display())),
        Step::Remove(path) => Some(format!("removed {}", path.display())),
        Step::Directory { .. } | Step::RemoveLock(_) | Step::EndDaemon | Step::Run(_) => None,
    };
    plan.steps.iter().filter_map(line).collect()
}

/// Files that a person wrote or changed, and how they differ from ours.
pub(super) fn kept(seen: &Seen) -> Vec<(String, String)> {
    let kept = |placed: &crate::service::judge::Placed| {
        let difference = match &placed.present {
            Present::Link(target) => format!("-a link to {}\n+a file\n", tame(&target.display().to_string())),
            present => {
                // Whether the stamp is there is no news.
                let unstamped = |text: &str| -> String {
                    text.lines()
                        .filter(|line| !crate::service::stamp::is_stamp(line))
                        .map(|line| line.to_owned() + "\n")
                        .collect()
                };
                diff(&unstamped(present.by_hand()?), &unstamped(&placed.file.text))
            }
        };
        let tamed: String = difference.lines().map(|line| tame(line) + "\n").collect();
        Some((placed.file.path.display().to_string(), tamed))
    };
    seen.files.iter().filter_map(kept).collect()
}
