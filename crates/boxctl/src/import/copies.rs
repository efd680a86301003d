//! Logins that other tools on this machine hold, found where they usually keep them.

use boxd_client::{ImportedCredential, Secret};

use super::kind::Kind;
use super::{Wanted, box_cli, place, rclone, source::Source};
use crate::failure::Failure;

/// All that was found.
#[derive(Debug, Default)]
pub(crate) struct Copies {
    pub(crate) found: Vec<Copy>,
    /// What is there and could not be read, in words.
    pub(crate) unread: Vec<String>,
}

/// The refresh token of one entry.
#[derive(Debug)]
pub(crate) struct Copy {
    /// The file, or what else it is in.
    pub(crate) place: String,
    pub(crate) entry: String,
    pub(crate) refresh_token: Secret,
    /// How a person removes it.
    pub(crate) removal: String,
}

impl Copies {
    /// What rclone and Box CLI keep for this user.
    pub(crate) fn of_other_tools() -> Self {
        let mut copies = Self::default();
        for kind in [Kind::Rclone, Kind::BoxCli] {
            match place::of_if_there(kind).map(|source| source.and_then(|source| entries(kind, &source))) {
                None => {}
                Some(Ok(found)) => copies.found.extend(found),
                Some(Err(failure)) => copies.unread.push(failure.problem.detail),
            }
        }
        copies
    }
}

fn entries(kind: Kind, source: &Source) -> Result<Vec<Copy>, Failure> {
    let (names, read): (_, fn(&Source, &Wanted<'_>) -> _) = match kind {
        Kind::Rclone => (rclone::names(source)?, rclone::read),
        _ => (box_cli::names(source)?, box_cli::read),
    };
    let of = |name: String| {
        let wanted = Wanted { file: None, from: Some(kind), entry: Some(&name), refresh_now: false };
        // An entry that boxd could not take over, such as one of rclone's own app, is none that boxd owns.
        let found = read(source, &wanted).ok()?;
        let ImportedCredential::OAuth2 { refresh_token, .. } = found.credential else { return None };
        Some(Copy { place: source.origin().name(), entry: name, refresh_token, removal: found.old_copy })
    };
    Ok(names.into_iter().filter_map(of).collect())
}
