//! Users and groups by name, as the system's database has them.

/// What a search for a name came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(windows, expect(dead_code, reason = "there are no numbers to be found"))]
pub(crate) enum Lookup {
    /// Its number.
    Found(u32),
    /// There is none of this name.
    Unknown,
    /// The database does not answer.
    Failed(String),
}

/// The id of a user. Blocking: the database may be elsewhere.
#[cfg(unix)]
pub(crate) fn user_id(name: &str) -> Lookup {
    match nix::unistd::User::from_name(name) {
        Ok(Some(user)) => Lookup::Found(user.uid.as_raw()),
        Ok(None) => Lookup::Unknown,
        Err(error) => Lookup::Failed(error.desc().to_owned()),
    }
}

/// The id of a group. Blocking: the database may be elsewhere.
#[cfg(unix)]
pub(crate) fn group_id(name: &str) -> Lookup {
    match nix::unistd::Group::from_name(name) {
        Ok(Some(group)) => Lookup::Found(group.gid.as_raw()),
        Ok(None) => Lookup::Unknown,
        Err(error) => Lookup::Failed(error.desc().to_owned()),
    }
}

/// Windows has no such numbers.
#[cfg(windows)]
pub(crate) fn user_id(_name: &str) -> Lookup {
    Lookup::Failed("this system does not number its users".to_owned())
}

/// Windows has no such numbers.
#[cfg(windows)]
pub(crate) fn group_id(_name: &str) -> Lookup {
    Lookup::Failed("this system does not number its groups".to_owned())
}
