//! Accounts whose application mints its tokens in its own right (CCG and JWT).

use boxd_engine::{Credential, Generation, Loaded, Record, Settings};

use super::import::new_grant_id;
use crate::account_name::AccountName;

/// What a session begins with: an account that the config lets mint needs no grant, so nothing that the store
/// lacks, or cannot read, or has from another machine, is missed.
pub(super) fn begin(name: &AccountName, loaded: Loaded, settings: &Settings) -> Loaded {
    let (Some(auth), Some(binding)) = (&settings.server_auth, &settings.binding) else { return loaded };
    let highest = match &loaded {
        Loaded::Absent { highest } | Loaded::Damaged { highest, .. } => *highest,
        Loaded::Grant { record, foreign: true, .. } if is_of_config(record) => record.generation,
        Loaded::Grant { .. } => return loaded,
    };
    let grant = match new_grant_id(name) {
        Ok(grant) => grant,
        Err(problem) => {
            tracing::error!(account = %name, %problem, "the account cannot be set up");
            return loaded;
        }
    };
    let record = Box::new(Record {
        grant,
        generation: Generation(highest.0),
        binding: binding.clone(),
        registration: None,
        credential: Credential::Server { auth: auth.clone(), access: None },
        user: None,
        logging_out: false,
        unconfirmed: false,
        renamed_from: None,
    });
    Loaded::Grant { record, in_doubt: false, foreign: false, rewrite: false }
}

/// Whether the store holds nothing of it that the config could not mint anew.
fn is_of_config(record: &Record) -> bool {
    matches!(record.credential, Credential::Server { .. }) && record.registration.is_none()
}
