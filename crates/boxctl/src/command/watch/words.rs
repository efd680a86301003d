//! Changes in words.

use boxd_client::AccountStatus;

use super::board::{Change, What};
use crate::{
    command::status::{left, mood, next},
    duration::roughly,
    terminal::{Tone, tame},
};

/// What happened to an account, and in which tone to say it. Tamed.
pub(super) fn of_change(change: &Change) -> (Tone, String) {
    match &change.what {
        What::Known(status) => {
            let generation = (status.generation > 0).then(|| format!("generation {}", status.generation));
            let parts = [Some(state(status)), generation, life(status), next(status)];
            (mood(status.state).1, parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
        }
        What::Token(status) => {
            let token = Some(format!("new token, generation {}", status.generation));
            let parts = [token, life(status), next(status)];
            (Tone::Good, parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
        }
        What::State(status) => (mood(status.state).1, state(status)),
        What::Gone => (Tone::Faint, "gone".into()),
    }
}

/// The state, and what is wrong.
fn state(status: &AccountStatus) -> String {
    let (_, _, word) = mood(status.state);
    match &status.error {
        Some(problem) => format!("{word}: {}; next: {}", tame(&problem.detail), tame(&problem.next_step)),
        None if !status.token => format!("{word}, no valid token"),
        None => word.into(),
    }
}

fn life(status: &AccountStatus) -> Option<String> {
    left(status).map(|(seconds, _)| format!("{} left", roughly(seconds)))
}

#[cfg(test)]
mod tests {
    use boxd_client::{Code, GrantState, Problem};

    use super::{
        super::board::tests::{NOW, healthy},
        *,
    };

    fn words(what: What) -> String {
        of_change(&Change { at: NOW, account: "work".into(), what }).1
    }

    #[test]
    fn each_change_is_one_phrase() {
        let well = || Box::new(healthy("work"));
        assert_eq!(words(What::Known(well())), "healthy, generation 17, 41 min left, renews in 36 min");
        assert_eq!(words(What::Token(well())), "new token, generation 17, 41 min left, renews in 36 min");
        assert_eq!(words(What::State(well())), "healthy");
        assert_eq!(words(What::Gone), "gone");
        let absent = AccountStatus { state: GrantState::Absent, token: false, ..healthy("work") };
        assert_eq!(words(What::State(Box::new(absent))), "no grant, no valid token");
    }

    #[test]
    fn what_is_wrong_is_said_with_the_next_step_and_without_tricks() {
        let error = Some(Problem {
            code: Code::LoginRequired,
            detail: "refused\u{1b}[2J\nreally".into(),
            account: None,
            next_step: "boxctl login".into(),
            retry_after_seconds: None,
        });
        let status = AccountStatus { state: GrantState::LoginRequired, error, ..healthy("work") };
        assert_eq!(
            words(What::State(Box::new(status))),
            "needs a login: refused\u{FFFD}[2J\u{FFFD}really; next: boxctl login"
        );
    }
}
