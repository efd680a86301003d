//! Which systemd unit a process is in, by the path of its control group.
//!
//! systemd puts each unit into a group of its name below groups of its slices (cgroups(7);
//! `CONTROL_GROUP_INTERFACE`). Only systemd can make groups there, apart from what it hands over: everything below
//! `user@UID.service` belongs to that user, who can call it `etl.service` too; everything below a service with
//! `Delegate=` belongs to that service. So only the outermost unit counts, and below a user's manager the outermost
//! unit of that manager.

/// A unit, and whose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Of the system's manager.
    System(String),
    /// Of a user's own manager.
    User {
        /// Which user's.
        manager: u32,
        /// Its name.
        name: String,
    },
}

/// What a name of a unit that has processes ends in (systemd.unit(5)).
const KINDS: [&str; 5] = [".service", ".scope", ".socket", ".mount", ".swap"];

impl Unit {
    /// The unit by the text of `/proc/PID/cgroup`; `None` where it is in none, or cannot be told.
    pub fn of_cgroups(text: &str) -> Option<Self> {
        let path = |begins: &str| {
            let mut lines = text.lines().filter_map(|line| line.split_once(':')?.1.strip_prefix(begins));
            lines.next()
        };
        // Where the old hierarchy is still there it is systemd's.
        let path = path("name=systemd:").or_else(|| path(":"))?;
        let mut units = path.split('/').skip_while(|part| part.is_empty() || is_slice(part));
        let outermost = name(units.next()?)?;
        let Some(manager) = manager(outermost) else { return Some(Self::System(outermost.to_owned())) };
        let mut units = units.skip_while(|part| is_slice(part));
        let name = name(units.next()?)?.to_owned();
        Some(Self::User { manager, name })
    }

    /// Whether this is the unit of that name as the owner knows it: one of the system, or of the owner's own
    /// manager.
    pub(super) fn is_called(&self, wanted: &str, owner: u32) -> bool {
        match self {
            Self::System(name) => name == wanted,
            Self::User { manager, name } => *manager == owner && name == wanted,
        }
    }

    /// Its name alone.
    pub fn name(&self) -> &str {
        match self {
            Self::System(name) | Self::User { name, .. } => name,
        }
    }

    /// Whether a rule can name such a unit.
    pub fn is_name(text: &str) -> bool {
        let is_of_unit =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_' | '.' | '\\' | '@');
        text.len() <= 255
            && text.chars().all(is_of_unit)
            && KINDS.iter().any(|kind| text.strip_suffix(kind).is_some_and(|stem| !stem.is_empty()))
    }
}

fn is_slice(part: &str) -> bool {
    part.strip_suffix(".slice").is_some()
}

/// A unit's name as its group has it: `_` comes before names that would mean something else there.
fn name(part: &str) -> Option<&str> {
    let name = part.strip_prefix('_').unwrap_or(part);
    Unit::is_name(name).then_some(name)
}

/// Of `user@1000.service`: 1000.
fn manager(unit: &str) -> Option<u32> {
    unit.strip_prefix("user@")?.strip_suffix(".service")?.parse().ok()
}
