//! What the files of one account mean together, decided without changing any of them.

use boxd_engine::{Generation, GrantId, Record};

use super::{
    format::Flaw,
    names::Files,
    vault::{Found, Vault},
};
use crate::account_name::AccountName;

/// Where the newest grant was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// In its own place.
    Grant,
    /// In the journal: a successor that was not renamed.
    Next,
    /// In a new file that was not renamed.
    Fresh,
    /// In the spare directory.
    Spare,
}

/// What an account holds.
pub(super) enum Verdict {
    Absent {
        highest: Generation,
    },
    Newest {
        record: Box<Record>,
        source: Source,
        foreign: bool,
        in_doubt: bool,
    },
    Damaged {
        flaw: Flaw,
        highest: Option<Generation>,
    },
    /// Nothing but damaged files that were set aside before; perhaps with an older grant beside them.
    SetAside {
        older: Option<Box<Record>>,
        foreign: bool,
    },
}

/// The verdict, and which files mean nothing any more.
pub(super) struct Look {
    pub(super) verdict: Verdict,
    pub(super) stale: Vec<Source>,
}

struct Candidate {
    record: Box<Record>,
    machine: Option<[u8; 32]>,
    source: Source,
}

impl Vault {
    /// Reads an account's files; `set_aside` tells whether damaged ones of it lie aside.
    pub(super) fn look(&self, account: &AccountName, files: &Files, set_aside: bool) -> Look {
        let next = self.find(&files.next, account);
        let fresh = self.find(&files.fresh, account);
        let spare = files.spare.as_ref().map_or(Found::Missing, |spare| self.find(spare, account));
        let mut stale = Vec::new();
        if !matches!(fresh, Found::Missing) {
            stale.push(Source::Fresh);
        }
        match self.find(&files.grant, account) {
            Found::Grant { record, machine } => {
                let base = (record.grant, record.generation);
                let in_doubt = leaves_doubt(&next, base);
                let fresh = successor_of(fresh, base);
                let own = Candidate { record, machine, source: Source::Grant };
                self.newest(
                    own,
                    [fresh, candidate(next, Source::Next), candidate(spare, Source::Spare)],
                    in_doubt,
                    stale,
                )
            }
            Found::Flawed(unopened) => {
                let highest = unopened.header.filter(|_| !is_anothers(&unopened.flaw));
                let highest = highest.map(|header| header.generation);
                Look { verdict: Verdict::Damaged { flaw: unopened.flaw, highest }, stale: Vec::new() }
            }
            Found::Missing if set_aside => {
                let older = newer(candidate(next, Source::Next), candidate(spare, Source::Spare));
                let foreign = older.as_ref().is_some_and(|older| self.is_foreign(older.machine));
                let older = older.map(|older| older.record);
                Look { verdict: Verdict::SetAside { older, foreign }, stale: Vec::new() }
            }
            Found::Tombstone(highest) => self.after_logout(highest, next, spare, stale),
            Found::Missing => {
                let highest =
                    if let Found::Intent { generation, .. } = next { generation } else { Generation(0) };
                self.after_logout(highest, next, spare, stale)
            }
            // Neither has any business there.
            Found::Login { record, .. } => Look {
                verdict: Verdict::Damaged { flaw: Flaw::OtherKind, highest: Some(record.generation) },
                stale: Vec::new(),
            },
            Found::Intent { generation, .. } => Look {
                verdict: Verdict::Damaged { flaw: Flaw::OtherKind, highest: Some(generation) },
                stale: Vec::new(),
            },
        }
    }

    /// The account's own grant, unless a newer one waits to be put in its place.
    fn newest(
        &self,
        own: Candidate,
        others: [Option<Candidate>; 3],
        in_doubt: bool,
        mut stale: Vec<Source>,
    ) -> Look {
        let generation = own.record.generation;
        let mut best = own;
        let mut next_is_stale = !in_doubt;
        for other in others.into_iter().flatten() {
            if other.record.generation > best.record.generation {
                next_is_stale |= best.source == Source::Next;
                best = other;
            } else if other.source == Source::Spare {
                stale.push(Source::Spare);
            }
        }
        let renewed = best.record.generation > generation;
        if (next_is_stale || renewed) && best.source != Source::Next {
            stale.push(Source::Next);
        }
        stale.retain(|source| *source != best.source);
        let foreign = self.is_foreign(best.machine);
        let in_doubt = in_doubt && !renewed;
        Look {
            verdict: Verdict::Newest { record: best.record, source: best.source, foreign, in_doubt },
            stale,
        }
    }

    /// No grant in its place: one that is newer than the counter may wait elsewhere.
    fn after_logout(&self, highest: Generation, next: Found, spare: Found, mut stale: Vec<Source>) -> Look {
        let waiting = newer(candidate(next, Source::Next), candidate(spare, Source::Spare));
        if let Some(best) = waiting.filter(|waiting| waiting.record.generation > highest) {
            stale.retain(|source| *source != best.source);
            let foreign = self.is_foreign(best.machine);
            let verdict =
                Verdict::Newest { record: best.record, source: best.source, foreign, in_doubt: false };
            return Look { verdict, stale };
        }
        Look { verdict: Verdict::Absent { highest }, stale }
    }
}

/// An intent of the current generation or a later one, or an entry that does not open.
fn leaves_doubt(next: &Found, (grant, generation): (GrantId, Generation)) -> bool {
    match next {
        Found::Intent { grant: theirs, generation: spent } => {
            *spent > generation || (*spent == generation && *theirs == grant)
        }
        Found::Flawed(_) => true,
        Found::Missing | Found::Grant { .. } | Found::Login { .. } | Found::Tombstone(_) => false,
    }
}

fn candidate(found: Found, source: Source) -> Option<Candidate> {
    match found {
        Found::Grant { record, machine } => Some(Candidate { record, machine, source }),
        _ => None,
    }
}

/// A new file counts only as the very next pair of the same grant: an unfinished login is not taken up,
/// since nobody was told that it succeeded.
fn successor_of(fresh: Found, (grant, generation): (GrantId, Generation)) -> Option<Candidate> {
    candidate(fresh, Source::Fresh)
        .filter(|fresh| fresh.record.grant == grant && fresh.record.generation > generation)
}

fn newer(one: Option<Candidate>, other: Option<Candidate>) -> Option<Candidate> {
    match (one, other) {
        (Some(one), Some(other)) if other.record.generation > one.record.generation => Some(other),
        (one, other) => one.or(other),
    }
}

fn is_anothers(flaw: &Flaw) -> bool {
    matches!(flaw, Flaw::OtherAccount(_))
}
