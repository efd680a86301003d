//! A Box that is as forgetful as the real one: one grant, its pairs, and the moods it may be in.

/// How Box treats used refresh tokens and old access tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mood {
    /// A used refresh token brings the same pair again until that pair is used.
    pub(crate) replay: bool,
    /// The old access token dies when the new one is first used; else with the refresh.
    pub(crate) old_lives_on: bool,
}

#[derive(Clone, Debug)]
struct Pair {
    access: String,
    refresh: String,
    born: u64,
}

/// One grant.
#[derive(Debug)]
pub(crate) struct BoxModel {
    mood: Mood,
    life: u64,
    number: u64,
    grant: u64,
    newest: Option<Pair>,
    before: Option<Pair>,
    pub(crate) spends: Vec<u64>,
}

pub(crate) enum Answer {
    Pair { access: String, refresh: String, expires_in: u64 },
    InvalidGrant,
}

impl BoxModel {
    pub(crate) fn new(mood: Mood, life: u64) -> Self {
        Self { mood, life, number: 0, grant: 0, newest: None, before: None, spends: Vec::new() }
    }

    /// A login: a new grant, whose old one is of no interest any more.
    pub(crate) fn log_in(&mut self, now: u64) -> (String, String) {
        self.grant += 1;
        self.before = None;
        let pair = self.mint(now);
        self.newest = Some(pair.clone());
        (pair.access, pair.refresh)
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.newest.is_some()
    }

    /// Whether this refresh token still leads to a working pair.
    pub(crate) fn would_grant(&self, refresh: &str) -> bool {
        self.newest.as_ref().is_some_and(|pair| pair.refresh == refresh)
            || (self.mood.replay && self.before.as_ref().is_some_and(|pair| pair.refresh == refresh))
    }

    pub(crate) fn refresh(&mut self, token: &str, now: u64) -> Answer {
        self.spends.push(now);
        if self.newest.as_ref().is_some_and(|pair| pair.refresh == token) {
            let next = self.mint(now);
            self.before = self.newest.replace(next);
        } else if !(self.mood.replay && self.before.as_ref().is_some_and(|pair| pair.refresh == token)) {
            return Answer::InvalidGrant;
        }
        let pair = self.newest.as_ref().unwrap();
        let age = (now - pair.born) / 1000;
        Answer::Pair {
            access: pair.access.clone(),
            refresh: pair.refresh.clone(),
            expires_in: self.life.saturating_sub(age),
        }
    }

    /// A client uses an access token; `true` where Box takes it.
    pub(crate) fn use_token(&mut self, access: &str, now: u64) -> bool {
        let live = |pair: &Pair| pair.access == access && now < pair.born + self.life * 1000;
        if self.newest.as_ref().is_some_and(live) {
            // First use ends the pair before it.
            self.before = None;
            return true;
        }
        self.mood.old_lives_on && self.before.as_ref().is_some_and(live)
    }

    pub(crate) fn revoke(&mut self, refresh: &str) {
        let of_grant = |pair: &Option<Pair>| pair.as_ref().is_some_and(|pair| pair.refresh == refresh);
        if of_grant(&self.newest) || of_grant(&self.before) {
            self.newest = None;
            self.before = None;
        }
    }

    fn mint(&mut self, now: u64) -> Pair {
        self.number += 1;
        let name = format!("{}-{}", self.grant, self.number);
        Pair { access: format!("A{name}"), refresh: format!("R{name}"), born: now }
    }
}
