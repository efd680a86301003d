//! Tokens that are derived from an account's own: downscoped ones (RFC 8693; Box: guide "Downscope a token"), and
//! those of other users of the same app. They are cached in memory, made once however many ask, and fall with
//! the token that they were made from.

mod restriction;
mod shelf;
mod source;
#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use boxd_engine::{AccessToken, BootTime, Generation, schedule::forced_spacing};
use boxd_proto::{Code, Problem, Rejected};
use tokio::sync::watch;

use self::shelf::{Derived, Flight, Key, Outcome, Shelf};
pub use self::{
    restriction::{InvalidRestriction, Restriction},
    source::{Minted, Parent, Source, Unminted},
};
use crate::{account_name::AccountName, constant_time};

/// A user's token with less than this to live is made anew for who asks.
const LEAD: Duration = Duration::from_mins(5);
/// Requests to Box for one key at once: for more lives than these nobody is asked apart.
const MOST_FLIGHTS: usize = 4;
/// How long a request waits for the account's own token at least.
const PATIENCE: Duration = Duration::from_secs(30);
/// After a refused scope Box is left in peace for this long.
const REFUSAL_KEPT: Duration = Duration::from_secs(10);

/// What a caller wants.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Of which account.
    pub account: AccountName,
    /// As this Box user.
    pub user: Option<String>,
    /// With less than all rights.
    pub restriction: Option<Restriction>,
    /// It must be promised for this long.
    pub min_ttl: Duration,
    /// Which token Box refused with 401.
    pub rejected: Rejected,
    /// How long the caller waits where it is not at hand.
    pub wait: Duration,
}

/// A derived token as handed to one caller.
#[derive(Clone, Debug)]
pub struct Handed {
    /// The token.
    pub access: AccessToken,
    /// Its number.
    pub generation: Generation,
    /// How long boxd promises it.
    pub promised_for: Duration,
    /// How long Box said that it lives.
    pub box_for: Duration,
    /// `restricted_to` of Box's answer.
    pub restricted_to: Option<String>,
}

/// All derived tokens. Cheap to clone.
#[derive(Clone, Debug)]
pub struct DerivedTokens<S>(Arc<Shared<S>>);

#[derive(Debug)]
struct Shared<S> {
    source: S,
    shelf: Mutex<Shelf>,
    last_generation: AtomicU64,
    last_flight: AtomicU64,
}

/// What memory says to a wish.
enum AtHand {
    Token(Handed),
    /// It is good, but not for long.
    Ending(Handed),
    Refused(Problem),
    /// It must be made; the token of this number was refused by Box.
    Missing,
}

impl<S: Source> DerivedTokens<S> {
    /// None yet.
    pub fn new(source: S) -> Self {
        let shelf = Mutex::default();
        Self(Arc::new(Shared {
            source,
            shelf,
            last_generation: AtomicU64::new(0),
            last_flight: AtomicU64::new(0),
        }))
    }

    /// Forgets what was derived from an account: it holds another grant now, or another application.
    pub fn drop_account(&self, account: &AccountName) {
        self.shelf().drop_account(account);
    }

    /// A token by what memory knows; `None` where it must be made. One that ends soon is made anew meanwhile.
    pub fn at_hand(&self, wish: &Wish) -> Option<Result<Handed, Problem>> {
        let key = key_of(wish);
        match self.look(&key, wish) {
            AtHand::Token(token) => Some(Ok(token)),
            AtHand::Ending(token) => {
                drop(self.join_or_begin(&key, wish));
                Some(Ok(token))
            }
            AtHand::Refused(problem) => Some(Err(problem)),
            AtHand::Missing => None,
        }
    }

    /// A token, made if need be. Where this future is dropped the request to Box goes on, for the next caller.
    ///
    /// # Errors
    /// Where there is none in time, or Box does not grant it.
    pub async fn get(&self, wish: Wish) -> Result<Handed, Problem> {
        if let Some(at_hand) = self.at_hand(&wish) {
            return at_hand;
        }
        let mut flight = self.join_or_begin(&key_of(&wish), &wish);
        let made = tokio::time::timeout(wish.wait, flight.wait_for(Option::is_some)).await;
        let outcome = match made {
            Ok(Ok(outcome)) => outcome.clone(),
            Ok(Err(_closed)) => None,
            Err(_elapsed) => return Err(late(&wish)),
        };
        match outcome {
            Some(Ok(token)) => self.fit(&token, &wish),
            Some(Err(problem)) => Err(problem),
            None => Err(late(&wish)),
        }
    }

    fn look(&self, key: &Key, wish: &Wish) -> AtHand {
        let boot = self.0.source.boot();
        let current = self.0.source.generation(&key.account);
        let mut shelf = self.shelf();
        let Some(entry) = shelf.get(key) else { return AtHand::Missing };
        if let Some((problem, until)) = &entry.refused {
            if boot < *until {
                return AtHand::Refused(problem.clone());
            }
            entry.refused = None;
        }
        let Some(token) = &entry.token else { return AtHand::Missing };
        let stale = token.parent.is_some() && key.user.is_none() && token.parent != current;
        if stale || token.expires <= boot {
            entry.token = None;
            return AtHand::Missing;
        }
        if is_rejected(token, &wish.rejected) {
            let earliest = token.made.after(forced_spacing(token.life));
            if boot < earliest {
                return AtHand::Refused(too_soon(wish, earliest.since(boot)));
            }
            entry.token = None;
            return AtHand::Missing;
        }
        if token.promised.since(boot) < wish.min_ttl {
            return AtHand::Missing;
        }
        if token.parent.is_none() && token.promised.since(boot) < LEAD {
            return AtHand::Ending(handed(token, boot));
        }
        AtHand::Token(handed(token, boot))
    }

    /// The request to Box that is under way for the same, or a new one in a task of its own.
    fn join_or_begin(&self, key: &Key, wish: &Wish) -> watch::Receiver<Outcome> {
        let mut shelf = self.shelf();
        let entry = shelf.enter(key);
        let full = entry.flights.len() >= MOST_FLIGHTS;
        if let Some(flight) = entry.flights.iter().find(|flight| full || flight.min_ttl == wish.min_ttl) {
            return flight.outcome.clone();
        }
        let (sender, outcome) = watch::channel(None);
        let id = self.0.last_flight.fetch_add(1, Ordering::Relaxed);
        entry.flights.push(Flight { id, min_ttl: wish.min_ttl, outcome: outcome.clone() });
        drop(shelf);
        let tokens = self.clone();
        // Others who join may have more patience than the first.
        let (key, wish) = (key.clone(), Wish { wait: wish.wait.max(PATIENCE), ..wish.clone() });
        tokio::spawn(async move {
            let made = tokens.make(&key, &wish).await;
            tokens.keep(&key, id, &made);
            sender.send_replace(Some(made.map_err(|unminted| match unminted {
                Unminted::InvalidScope(problem) | Unminted::Failed(problem) => problem,
                Unminted::ParentRejected => parent_rejected(&wish),
            })));
        });
        outcome
    }

    fn keep(&self, key: &Key, flight: u64, made: &Result<Derived, Unminted>) {
        let boot = self.0.source.boot();
        let mut shelf = self.shelf();
        // The account may have been dropped meanwhile: then nothing of it comes back.
        let Some(entry) = shelf.get(key) else { return };
        let Some(landed) = entry.flights.iter().position(|known| known.id == flight) else { return };
        entry.flights.swap_remove(landed);
        match made {
            Ok(token) => entry.token = Some(token.clone()),
            Err(Unminted::InvalidScope(problem)) => {
                entry.refused = Some((problem.clone(), boot.after(REFUSAL_KEPT)));
            }
            Err(Unminted::ParentRejected | Unminted::Failed(_)) => {}
        }
    }

    async fn make(&self, key: &Key, wish: &Wish) -> Result<Derived, Unminted> {
        let source = &self.0.source;
        let Some(restriction) = &key.restriction else {
            let user = key.user.as_deref().unwrap_or_default();
            let minted = source.mint_as(&key.account, user).await.map_err(Unminted::Failed)?;
            return Ok(self.derived(minted, None));
        };
        let mut refused = None;
        loop {
            let parent = self.parent(key, wish, refused).await.map_err(Unminted::Failed)?;
            match source.exchange(&key.account, &parent.access, restriction).await {
                Ok(minted) => return Ok(self.derived(minted, Some(&parent))),
                // Box killed it before its time: its successor is asked for once.
                Err(Unminted::ParentRejected) if refused.is_none() => refused = Some(parent.generation),
                Err(unminted) => return Err(unminted),
            }
        }
    }

    /// The token that is downscoped: the account's, or the user's.
    async fn parent(&self, key: &Key, wish: &Wish, refused: Option<Generation>) -> Result<Parent, Problem> {
        let boot = self.0.source.boot();
        let Some(user) = &key.user else {
            let until = boot.after(wish.wait);
            return self.0.source.parent(&key.account, wish.min_ttl, refused, until).await;
        };
        let rejected = refused.map_or(Rejected::No, |generation| Rejected::Generation(generation.0));
        let wish = Wish { restriction: None, user: Some(user.clone()), rejected, ..wish.clone() };
        // One level deep: a user's token has no parent.
        let token = Box::pin(self.get(wish)).await?;
        let promised = self.0.source.boot().after(token.promised_for);
        Ok(Parent { access: token.access, generation: token.generation, promised })
    }

    fn derived(&self, minted: Minted, parent: Option<&Parent>) -> Derived {
        let expires = minted.sent.after(minted.life);
        Derived {
            access: minted.access,
            generation: self.next_generation(),
            parent: parent.map(|parent| parent.generation),
            expires,
            promised: parent.map_or(expires, |parent| parent.promised.min(expires)),
            life: minted.life,
            made: self.0.source.boot(),
            restricted_to: minted.restricted_to,
        }
    }

    /// Milliseconds of the date, or one more than the last: no number comes twice, also over restarts.
    fn next_generation(&self) -> Generation {
        let date = u64::try_from(self.0.source.wall().0).unwrap_or_default();
        let next = |last: u64| Some(date.max(last.saturating_add(1)));
        let last = self.0.last_generation.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        Generation(last.map_or(date, |last| date.max(last.saturating_add(1))))
    }

    /// A token that was just made, if it satisfies the wish.
    fn fit(&self, token: &Derived, wish: &Wish) -> Result<Handed, Problem> {
        let boot = self.0.source.boot();
        let left = token.promised.since(boot);
        if token.expires <= boot {
            return Err(unavailable(
                wish,
                "the token that Box gave had ended already",
                Duration::from_secs(1),
            ));
        }
        // Where a renewal of the account is overdue nothing is promised, and what is valid is handed out.
        if left < wish.min_ttl {
            return Err(problem(
                wish,
                Code::MinTtlUnattainable,
                "no such token lives that long".into(),
                format!("ask for at most {} seconds", left.as_secs()),
            ));
        }
        Ok(handed(token, boot))
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.0.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key_of(wish: &Wish) -> Key {
    Key { account: wish.account.clone(), user: wish.user.clone(), restriction: wish.restriction.clone() }
}

fn handed(token: &Derived, boot: BootTime) -> Handed {
    Handed {
        access: token.access.clone(),
        generation: token.generation,
        promised_for: token.promised.since(boot),
        box_for: token.expires.since(boot),
        restricted_to: token.restricted_to.clone(),
    }
}

fn is_rejected(token: &Derived, rejected: &Rejected) -> bool {
    match rejected {
        Rejected::No => false,
        Rejected::Generation(generation) => token.generation.0 == *generation,
        Rejected::Token(refused) => constant_time::equal(token.access.expose(), refused.expose()),
    }
}

fn problem(wish: &Wish, code: Code, detail: String, next_step: String) -> Problem {
    let account = Some(wish.account.as_str().to_owned());
    Problem { code, detail, account, next_step, retry_after_seconds: None }
}

fn unavailable(wish: &Wish, detail: &str, wait: Duration) -> Problem {
    let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).max(1);
    let next_step = format!("try again in {seconds} seconds");
    let problem = problem(wish, Code::Unavailable, detail.into(), next_step);
    Problem { retry_after_seconds: Some(seconds), ..problem }
}

fn late(wish: &Wish) -> Problem {
    unavailable(wish, "Box has not answered yet; boxd goes on waiting for it", Duration::from_secs(1))
}

fn too_soon(wish: &Wish, wait: Duration) -> Problem {
    unavailable(wish, "the token was made moments ago, and is not made anew so soon", wait)
}

fn parent_rejected(wish: &Wish) -> Problem {
    unavailable(
        wish,
        "Box does not accept the account's token, nor the one after it",
        Duration::from_secs(10),
    )
}
