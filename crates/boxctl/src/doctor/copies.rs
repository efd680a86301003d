//! Check `copies`: whether another tool holds a login that boxd owns, and would spend it.

use std::hash::{BuildHasher as _, RandomState};

use boxd_client::{Fingerprints, Holder};

use super::{finding::Finding, scene::Scene};
use crate::import::copies::{Copies, Copy};

const NAME: &str = "copies";

pub(super) fn check(scene: &Scene) -> Vec<Finding> {
    let Some(answering) = scene.answering() else {
        return vec![Finding::skipped(NAME, "which logins boxd owns, only a running boxd tells")];
    };
    let Copies { found, unread } = Copies::of_other_tools();
    let mut findings: Vec<Finding> =
        unread.into_iter().map(|reason| Finding::skipped(NAME, reason)).collect();
    let key = random_key();
    for some in found.chunks(Fingerprints::MOST) {
        let of_tokens = some.iter().map(|copy| Fingerprints::of(key, copy.refresh_token.expose())).collect();
        match answering.client.borrow_mut().holders(Fingerprints { key, of_tokens }) {
            Ok(holders) => findings
                .extend(some.iter().zip(holders).filter_map(|(copy, holder)| Some(judge(copy, &holder?)))),
            Err(error) => {
                findings.push(Finding::skipped(NAME, format!("the daemon does not compare: {error}")));
            }
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok(
            NAME,
            match found.len() {
                0 => "rclone and Box CLI hold no login here".to_owned(),
                1 => "the login that another tool holds is none of boxd's".to_owned(),
                more => format!("the {more} logins that other tools hold are none of boxd's"),
            },
        ));
    }
    findings
}

fn judge(copy: &Copy, holder: &Holder) -> Finding {
    let Copy { place, entry, removal, .. } = copy;
    let account = &holder.account;
    if holder.current {
        return Finding::fail(
            NAME,
            format!(
                "{place} [{entry}] holds the login of the account {account}: whichever renews next, the other's is \
                 dead"
            ),
            format!("boxctl refresh {account}, and take it away from that tool: {removal}"),
        );
    }
    Finding::warn(
        NAME,
        format!(
            "{place} [{entry}] holds what the login of the account {account} was before its last renewal"
        ),
        format!("take it away from that tool: {removal}"),
    )
}

/// 128 bits that nobody can foresee: the standard library seeds this from the system's randomness.
fn random_key() -> [u8; 16] {
    let half = |number: u8| RandomState::new().hash_one(number).to_le_bytes();
    let mut key = [0; 16];
    for (to, from) in key.iter_mut().zip(half(0).into_iter().chain(half(1))) {
        *to = from;
    }
    key
}

#[cfg(test)]
mod tests {
    use boxd_client::Secret;

    use super::{super::finding::State, *};

    #[test]
    fn the_present_login_is_worse_than_an_old_one_and_no_token_is_told() {
        let copy = Copy {
            place: "/home/a/rclone.conf".into(),
            entry: "mybox".into(),
            refresh_token: Secret::new("canary"),
            removal: "rclone config delete mybox".into(),
        };
        let judged = |current| judge(&copy, &Holder { account: "work".into(), current });
        assert_eq!(judged(true).state, State::Fail);
        assert_eq!(judged(false).state, State::Warn);
        for found in [judged(true), judged(false)] {
            assert!(found.evidence.contains("/home/a/rclone.conf [mybox]"), "{found:?}");
            assert!(found.remedy.as_ref().unwrap().contains("rclone config delete mybox"), "{found:?}");
            assert!(!format!("{found:?}").contains("canary"));
        }
    }

    #[test]
    fn keys_differ() {
        assert_ne!(random_key(), random_key());
    }
}
