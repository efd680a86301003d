//! Grants that are being taken over, so that two imports of the same one cannot both succeed.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use boxd_engine::Record;
use ring::digest;

type Fingerprint = [u8; 32];

/// The grants that are being taken over. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Claims(Arc<Mutex<HashSet<Fingerprint>>>);

/// One grant that nobody else may take over meanwhile.
#[derive(Debug)]
pub(super) struct Claim {
    claims: Claims,
    fingerprint: Option<Fingerprint>,
}

impl Claims {
    /// `None` where somebody else has it. Without a refresh token there is nothing to fight over.
    pub(super) fn claim(&self, record: &Record) -> Option<Claim> {
        let fingerprint = record.refresh_token().map(|token| {
            let digest = digest::digest(&digest::SHA256, token.expose().as_bytes());
            digest.as_ref().first_chunk().copied().unwrap_or_default()
        });
        let mut claimed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_free = fingerprint.is_none_or(|fingerprint| claimed.insert(fingerprint));
        is_free.then(|| Claim { claims: self.clone(), fingerprint })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(fingerprint) = &self.fingerprint {
            self.claims.0.lock().unwrap_or_else(PoisonError::into_inner).remove(fingerprint);
        }
    }
}
