//! A socket that an access rule wants.

use std::{path::Path, sync::Arc};

/// A socket that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoorPlan {
    /// Where.
    pub path: Arc<Path>,
    /// The group that it is for; `None`: whoever reaches it.
    pub group: Option<u32>,
    /// Whether the rule itself tells apart who comes. Otherwise who reaches the socket has its rights.
    pub names_whom: bool,
}
