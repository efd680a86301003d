//! What is durable of one account: the file, the journal entry, and how both are read at the next start.

use std::{collections::HashSet, time::Duration};

use boxd_engine::{
    AccessToken, Binding, Commit, CommitReason, Credential, Generation, GrantId, IssuedToken, Loaded, Moment,
    Record, RefreshToken, StoreFault,
};

/// A record as plain data, since a real one cannot be copied.
#[derive(Clone, Debug)]
struct Saved {
    grant: GrantId,
    generation: Generation,
    binding: Binding,
    access: Option<(String, Moment, Duration)>,
    refresh: String,
    born: Moment,
    logging_out: bool,
}

#[derive(Clone, Debug)]
enum Next {
    Intent(GrantId, Generation),
    Record(Saved),
    Unreadable,
}

/// How a write goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It does not.
    None,
    /// Nothing became durable.
    Before,
    /// It became durable, but the system said that it did not.
    After,
    /// The process dies before the write.
    KillBefore,
    /// The process dies in the middle of the journal's entry being written.
    KillWithin,
    /// The process dies when the entry is durable, but not yet in its place.
    KillBetween,
    /// The process dies right after the write.
    KillAfter,
}

/// The durable state, and whether the process still lives.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    file: Option<Saved>,
    next: Option<Next>,
    counter: Generation,
    /// Every access token that was durable in the file at some time.
    durable: HashSet<String>,
}

pub(crate) enum Written {
    Told(Result<(), StoreFault>),
    Died,
}

impl Disk {
    pub(crate) fn prove(&mut self, grant: GrantId, generation: Generation, fault: Fault) -> Written {
        let intent = Next::Intent(grant, generation);
        match fault {
            Fault::None | Fault::After | Fault::KillAfter | Fault::KillBetween => self.next = Some(intent),
            Fault::Before | Fault::KillBefore | Fault::KillWithin => {}
        }
        told(fault)
    }

    pub(crate) fn withdraw(&mut self) {
        self.next = None;
    }

    pub(crate) fn commit(&mut self, commit: &Commit, fault: Fault) -> Written {
        let saved = save(&commit.record);
        let through_journal = commit.reason == CommitReason::Successor && commit.failures == 0;
        match fault {
            Fault::None | Fault::After | Fault::KillAfter => {
                self.durable.extend(saved.access.iter().map(|(token, ..)| token.clone()));
                self.file = Some(saved);
                if commit.reason != CommitReason::Note {
                    self.next = None;
                }
            }
            Fault::Before | Fault::KillWithin if through_journal => self.next = Some(Next::Unreadable),
            Fault::KillBetween if through_journal => self.next = Some(Next::Record(saved)),
            _ => {}
        }
        told(fault)
    }

    pub(crate) fn forget(&mut self, generation: Generation, fault: Fault) -> Written {
        if matches!(fault, Fault::None | Fault::After | Fault::KillAfter) {
            self.file = None;
            self.next = None;
            self.counter = generation;
        }
        told(fault)
    }

    /// As the daemon's store reads it after a crash.
    pub(crate) fn load(&mut self) -> Loaded {
        if let Some(Next::Record(next)) = &self.next
            && self.file.as_ref().is_none_or(|file| next.generation > file.generation)
        {
            self.durable.extend(next.access.iter().map(|(token, ..)| token.clone()));
            self.file = Some(next.clone());
            self.next = None;
        }
        let Some(file) = &self.file else { return Loaded::Absent { highest: self.counter } };
        let in_doubt = match &self.next {
            Some(Next::Intent(grant, generation)) => *grant == file.grant && *generation == file.generation,
            Some(Next::Unreadable) => true,
            Some(Next::Record(_)) | None => false,
        };
        Loaded::Grant { record: Box::new(load(file)), in_doubt, foreign: false, rewrite: false }
    }

    /// Whether a spend may have been sent that the file does not know the answer of.
    pub(crate) fn refresh_token(&self) -> Option<&str> {
        match (&self.file, &self.next) {
            (Some(file), Some(Next::Record(next))) if next.generation > file.generation => {
                Some(&next.refresh)
            }
            (None, Some(Next::Record(next))) => Some(&next.refresh),
            (Some(file), _) => Some(&file.refresh),
            (None, _) => None,
        }
    }

    pub(crate) fn generation(&self) -> Generation {
        self.file.as_ref().map_or(self.counter, |file| file.generation)
    }

    /// Whether this access token has ever been durable.
    pub(crate) fn held(&self, access: &str) -> bool {
        self.durable.contains(access)
    }

    pub(crate) fn has_intent(&self) -> bool {
        matches!(self.next, Some(Next::Intent(..)))
    }
}

fn told(fault: Fault) -> Written {
    match fault {
        Fault::None => Written::Told(Ok(())),
        Fault::Before | Fault::After => Written::Told(Err(StoreFault("EIO".into()))),
        Fault::KillBefore | Fault::KillWithin | Fault::KillBetween | Fault::KillAfter => Written::Died,
    }
}

fn save(record: &Record) -> Saved {
    let Credential::OAuth2 { access, refresh, born, .. } = &record.credential else {
        panic!("only pairs here")
    };
    Saved {
        grant: record.grant,
        generation: record.generation,
        binding: record.binding.clone(),
        access: access.as_ref().map(|a| (a.token.expose().to_owned(), a.sent, a.life)),
        refresh: refresh.expose().to_owned(),
        born: *born,
        logging_out: record.logging_out,
    }
}

fn load(saved: &Saved) -> Record {
    Record {
        grant: saved.grant,
        generation: saved.generation,
        binding: saved.binding.clone(),
        registration: None,
        credential: Credential::OAuth2 {
            access: saved.access.as_ref().map(|(token, sent, life)| IssuedToken {
                token: AccessToken::new(token.as_str()),
                sent: *sent,
                life: *life,
            }),
            refresh: RefreshToken::new(saved.refresh.as_str()),
            born: saved.born,
            previous: None,
        },
        user: None,
        logging_out: saved.logging_out,
        unconfirmed: false,
        renamed_from: None,
    }
}
