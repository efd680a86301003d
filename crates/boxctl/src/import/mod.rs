//! What other tools keep of Box credentials, read into what the daemon takes over.

mod app_of_environment;
mod box_app;
mod box_cli;
mod box_cli_settings;
pub(crate) mod copies;
mod date;
mod entry;
mod ini;
mod java_sdk;
mod json;
mod keyring;
pub(crate) mod kind;
mod members;
mod missing;
mod place;
mod postman;
mod rclone;
mod recognise;
mod source;
mod token;

use std::path::PathBuf;

use boxd_client::{Endpoints, ImportedCredential};

use self::kind::Kind;
use crate::failure::Failure;
pub(crate) use entry::shell_word;
use source::Source;

/// Most bytes of a credential: with its names it has to fit into one frame.
const LARGEST_CREDENTIAL: usize = 48 * 1024;

/// What is to be taken over, as the command line says.
pub(crate) struct Wanted<'a> {
    /// A file, `-` for stdin; `None`: from where the tool keeps it.
    pub(crate) file: Option<&'a PathBuf>,
    /// Its format; `None`: to be recognised.
    pub(crate) from: Option<Kind>,
    /// Which of several entries.
    pub(crate) entry: Option<&'a str>,
    /// Whether the daemon shall spend the grant at once.
    pub(crate) refresh_now: bool,
}

/// What was found.
pub(crate) struct Found {
    pub(crate) credential: ImportedCredential,
    pub(crate) endpoints: Endpoints,
    /// Where the old copy is and how a person removes it.
    pub(crate) old_copy: String,
    /// What else the person should know.
    pub(crate) notes: Vec<String>,
}

impl Found {
    /// Of Box itself, with nothing to add.
    fn new(credential: ImportedCredential, old_copy: impl Into<String>) -> Self {
        Self { credential, endpoints: Endpoints::default(), old_copy: old_copy.into(), notes: Vec::new() }
    }
}

/// Reads the credentials that are wanted.
pub(crate) fn find(wanted: &Wanted<'_>) -> Result<Found, Failure> {
    let (kind, source) = match (wanted.file, wanted.from) {
        (Some(file), from) => {
            let source = Source::read(file)?;
            recognise::refuse_python(&source)?;
            (from.map_or_else(|| recognise::kind(&source), Ok)?, source)
        }
        (None, Some(kind)) => (kind, place::of(kind)?),
        (None, None) => {
            return Err(Failure::usage(
                "neither a file nor a tool to import from is given",
                "boxctl import FILE, boxctl import - (stdin), boxctl import --from rclone, or boxctl import \
                 --from box-cli; see boxctl import --help",
            ));
        }
    };
    if wanted.entry.is_some() && !matches!(kind, Kind::Rclone | Kind::BoxCli) {
        return Err(Failure::usage(
            "--entry makes no sense here: the file holds one set of credentials",
            "leave --entry out; it picks an rclone remote or a Box CLI environment",
        ));
    }
    let found = match kind {
        Kind::Rclone => rclone::read(&source, wanted),
        Kind::BoxCli => box_cli::read(&source, wanted),
        Kind::Postman => postman::read(&source, wanted),
        Kind::BoxApp => box_app::read(&source),
        Kind::JavaSdk => java_sdk::read(&source, wanted),
        Kind::Token => token::read(&source),
        Kind::Json => json::read(&source, wanted),
    }?;
    members::check(&found, LARGEST_CREDENTIAL)?;
    Ok(found)
}
