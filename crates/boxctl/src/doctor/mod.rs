//! `boxctl doctor`: checks everything that can go wrong on this machine, each with its remedy.
//!
//! One file a check. Each gathers what it looks at and gives it to a function of its own that judges, and is tested
//! without a machine. Nothing is changed, and no secret is read but refresh tokens of other tools (`copies`).

mod accounts;
mod binary;
mod clock;
mod config;
mod copies;
mod core_dumps;
mod daemon;
mod elsewhere;
mod file_system;
mod finding;
mod key;
mod linger;
mod path_safety;
mod process;
mod program;
mod ptrace;
mod reach;
mod report;
mod room;
mod scene;
mod service;
mod socket;
mod state_dir;
mod unit;
mod version;

use boxd_client::Code;

use self::{
    finding::{Finding, State},
    scene::Scene,
};
use crate::{failure::Failure, global::Global, output::print, terminal::Terminal};

/// Shown under the options of the command.
pub(crate) const HELP: &str = "\
● in order  ▲ works, but know it  ✖ wrong  ○ not looked at; each with what was seen, and → what to do.

Nothing is changed, and no secret is shown or sent. What boxd itself has to look at, such as the way to Box, is left
out where none answers.

Exit status: 1 where something is wrong (✖), else 0.

Examples:
  boxctl doctor
  boxctl doctor --json | jq -r '.checks[] | select(.state == \"fail\") | .remedy'
  sudo boxctl doctor --system";

/// What is checked, in the order in which it is told: the way to the daemon first, then what it stands on, then its
/// way to Box, then what others could do.
const CHECKS: [fn(&Scene) -> Vec<Finding>; 16] = [
    daemon::check,
    version::check,
    service::check,
    linger::check,
    binary::check,
    socket::check,
    config::check,
    state_dir::check,
    file_system::check,
    room::check,
    key::check,
    reach::check,
    clock::check,
    accounts::check,
    copies::check,
    harm,
];

fn harm(scene: &Scene) -> Vec<Finding> {
    [core_dumps::check(scene), ptrace::check(scene)].concat()
}

/// Looks at everything, and fails, without a further word, where something is wrong.
pub(crate) fn run(global: &Global) -> Result<(), Failure> {
    let scene = Scene::of_this_machine(global);
    let findings: Vec<Finding> = CHECKS.iter().flat_map(|check| check(&scene)).collect();
    if global.json {
        print(&(boxd_json::line(&report::json(&findings)) + "\n"))?;
    } else {
        print(&report::text(&findings, Terminal::of_stdout()))?;
    }
    if findings.iter().any(|finding| finding.state == State::Fail) {
        return Err(Failure::told(Code::Internal));
    }
    Ok(())
}
