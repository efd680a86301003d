//! `boxctl import`: hands credentials that exist elsewhere over to the daemon.

use boxd_client::{Import as Handover, ImportedCredential};

use crate::{
    args::Import,
    command::status,
    daemon,
    failure::Failure,
    global::Global,
    import::{self, Wanted},
    output::remark,
    terminal::tame,
};

pub(super) fn run(global: &Global, options: &Import) -> Result<(), Failure> {
    let found = import::find(&Wanted {
        file: options.file.as_ref(),
        from: options.from,
        entry: options.entry.as_deref(),
        refresh_now: !options.no_refresh,
    })?;
    let mut remarks = farewell(&found.credential, &found.old_copy);
    remarks.extend(found.notes);
    let import = Handover {
        account: global.account(),
        replace: options.replace,
        credential: found.credential,
        endpoints: found.endpoints,
    };
    let status = daemon::connect(global)?.import(import)?;
    if !global.json {
        for text in remarks {
            remark(&tame(&text));
        }
    }
    status::display(global, std::slice::from_ref(&status))
}

/// What becomes of the old copy. A grant is moved: a copy that is used again ends the one that boxd has.
fn farewell(credential: &ImportedCredential, old_copy: &str) -> Vec<String> {
    match credential {
        ImportedCredential::OAuth2 { .. } => vec![format!(
            "the grant now belongs to boxd: do not use the old copy any more, and delete it: {old_copy}"
        )],
        ImportedCredential::ClientCredentials { .. } | ImportedCredential::Jwt { .. } => vec![format!(
            "boxd keeps the app's credentials sealed; the old copy still works, so delete it if nothing else \
             needs it: {old_copy}"
        )],
        ImportedCredential::AccessToken { .. } => Vec::new(),
    }
}
