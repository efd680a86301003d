//! What tokens and grants report of themselves to the journal.

use super::id::GrantId;
use super::journal::{Cause, Event, Kind};

/// What a grant reports of itself; [`Change::of`] names the grant.
#[derive(Debug)]
pub(super) enum Change {
    Killed { kind: Kind, token: String, cause: Cause },
    Used { kind: Kind, token: String, first: bool },
}

impl Change {
    pub(super) fn of(self, id: GrantId) -> Event {
        self.event(Some(id))
    }

    /// Of a token without a grant.
    pub(super) fn of_none(self) -> Event {
        self.event(None)
    }

    fn event(self, grant: Option<GrantId>) -> Event {
        match self {
            Self::Killed { kind, token, cause } => Event::Killed { grant, kind, token, cause },
            Self::Used { kind, token, first } => Event::Used { grant, kind, token, first },
        }
    }
}

pub(super) type Log<'a> = &'a mut dyn FnMut(Change);
