//! Check `key`: where the key of the store is kept, and what that protects against.

use boxd_client::KeyStatus;

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
    let evidence = format!("{}{binding}", answering.info.key_source);
    match answering.client.borrow_mut().key() {
        Ok(status) => judge(&status, evidence),
        Err(_) => vec![Finding::ok(NAME, evidence)],
    }
}

fn judge(status: &KeyStatus, evidence: String) -> Vec<Finding> {
    let missing = status.missing.iter();
    let mut found: Vec<Finding> =
        missing.map(|key| Finding::fail(NAME, key.detail.as_str(), key.next_step.as_str())).collect();
    if let Some(old) = &status.retiring {
        let evidence = format!("a change of keys is not finished: the old key still is in {old}");
        found.push(Finding::warn(
            NAME,
            evidence,
            "boxd goes on with it by itself once that key can be had; see: boxctl key",
        ));
    }
    let locked = status.protections.iter().find(|protection| protection.name == "locked-key");
    // A key that is missing is in no memory.
    if let Some(error) = locked.and_then(|locked| locked.error.as_deref()).filter(|_| found.is_empty()) {
        let evidence = format!("the sealing key may be swapped to disk: {error}");
        found.push(Finding::warn(
            NAME,
            evidence,
            "raise the limit of locked memory (LimitMEMLOCK= or `ulimit -l`), then restart boxd",
        ));
    }
    if found.is_empty() {
        found.push(Finding::ok(NAME, evidence));
    }
    found
}

#[cfg(test)]
mod tests {
    use boxd_client::{KeySource, MissingKey, Protection};

    use super::{super::finding::State, *};

    fn status() -> KeyStatus {
        KeyStatus {
            source: KeySource::File,
            id: "0123456789abcdef".into(),
            place: "the key file /k".into(),
            protects: String::new(),
            wanted: None,
            missing: Vec::new(),
            retiring: None,
            protections: vec![Protection {
                name: "locked-key".into(),
                keeps_off: String::new(),
                error: None,
            }],
        }
    }

    fn states(status: &KeyStatus) -> Vec<State> {
        judge(status, "a file".into()).iter().map(|finding| finding.state).collect()
    }

    #[test]
    fn a_key_that_is_away_or_on_its_way_or_may_be_swapped_is_no_key_in_order() {
        assert_eq!(states(&status()), [State::Ok]);
        let key = MissingKey { detail: "locked".into(), next_step: "unlock it".into() };
        assert_eq!(states(&KeyStatus { missing: vec![key], ..status() }), [State::Fail]);
        assert_eq!(states(&KeyStatus { retiring: Some("the keyring".into()), ..status() }), [State::Warn]);
        let mut swapped = status();
        swapped.protections[0].error = Some("ENOMEM".into());
        assert_eq!(states(&swapped), [State::Warn]);
    }
}
