//! Check `key`: where the key of the store is kept, and what that protects against.

use super::{finding::Finding, scene::Scene};

const NAME: &str = "key";

pub(super) fn check(scene: &Scene) -> Vec<Finding> {
    let Some(answering) = scene.answering() else {
        return vec![Finding::skipped(NAME, "where the sealing key is kept, only a running boxd tells")];
    };
    let unbound = answering.accounts.as_ref().is_ok_and(|all| all.iter().any(|account| !account.store_bound));
    let binding = if unbound {
        "; the store is not bound to this machine, which has no stable id: a copy of it works elsewhere too"
    } else {
        ""
    };
    // In the daemon's own words: it knows its sources.
    vec![Finding::ok(NAME, format!("{}{binding}", answering.info.key_source))]
}
