//! `boxctl key`: where the key is kept that seals the daemon's store, and changing it.

use boxd_client::{KeySource, KeyStatus};
use clap::{Args, Subcommand, ValueEnum};

use crate::{daemon, failure::Failure, global::Global, output::print, terminal::tame};

/// Shown under the options of `key`.
const EXAMPLES: &str = "\
Examples:
  boxctl key                        where the key is, and what that protects against
  boxctl key migrate --to keyring   to the keyring of your desktop, which opens when you log in
  boxctl key rotate                 a fresh key where the old one is

Every file of the store opens at every moment of a change, whatever is cut short; boxd goes on with it by itself.";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Key {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Where the key is kept, and what that protects against
    Status,
    /// Seal the store with a key that is kept elsewhere
    Migrate {
        /// Where
        #[arg(long, value_name = "SOURCE")]
        to: Source,
    },
    /// Seal the store with a fresh key, kept where the old one is
    Rotate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Source {
    /// The credential `store-key` that systemd hands to boxd
    Credential,
    /// The keyring of the person who is logged in
    Keyring,
    /// A file beside the data, readable by its owner alone
    File,
}

impl From<Source> for KeySource {
    fn from(source: Source) -> Self {
        match source {
            Source::Credential => Self::Credential,
            Source::Keyring => Self::Keyring,
            Source::File => Self::File,
        }
    }
}

pub(super) fn run(global: &Global, options: &Key) -> Result<(), Failure> {
    let mut client = daemon::connect(global)?;
    let status = match options.action {
        None | Some(Action::Status) => client.key()?,
        Some(Action::Migrate { to }) => client.migrate_key(Some(to.into()))?,
        Some(Action::Rotate) => client.migrate_key(None)?,
    };
    if global.json { print(&(boxd_json::line(&json(&status)) + "\n")) } else { print(&render(&status)) }
}

fn render(status: &KeyStatus) -> String {
    let mut lines = vec![
        format!("kept in   {}", tame(&status.place)),
        format!("source    {} (key {})", status.source.as_str(), tame(&status.id)),
        format!("protects  {}", tame(&status.protects)),
    ];
    if let Some(wanted) = status.wanted.filter(|wanted| *wanted != status.source) {
        let wanted = wanted.as_str();
        lines.push(format!("config    asks for the {wanted}: boxctl key migrate --to {wanted}"));
    }
    for missing in &status.missing {
        lines.push(format!("missing   {}", tame(&missing.detail)));
        lines.push(format!("next      {}", tame(&missing.next_step)));
    }
    if let Some(place) = &status.retiring {
        lines.push(format!("old key   still in use: {}; boxd goes on by itself", tame(place)));
    }
    for measure in &status.protections {
        let state = match &measure.error {
            None => "in force".to_owned(),
            Some(why) => format!("not in force: {}", tame(why)),
        };
        let (name, keeps_off) = (tame(&measure.name), tame(&measure.keeps_off));
        lines.push(format!("memory    {name}: {state} (keeps off {keeps_off})"));
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

fn json(status: &KeyStatus) -> serde_json::Value {
    let missing = status
        .missing
        .iter()
        .map(|missing| serde_json::json!({ "detail": missing.detail, "next_step": missing.next_step }));
    let protections = status.protections.iter().map(|measure| {
        serde_json::json!({
            "name": measure.name,
            "keeps_off": measure.keeps_off,
            "in_force": measure.error.is_none(),
            "error": measure.error,
        })
    });
    serde_json::json!({
        "schema": 1,
        "source": status.source.as_str(),
        "id": status.id,
        "place": status.place,
        "protects": status.protects,
        "wanted": status.wanted.map_or("auto", KeySource::as_str),
        "missing": missing.collect::<Vec<_>>(),
        "retiring": status.retiring,
        "protections": protections.collect::<Vec<_>>(),
    })
}
