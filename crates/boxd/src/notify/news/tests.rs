//! What is told, and what is not told again: one account through its troubles.

use boxd_engine::GrantId;
use boxd_proto::GrantState;

use super::*;

const LONG: Duration = Duration::from_mins(10);
const SHORT: Duration = Duration::from_secs(10);

fn well(generation: u64) -> Standing {
    Standing {
        grant: Some(GrantId([7; 16])),
        generation,
        state: State::Healthy,
        shown_state: GrantState::Healthy,
        fault: None,
        deadline: Some(1_000_000),
        left: Some(60 * DAY),
    }
}

fn with(state: State, name: &'static str, nature: Nature) -> Standing {
    let fault =
        Fault { name, code: "x", detail: "x".into(), next_step: "x".into(), command: "x".into(), nature };
    Standing { state, fault: Some(fault), ..well(5) }
}

fn dead() -> Standing {
    with(State::LoginRequired, "taken", Nature::OfBox)
}

fn offline(days: i64) -> Standing {
    Standing { left: Some(days * DAY - 1), ..with(State::Backoff, "unreachable", Nature::Passing) }
}

/// Somebody who is told, and remembers; the command always works.
#[derive(Default)]
struct Person {
    told: Option<Told>,
}

impl Person {
    fn hears(&mut self, standing: &Standing, lasted: Duration) -> Vec<Kind> {
        let verdict = of(standing, lasted, self.told.as_ref(), true);
        for news in &verdict.news {
            let mut told = news.told.clone();
            if let Some(condition) = &mut told.condition {
                condition.delivered = true;
            }
            self.told = Some(told);
        }
        verdict.news.into_iter().map(|news| news.kind).collect()
    }
}

#[test]
fn a_grant_that_died_is_told_once_and_its_successor_once() {
    let mut person = Person::default();
    assert_eq!(person.hears(&well(5), SHORT), []);
    assert_eq!(person.hears(&dead(), SHORT), [Kind::LoginRequired]);
    assert_eq!(person.hears(&dead(), LONG), []);
    // A restart: it seems well, is tried, and refused again.
    assert_eq!(person.hears(&well(5), SHORT), []);
    assert_eq!(person.hears(&Standing { state: State::Spending, ..well(5) }, SHORT), []);
    assert_eq!(person.hears(&dead(), SHORT), []);
    assert_eq!(person.hears(&well(6), SHORT), [Kind::Resolved]);
    assert_eq!(person.hears(&well(6), LONG), []);
    assert_eq!(person.hears(&well(7), LONG), []);
}

#[test]
fn another_reason_or_another_grant_is_news() {
    let mut person = Person::default();
    assert_eq!(
        person.hears(&with(State::ActionRequired, "invalid_client", Nature::OfBox), SHORT),
        [Kind::ActionRequired]
    );
    assert_eq!(
        person.hears(&with(State::ActionRequired, "password_reset", Nature::OfBox), SHORT),
        [Kind::ActionRequired]
    );
    assert_eq!(person.hears(&dead(), SHORT), [Kind::LoginRequired]);
    assert_eq!(
        person.hears(&Standing { grant: Some(GrantId([8; 16])), ..dead() }, SHORT),
        [Kind::LoginRequired]
    );
}

#[test]
fn what_the_config_mended_needs_no_new_token_to_be_over() {
    let mut person = Person::default();
    person.hears(&with(State::ActionRequired, "orphaned", Nature::Local), SHORT);
    assert_eq!(person.hears(&well(5), SHORT), [Kind::Resolved]);
    // A logout too is an end.
    person.hears(&dead(), SHORT);
    let gone = Standing { state: State::Absent, grant: None, left: None, deadline: None, ..well(5) };
    assert_eq!(person.hears(&gone, SHORT), [Kind::Resolved]);
    assert_eq!(person.hears(&gone, LONG), []);
}

#[test]
fn what_passes_is_told_only_if_it_lasts() {
    let store = with(State::Unsaved, "not_saved", Nature::OfStore);
    assert!(of(&store, SHORT, None, true).undecided);
    assert_eq!(Person::default().hears(&store, SHORT), []);
    assert_eq!(Person::default().hears(&store, LONG), [Kind::Unsaved]);
    let vault = with(State::ActionRequired, "secret_unavailable", Nature::Passing);
    assert_eq!(Person::default().hears(&vault, SHORT), []);
    assert_eq!(Person::default().hears(&vault, LONG), [Kind::ActionRequired]);
    assert_eq!(Person::default().hears(&offline(30), LONG), [], "no network is nobody's task");
}

#[test]
fn an_old_login_is_warned_of_once_at_14_7_and_1_days() {
    let mut person = Person::default();
    assert_eq!(person.hears(&offline(15), LONG), []);
    assert_eq!(person.hears(&offline(14), SHORT), [], "the network may be back in a moment");
    assert_eq!(person.hears(&offline(14), LONG), [Kind::Deadline(14)]);
    for days in [14, 10, 8] {
        assert_eq!(person.hears(&offline(days), LONG), []);
    }
    assert_eq!(person.hears(&offline(7), LONG), [Kind::Deadline(7)]);
    assert_eq!(person.hears(&offline(1), LONG), [Kind::Deadline(1)]);
    assert_eq!(person.hears(&offline(-1), LONG), []);
    assert_eq!(person.hears(&Standing { left: Some(60 * DAY), ..well(6) }, SHORT), [Kind::Resolved]);
    // The next refresh token, in its time.
    assert_eq!(person.hears(&Standing { generation: 6, ..offline(3) }, LONG), [Kind::Deadline(7)]);
}

#[test]
fn nobody_is_warned_while_all_is_well_or_of_what_is_dead_already() {
    assert_eq!(Person::default().hears(&Standing { left: Some(DAY), ..well(5) }, LONG), []);
    assert_eq!(Person::default().hears(&Standing { left: Some(0), ..dead() }, LONG), [Kind::LoginRequired]);
}

#[test]
fn a_command_that_came_later_hears_of_what_is_not_over() {
    let quiet = of(&dead(), SHORT, None, false).news.remove(0).told;
    assert_eq!(of(&dead(), LONG, Some(&quiet), false).news, []);
    let verdict = of(&dead(), LONG, Some(&quiet), true);
    assert_eq!(verdict.news.first().map(|news| news.kind), Some(Kind::LoginRequired));
}
