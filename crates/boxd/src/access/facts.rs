//! What is known of the process at the other end of a connection, by the kernel's word.

use std::{fmt, path::Path, sync::Arc};

use super::unit::Unit;

/// By which socket a connection came.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Door {
    /// The daemon's own.
    Main,
    /// The one of a rule.
    Rule(Arc<Path>),
}

/// What a decision is made from. What could not be found out is unknown, and matches no rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The effective user id.
    pub uid: u32,
    /// All groups, primary and supplementary; `None` where they are unknown, or do not matter.
    pub groups: Option<Vec<u32>>,
    /// The systemd unit; `None` where there is none, it is unknown, or it does not matter.
    pub unit: Option<Unit>,
    /// The socket.
    pub door: Door,
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Main => f.write_str("main"),
            Self::Rule(path) => write!(f, "{}", path.display()),
        }
    }
}
