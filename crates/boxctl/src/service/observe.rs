//! Looks what there is of the service, before anything is planned. It changes nothing.

use std::{
    fs,
    path::{Path, PathBuf},
};

use boxd_client::{Client, Code, Info};

use super::{
    ask::{ask, ask_quietly},
    diagnose::{Fault, diagnose},
    judge::{Placed, Present},
    launchd,
    plan::{Encoding, File},
    site::{Manager, Scope, Site},
    state::{Account, Seen, State},
    systemd, task,
    text::Unfit,
};
use crate::failure::Failure;

/// All that a plan needs.
pub(crate) fn observe(site: &Site) -> Result<Seen, Failure> {
    match site.manager {
        Manager::Systemd => observe_systemd(site),
        Manager::Launchd => observe_launchd(site),
        Manager::TaskScheduler => observe_task(site),
    }
}

/// A machine without anything of the service, for a plan that is only shown.
pub(crate) fn nothing(site: &Site) -> Result<Seen, Failure> {
    let account = match (site.scope, site.manager) {
        (Scope::User, _) | (_, Manager::TaskScheduler) => Account::NotNeeded,
        (Scope::System, Manager::Systemd) => Account::BySysusers,
        (Scope::System, Manager::Launchd) => account_of_macos(),
    };
    let domain = match site.scope {
        Scope::User => format!("gui/{}", site.uid),
        Scope::System => "system".to_owned(),
    };
    let absent = |file: File| Placed { aside: PathBuf::new(), present: Present::Absent, file };
    let files = files(site, account).map_err(|fault| unfit(&fault))?.into_iter().map(absent).collect();
    Ok(Seen { files, account, state: State { domain, ..State::default() }, ..Seen::default() })
}

fn files(site: &Site, account: Account) -> Result<Vec<File>, Unfit> {
    match site.manager {
        Manager::Systemd => systemd::files(site),
        Manager::Launchd => launchd::files(site, account),
        Manager::TaskScheduler => task::files(site),
    }
}

fn look(site: &Site, account: Account) -> Result<Vec<Placed>, Failure> {
    let look = |file: File| {
        let path = file.path.clone();
        Placed::look(file).map_err(|error| unreadable(&path, &error))
    };
    files(site, account).map_err(|fault| unfit(&fault))?.into_iter().map(look).collect()
}

// === systemd ===

fn observe_systemd(site: &Site) -> Result<Seen, Failure> {
    let properties = format!("--property={}", systemd::PROPERTIES);
    let show = |options: &[&'static str]| {
        let mut words = systemd::systemctl(site, options);
        words.extend([properties.as_str(), systemd::SERVICE, systemd::SOCKET]);
        ask(&words).map_err(|error| diagnose(site, "systemctl", &Fault::Start(&error)))
    };
    let mut answer = show(&["show", "--no-pager", "--timestamp=unix"])?;
    if !answer.status.success() && answer.err.contains("timestamp") {
        // Before systemd 251 it does not know this form; then it is not known since when boxd runs.
        answer = show(&["show", "--no-pager"])?;
    }
    if !answer.status.success() {
        return Err(diagnose(site, "systemctl", &Fault::Told(&answer.err)));
    }
    let mut state = systemd::parse(&answer.out);
    let account = match site.scope {
        Scope::User => {
            state.lingers = lingers(site);
            Account::NotNeeded
        }
        Scope::System => account_of_linux(),
    };
    state.outdated = state.pid.is_some() && state.since.is_some_and(|since| is_newer(&site.boxd, since));
    let directory = systemd::directory(site);
    let packaged = state.unit_file.clone().filter(|file| {
        !file.starts_with(&directory) && state.program.as_deref() == Some(site.boxd.as_path())
    });
    let files = if packaged.is_some() { Vec::new() } else { look(site, account)? };
    let (drop_ins, links) = (drop_ins(&directory), links(site, &directory));
    Ok(Seen { files, state, account, drop_ins, links, lock: lock(site), packaged })
}

/// What boxd locks beside its socket, as it is while the service runs or after it did.
fn lock(site: &Site) -> Option<PathBuf> {
    let mut name = site.socket.clone()?.into_os_string();
    name.push(".lock");
    Some(PathBuf::from(name)).filter(|lock| lock.is_file())
}

/// By loginctl, which fails for users that neither are logged on nor linger; by its file where it is not here.
fn lingers(site: &Site) -> Option<bool> {
    let uid = site.uid.to_string();
    let answer = ask(&["loginctl", "show-user", &uid, "--property=Linger", "--value"]).ok()?;
    Some(answer.status.success() && answer.out.trim() == "yes")
}

fn account_of_linux() -> Account {
    let group = ask_quietly(&["getent", "group", "boxd"]);
    let gid = group.and_then(|line| line.split(':').nth(2)?.parse().ok());
    let is_user = ask_quietly(&["getent", "passwd", "boxd"]).is_some();
    match gid {
        Some(gid) if is_user => Account::Exists { gid },
        _ if ask_quietly(&["systemd-sysusers", "--version"]).is_some() => Account::BySysusers,
        _ => Account::ByUseradd,
    }
}

/// What a person put beside the units (systemd.unit(5), "drop-in").
fn drop_ins(directory: &Path) -> Vec<PathBuf> {
    let of = |unit: &str| entries(&directory.join(format!("{unit}.d")));
    let is_drop_in = |path: &PathBuf| path.extension().is_some_and(|suffix| suffix == "conf");
    [systemd::SERVICE, systemd::SOCKET].into_iter().flat_map(of).filter(is_drop_in).collect()
}

/// What `systemctl enable` made, also for a unit whose file is gone.
fn links(site: &Site, directory: &Path) -> Vec<PathBuf> {
    let holds_links =
        |path: &PathBuf| path.extension().is_some_and(|suffix| suffix == "wants" || suffix == "requires");
    let is_ours = |link: &PathBuf| {
        fs::read_link(link).is_ok_and(|target| systemd::is_link_of_ours(link, &directory.join(target), site))
    };
    let parents = entries(directory).into_iter().filter(holds_links);
    parents.flat_map(|parent| entries(&parent)).filter(is_ours).collect()
}

/// What is in a directory, in order; nothing where it cannot be read.
fn entries(directory: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    found.sort();
    found
}

// === launchd ===

fn observe_launchd(site: &Site) -> Result<Seen, Failure> {
    let domain = match site.scope {
        Scope::System => "system".to_owned(),
        Scope::User => {
            let gui = format!("gui/{}", site.uid);
            let answer = ask(&["launchctl", "print", &gui])
                .map_err(|error| diagnose(site, "launchctl", &Fault::Start(&error)))?;
            // Over ssh there may be no desktop: then the user's own domain.
            if answer.status.success() { gui } else { format!("user/{}", site.uid) }
        }
    };
    let account = if site.scope == Scope::System { account_of_macos() } else { Account::NotNeeded };
    let printed = ask_quietly(&["launchctl", "print", &launchd::target(site, &domain)]);
    let disabled = ask_quietly(&["launchctl", "print-disabled", &domain]);
    let files = look(site, account)?;
    let is_there = files.iter().any(|placed| placed.present != Present::Absent);
    let disabled = disabled.is_some_and(|printed| launchd::is_disabled(&printed, launchd::label(site)));
    let state = launchd::parse(printed.as_deref());
    let state = State {
        domain,
        outdated: state.pid.is_some() && serving(site).is_some_and(|info| is_of_another_version(&info)),
        enabled: is_there && !disabled,
        lingers: (site.scope == Scope::User).then_some(false),
        ..state
    };
    Ok(Seen { files, state, account, ..Seen::default() })
}

fn account_of_macos() -> Account {
    let read = |record: &str, key: &str| ask_quietly(&["dscl", ".", "-read", record, key]);
    let gid = read("/Groups/boxd", "PrimaryGroupID")
        .and_then(|line| line.split_whitespace().last().and_then(|gid| gid.parse().ok()));
    match gid {
        Some(gid) if read("/Users/_boxd", "UniqueID").is_some() => Account::Exists { gid },
        _ => {
            let list =
                |of: &str, key: &str| ask_quietly(&["dscl", ".", "-list", of, key]).unwrap_or_default();
            let taken = list("/Users", "UniqueID") + &list("/Groups", "PrimaryGroupID");
            Account::ByDscl { id: launchd::free_id(&taken) }
        }
    }
}

// === the task scheduler ===

fn observe_task(site: &Site) -> Result<Seen, Failure> {
    let answer = ask(&["schtasks", "/Query", "/TN", task::NAME, "/XML"])
        .map_err(|error| diagnose(site, "schtasks", &Fault::Start(&error)))?;
    let registered = Some(answer.out).filter(|out| answer.status.success() && out.contains("<Task"));
    let info = serving(site);
    let mut files = look(site, Account::NotNeeded)?;
    for placed in &mut files {
        let kept = fs::read(&placed.file.path).unwrap_or_default();
        let present = std::mem::replace(&mut placed.present, Present::Absent);
        placed.present = task::judge(present, registered.as_deref(), &Encoding::Utf16.read(&kept));
    }
    let mut state = task::parse(registered.as_deref(), info.as_ref().map(|info| info.pid));
    state.outdated = info.as_ref().is_some_and(is_of_another_version);
    Ok(Seen { files, state, ..Seen::default() })
}

/// The daemon that answers, whoever started it.
pub(crate) fn serving(site: &Site) -> Option<Info> {
    Client::connect_to(site.socket.clone()?).ok()?.info().ok()
}

/// boxd and boxctl are of one version where they lie side by side.
fn is_of_another_version(info: &Info) -> bool {
    info.version != env!("CARGO_PKG_VERSION")
}

/// Whether a program was put there after `since`. Packages bring their own date of modification; that of a change is the
/// system's. (`/proc/PID/exe` of a boxd that hides its memory is closed even to its owner.)
#[cfg(unix)]
fn is_newer(program: &Path, since: i64) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    program.metadata().is_ok_and(|meta| meta.ctime() > since)
}

/// systemd is elsewhere.
#[cfg(not(unix))]
fn is_newer(program: &Path, _since: i64) -> bool {
    !program.exists()
}

fn unfit(unfit: &Unfit) -> Failure {
    let next_step = "move boxd and boxctl to a path of plain characters, such as /usr/local/bin";
    Failure::of(Code::Internal, unfit.to_string(), next_step)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let detail = format!("{} cannot be read: {error}", path.display());
    Failure::of(Code::Internal, detail, "see what is there, and who may read it")
}
