//! The shells that completions exist for.

use clap::ValueEnum;

/// The shells that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    /// For ~/.local/share/bash-completion/completions/boxctl
    Bash,
    /// As `_boxctl` in a directory of $fpath
    Zsh,
    /// For ~/.config/fish/completions/boxctl.fish
    Fish,
    /// To be run from $PROFILE
    #[value(name = "powershell", alias = "pwsh")]
    Power,
}
