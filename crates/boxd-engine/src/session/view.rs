//! What readers see of a session.

use super::{Phase, Resort, Session, Writing};
use crate::{
    snapshot::{Published, Snapshot, State},
    time::BootTime,
    trouble::{Remedy, Trouble},
};

impl Session {
    /// The present as readers may see it. Take a new one after every call that changes the session.
    pub fn snapshot(&self) -> Snapshot {
        let renewable_now = matches!(self.phase, Phase::Rest(_) | Phase::Committing(Writing::Detail))
            && self.renewable()
            && self.renewal_planned();
        Snapshot {
            generation: self.generation,
            token: self.view_token(),
            state: self.state(),
            trouble: self.trouble.clone(),
            next_renewal: if renewable_now { self.next } else { None },
            renew_on_ask_from: self.renew_on_ask_from().filter(|_| !self.needs_person()),
            refresh_born: self.born,
            user: self.user.clone(),
            way: self.way,
            attempts: self.attempts,
        }
    }

    /// The published token with the promise that holds now; nothing of another machine's store.
    pub(super) fn view_token(&self) -> Option<Published> {
        let token = self.published.as_ref().filter(|_| !self.foreign)?;
        let promised = self.promise().map_or(token.expires, |end| end.min(token.expires));
        Some(Published { promised, ..token.clone() })
    }

    /// Until when nothing that boxd plans can end the published token. `None`: only its own end.
    fn promise(&self) -> Option<BootTime> {
        match &self.phase {
            _ if self.lives_on() => None,
            Phase::Rest(_) if !self.renewable() => None,
            Phase::Rest(_) if self.renewal_planned() => {
                [self.next, self.renew_on_ask_from()].into_iter().flatten().min()
            }
            Phase::Unsaved(..)
            | Phase::Committing(Writing::Replacement { .. } | Writing::Adoption { .. } | Writing::Detail) => {
                self.next
            }
            Phase::Proving(_) | Phase::Spending(..) | Phase::Committing(_) | Phase::Revoking(..) => {
                Some(self.begun)
            }
            Phase::Absent | Phase::Rest(_) | Phase::Forgetting(_) | Phase::Unforgotten => None,
        }
    }

    fn state(&self) -> State {
        match &self.phase {
            Phase::Proving(_) | Phase::Spending(..) | Phase::Committing(Writing::Successor) => {
                State::Spending
            }
            Phase::Unsaved(..) | Phase::Committing(Writing::Rewrite) | Phase::Unforgotten => State::Unsaved,
            Phase::Absent => match &self.trouble {
                None | Some(Trouble::Absent) => State::Absent,
                Some(Trouble::Locked(_)) => State::ActionRequired,
                Some(_) => State::LoginRequired,
            },
            Phase::Forgetting(_) => State::Absent,
            Phase::Rest(_) | Phase::Committing(_) | Phase::Revoking(..) => self.standing(),
        }
    }

    fn standing(&self) -> State {
        match self.trouble.as_ref().map(Trouble::remedy) {
            Some(Remedy::Login) => State::LoginRequired,
            Some(Remedy::Act) => State::ActionRequired,
            _ if self.doubt.is_some() || self.last_resort == Resort::Trying => State::InDoubt,
            Some(Remedy::Wait) => State::Backoff,
            None => State::Healthy,
        }
    }
}
