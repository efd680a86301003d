//! `boxd --check`: says what boxd would do with this config and store, and changes nothing.

use crate::{broker::Places, config::Config, store::Inspection};

/// Prints places, key source and accounts to stdout; never a secret.
#[expect(clippy::print_stdout, reason = "the output of `boxd --check`")]
pub fn print(places: &Places, config: &Config, store: &Inspection) {
    println!("config     {}", places.config.display());
    println!("state      {}", places.state_dir.display());
    println!("socket     {}", places.socket.display());
    println!("key        {}", store.key_source);
    if let Some(default) = config.default_account() {
        println!("default    {default}");
    }
    for name in config.accounts().keys() {
        if !store.accounts.iter().any(|account| account.name == *name) {
            println!("account    {name}: in the config, no grant yet (boxctl import -a {name} FILE)");
        }
    }
    for account in &store.accounts {
        println!("account    {}: {}", account.name, account.summary);
    }
}
