//! What is worth telling a person: a pure comparison of how an account stands with what was told before.

use std::time::Duration;

use boxd_engine::State;

use super::{
    memory::{Condition, Told},
    standing::{Fault, Nature, Standing},
};

/// What passes by itself, as a rule, is told once it has lasted so long.
pub(super) const PATIENCE: Duration = Duration::from_mins(5);
/// Days before a refresh token dies unused at which that is told.
const THRESHOLDS: [u8; 3] = [1, 7, 14];
const DAY: i64 = 24 * 60 * 60;

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A person must log in.
    LoginRequired,
    /// A person must change something.
    ActionRequired,
    /// The store could not be written for some minutes.
    Unsaved,
    /// The refresh token dies unused within this many days.
    Deadline(u8),
    /// What was told before is over.
    Resolved,
}

/// One piece of news, and what is to be remembered once it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct News {
    pub(super) kind: Kind,
    pub(super) told: Told,
}

/// What came of a look at an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// To be told, in this order.
    pub(super) news: Vec<News>,
    /// It passes by itself, or not: look again when it has lasted [`PATIENCE`].
    pub(super) undecided: bool,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::LoginRequired => "login_required",
            Self::ActionRequired => "action_required",
            Self::Unsaved => "unsaved",
            Self::Deadline(_) => "deadline",
            Self::Resolved => "resolved",
        }
    }
}

/// Compares. `lasted`: for how long something has been wrong; `hooked`: whether there is a command to run.
pub(super) fn of(standing: &Standing, lasted: Duration, told: Option<&Told>, hooked: bool) -> Verdict {
    let mut verdict = Verdict::default();
    let mut known = told.cloned().unwrap_or_default();
    let grant = standing.grant.map(|grant| hexadecimal(&grant.0)).unwrap_or_default();
    let renewed = known.grant != grant || known.generation != standing.generation;
    let impatient = lasted >= PATIENCE;
    let was_warned = known.warned.is_some();
    known.warned = known.warned.filter(|_| !renewed);

    let condition = standing.fault.as_ref().and_then(|fault| condition(standing, fault, impatient));
    let present = Told { grant, generation: standing.generation, ..known.clone() };
    match (&condition, &known.condition) {
        (Some((kind, now)), before) => {
            let same = before.as_ref().is_some_and(|before| {
                before.event == now.event && before.reason == now.reason && known.grant == present.grant
            });
            let heard = before.as_ref().is_some_and(|before| before.delivered || !hooked);
            if !(same && heard) {
                known = Told { condition: Some(now.clone()), ..present.clone() };
                verdict.news.push(News { kind: *kind, told: known.clone() });
            }
        }
        (None, before) => {
            let is_over = before.as_ref().map_or(was_warned && renewed && is_well(standing), |before| {
                is_over(standing, before, renewed)
            });
            if is_over {
                known = Told { condition: None, warned: None, ..present.clone() };
                verdict.news.push(News { kind: Kind::Resolved, told: known.clone() });
            }
        }
    }

    let threshold = threshold(standing).filter(|_| impatient && standing.state != State::LoginRequired);
    if let Some(days) = threshold.filter(|days| known.warned.is_none_or(|warned| *days < warned)) {
        let told = Told { warned: Some(days), condition: known.condition, ..present };
        verdict.news.push(News { kind: Kind::Deadline(days), told });
    }
    verdict.undecided = standing.fault.is_some() && !impatient;
    verdict
}

/// The condition that an account is in, if it needs a person.
fn condition(standing: &Standing, fault: &Fault, impatient: bool) -> Option<(Kind, Condition)> {
    let kind = match (standing.state, fault.nature) {
        (State::LoginRequired, _) => Kind::LoginRequired,
        (State::ActionRequired, Nature::Passing) if !impatient => return None,
        (State::ActionRequired, _) => Kind::ActionRequired,
        (_, Nature::OfStore) if impatient => Kind::Unsaved,
        _ => return None,
    };
    let local = fault.nature == Nature::Local;
    let (event, reason) = (kind.name().to_owned(), fault.name.to_owned());
    Some((kind, Condition { event, reason, local, delivered: false }))
}

fn is_well(standing: &Standing) -> bool {
    standing.state == State::Healthy
}

/// A grant that is tried again, as at each start, is not well before Box has said so with a new token.
fn is_over(standing: &Standing, before: &Condition, renewed: bool) -> bool {
    match standing.state {
        State::Absent => true,
        State::Healthy => renewed || before.local,
        _ => false,
    }
}

/// The warning that is due. A grant that nothing is wrong with is renewed long before its deadline.
fn threshold(standing: &Standing) -> Option<u8> {
    standing.fault.as_ref()?;
    let left = standing.left?;
    THRESHOLDS.into_iter().find(|days| left <= i64::from(*days) * DAY)
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

#[cfg(test)]
mod tests;
