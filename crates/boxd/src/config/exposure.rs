//! Who else can read or write a config file, and whether that matters.

use std::{fmt, fs, path::Path};

/// What others can do with a config file that they must not be able to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// Group or others can read the secret that stands in it.
    Readable {
        /// Its permission bits.
        mode: u32,
    },
    /// Group or others can write it: to run a command as boxd, or to lead its requests elsewhere.
    Writable {
        /// Its permission bits.
        mode: u32,
    },
    /// Somebody else owns it, and so can write it.
    Foreign {
        /// The user id of its owner.
        owner: u32,
    },
}

/// What a config file holds that makes it matter who can read or write it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Holdings {
    /// A secret itself.
    pub(super) secret: bool,
    /// A command to run, or where requests go: who can write that has the grants.
    pub(super) power: bool,
}

impl Exposure {
    /// What a person can do about it.
    pub(super) fn remedy(self, file: &Path) -> String {
        let file = file.display();
        match self {
            Self::Readable { .. } => format!(
                "run `chmod 600 {file}`, or keep the secret elsewhere, such as client_secret = {{ file = \"secret.txt\" }}"
            ),
            Self::Writable { .. } => format!("run `chmod go-w {file}`"),
            Self::Foreign { .. } => {
                format!("run `chown` on {file}, or give a copy of your own with --config")
            }
        }
    }
}

impl fmt::Display for Exposure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Readable { mode } => {
                write!(f, "holds a secret and can be read by others (mode {mode:04o})")
            }
            Self::Writable { mode } => write!(
                f,
                "can be written by others (mode {mode:04o}), who could take over what boxd keeps with it"
            ),
            Self::Foreign { owner } => write!(
                f,
                "belongs to uid {owner}, who could take over what boxd keeps with it: a config file belongs to \
                 the user that boxd runs as, or to root"
            ),
        }
    }
}

/// Whether a file with these holdings is open to others. As ssh does it: a group that its owner alone is in
/// counts as the owner (many systems give each user such a group, and a umask to match).
#[cfg(unix)]
pub(super) fn of(metadata: &fs::Metadata, holdings: Holdings) -> Option<Exposure> {
    use std::os::unix::fs::MetadataExt as _;
    let file = File { owner: metadata.uid(), group: metadata.gid(), mode: metadata.mode() & 0o7777 };
    let me = rustix::process::geteuid().as_raw();
    let is_private = |owner, group| {
        let database = |path| fs::read_to_string(path).unwrap_or_default();
        is_private_group(owner, group, &database("/etc/passwd"), &database("/etc/group"))
    };
    judge(file, me, holdings, is_private)
}

/// On Windows the access list of the user's profile is inherited; nothing more is checked.
#[cfg(not(unix))]
pub(super) fn of(_metadata: &fs::Metadata, _holdings: Holdings) -> Option<Exposure> {
    None
}

#[cfg(unix)]
#[derive(Clone, Copy)]
struct File {
    owner: u32,
    group: u32,
    mode: u32,
}

#[cfg(unix)]
fn judge(file: File, me: u32, holdings: Holdings, is_private: impl Fn(u32, u32) -> bool) -> Option<Exposure> {
    let File { owner, group, mode } = file;
    if holdings.secret && mode & 0o044 != 0 {
        return Some(Exposure::Readable { mode });
    }
    if !(holdings.secret || holdings.power) {
        return None;
    }
    if owner != me && owner != 0 {
        return Some(Exposure::Foreign { owner });
    }
    let by_group = mode & 0o020 != 0 && !is_private(owner, group);
    (by_group || mode & 0o002 != 0).then_some(Exposure::Writable { mode })
}

/// Whether nobody but its owner is in a group, going by passwd(5) and group(5). A group that stands in
/// another directory (LDAP) cannot be looked over, and counts as shared.
#[cfg(unix)]
fn is_private_group(owner: u32, group: u32, passwd: &str, groups: &str) -> bool {
    let mut owner_names = Vec::new();
    for line in passwd.lines() {
        let mut fields = line.split(':');
        let name = fields.next().unwrap_or_default();
        let (uid, gid) = (fields.nth(1).and_then(number), fields.next().and_then(number));
        if uid == Some(owner) {
            owner_names.push(name);
        } else if gid == Some(group) {
            return false;
        }
    }
    let mut found = false;
    for line in groups.lines() {
        let mut fields = line.split(':').skip(2);
        if fields.next().and_then(number) == Some(group) {
            found = true;
            let members = fields.next().unwrap_or_default();
            if members.split(',').any(|member| !member.is_empty() && !owner_names.contains(&member)) {
                return false;
            }
        }
    }
    found && !owner_names.is_empty()
}

#[cfg(unix)]
fn number(text: &str) -> Option<u32> {
    text.trim().parse().ok()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const ANN: u32 = 1000;
    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n\
                          bob:x:1001:1001::/home/bob:/bin/sh\neve:x:1002:100::/home/eve:/bin/sh\n";
    const GROUPS: &str =
        "root:x:0:\nusers:x:100:\nann:x:1000:\nbob:x:1001:ann\nteam:x:2000:ann,bob\nown:x:2001:ann\n";

    #[test]
    fn a_group_is_private_if_nobody_else_is_in_it() {
        for (owner, group, private) in [
            (ANN, 1000, true),
            (ANN, 2001, true),
            (0, 0, true),
            // Another member, another's first group, a member that is not the owner, an unknown group or owner.
            (ANN, 2000, false),
            (ANN, 100, false),
            (1001, 1001, false),
            (ANN, 4711, false),
            (4711, 2001, false),
        ] {
            assert_eq!(is_private_group(owner, group, PASSWD, GROUPS), private, "{owner} {group}");
        }
        assert!(!is_private_group(ANN, 1000, "", ""), "what cannot be read proves nothing");
    }

    #[test]
    fn what_a_file_holds_decides_what_others_may_do() {
        let nothing = Holdings::default();
        let secret = Holdings { secret: true, power: false };
        let power = Holdings { secret: false, power: true };
        let private = |_, group| group == ANN;
        let of = |owner, group, mode, holdings| judge(File { owner, group, mode }, ANN, holdings, private);

        assert_eq!(of(ANN, ANN, 0o600, secret), None);
        assert_eq!(of(ANN, ANN, 0o664, power), None, "the user's own group");
        assert_eq!(of(0, ANN, 0o644, power), None, "root may");
        assert_eq!(of(ANN, 100, 0o666, nothing), None);
        assert_eq!(of(ANN, ANN, 0o640, secret), Some(Exposure::Readable { mode: 0o640 }));
        assert_eq!(of(ANN, ANN, 0o602, secret), Some(Exposure::Writable { mode: 0o602 }));
        assert_eq!(of(ANN, 100, 0o620, secret), Some(Exposure::Writable { mode: 0o620 }));
        assert_eq!(of(ANN, 100, 0o664, power), Some(Exposure::Writable { mode: 0o664 }));
        assert_eq!(of(ANN, ANN, 0o666, power), Some(Exposure::Writable { mode: 0o666 }));
        assert_eq!(of(1001, ANN, 0o600, power), Some(Exposure::Foreign { owner: 1001 }));
        assert_eq!(of(1001, ANN, 0o600, nothing), None);
    }
}
