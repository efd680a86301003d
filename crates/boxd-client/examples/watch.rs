//! Says what happens to an account, or to all, until Enter is pressed; also while the daemon restarts.
//!
//! `cargo run -p boxd-client --example watch -- [ACCOUNT]`
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use boxd_client::{Client, Error, EventKind};

fn main() -> Result<(), Error> {
    let account = std::env::args().nth(1);
    let watch = Client::connect()?.watch(account.as_deref())?;

    // Another thread may end it.
    let stopper = watch.stopper();
    std::thread::spawn(move || {
        drop(std::io::stdin().read_line(&mut String::new()));
        stopper.stop();
    });

    for event in watch {
        let event = event?;
        match (event.kind, event.account, event.status) {
            (EventKind::Complete, ..) => println!("that is all of them; now for the news"),
            (kind, Some(account), Some(status)) => {
                println!(
                    "{account}: {}, {}, generation {}",
                    kind.as_str(),
                    status.state.as_str(),
                    status.generation
                );
            }
            (kind, account, _) => println!("{}: {}", account.unwrap_or_default(), kind.as_str()),
        }
    }
    println!("stopped");
    Ok(())
}
