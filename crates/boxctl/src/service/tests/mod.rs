//! Plans of every platform, on whichever platform the tests run.

mod goldens;
mod launchd;
mod systemd;
mod task;

use std::path::PathBuf;

use super::{
    judge::{Placed, Present},
    plan::{File, Plan, Step},
    site::{Manager, Scope, Site},
    state::{Account, Seen, State},
};

/// A place like any other, but for a space in the path of the programs.
pub(super) fn site(manager: Manager, scope: Scope) -> Site {
    let programs = match manager {
        Manager::TaskScheduler => r"C:\Program Files\boxd\",
        Manager::Systemd | Manager::Launchd => "/opt/b & d/",
    };
    Site {
        manager,
        scope,
        boxd: format!("{programs}boxd{}", if manager == Manager::TaskScheduler { ".exe" } else { "" }).into(),
        boxctl: format!("{programs}boxctl").into(),
        home: "/home/zoë".into(),
        config_home: "/home/zoë/.config".into(),
        uid: 501,
        windows_user: r"PC\zoë".to_owned(),
        local_app_data: r"C:\Users\zoë\AppData\Local".into(),
        socket: Some("/home/zoë/.local/state/boxd/boxd.sock".into()),
    }
}

/// What was seen where each file is as told.
fn seen(files: Vec<File>, present: &[Present], account: Account, state: State) -> Seen {
    assert_eq!(files.len(), present.len());
    let place = |(file, present): (File, &Present)| Placed {
        present: present.clone(),
        aside: PathBuf::from(format!("{}.orig", file.path.display())),
        file,
    };
    let files = files.into_iter().zip(present).map(place).collect();
    Seen { files, state, account, ..Seen::default() }
}

/// One line a step, with the names of files alone.
fn outline(plan: &Plan) -> Vec<String> {
    let name = |path: &std::path::Path| path.to_string_lossy().rsplit(['/', '\\']).next().unwrap().to_owned();
    let line = |step: &Step| match step {
        Step::Directory { path, mode } => format!("directory {} {mode:o}", path.display()),
        Step::Write(file) => format!("write {}", name(&file.path)),
        Step::Rename { from, to } => format!("rename {} {}", name(from), name(to)),
        Step::Remove(path) => format!("remove {}", name(path)),
        Step::RemoveLock(path) => format!("remove lock {}", name(path)),
        Step::EndDaemon => "end the daemon".to_owned(),
        Step::Run(run) => run.shown(),
    };
    plan.steps.iter().map(line).collect()
}
