//! A program of several threads that calls Box for as long as it runs, through every renewal: tokens are kept, and a
//! 401 is answered with another token.
//!
//! `cargo run -p boxd-client --example cached -- https://api.box.com [CALLS [ACCOUNT]]`
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::{
    error::Error,
    io::Write as _,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use boxd_client::{Client, Token};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let api = arguments.next().ok_or("the first argument is Box's API, https://api.box.com")?;
    let calls: usize = arguments.next().map_or(Ok(3), |number| number.parse())?;

    // A daemon that is just starting is waited for.
    let socket = boxd_client::default_socket()?;
    let client = Client::connect_within(socket, Duration::from_secs(10))?;
    let tokens = client.cached(arguments.next().as_deref()).min_ttl(Duration::from_secs(1));

    thread::scope(|scope| {
        for worker in 0..4 {
            let (tokens, api) = (&tokens, &api);
            scope.spawn(move || {
                for _ in 0..calls {
                    let status =
                        tokens.with_token(|token| call(api, token), |outcome| matches!(outcome, Ok(401)));
                    match status {
                        Ok(status) => println!("worker {worker}: {status}"),
                        Err(error) => println!("worker {worker}: {error}"),
                    }
                }
            });
        }
    });
    Ok(())
}

/// The HTTP status of one call.
fn call(api: &str, token: &Token) -> Outcome<u16> {
    let mut curl = Command::new("curl")
        .args(["--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--config", "-"])
        .arg(format!("{api}/2.0/users/me"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut config = curl.stdin.take().ok_or("curl has no stdin")?;
    writeln!(config, "header = \"Authorization: Bearer {}\"", token.access_token.expose())?;
    drop(config);
    Ok(String::from_utf8(curl.wait_with_output()?.stdout)?.parse()?)
}
