//! Prints who the token of an account belongs to: one call of Box's API, with the token fetched for it.
//!
//! `cargo run -p boxd-client --example token -- https://api.box.com [ACCOUNT]`
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::{
    error::Error,
    io::Write as _,
    process::{Command, Stdio},
};

use boxd_client::{Client, TokenRequest};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let api = arguments.next().ok_or("the first argument is Box's API, https://api.box.com")?;

    let mut client = Client::connect()?;
    let request = TokenRequest { account: arguments.next(), ..TokenRequest::default() };
    let token = client.token(&request)?;
    println!("generation {} of {}", token.generation, token.account);

    // Any HTTP client does; curl needs no further crate here. The token goes over a pipe, so that no other process sees it.
    let mut curl = Command::new("curl")
        .args(["--silent", "--show-error", "--fail", "--config", "-"])
        .arg(format!("{api}/2.0/users/me"))
        .stdin(Stdio::piped())
        .spawn()?;
    let mut config = curl.stdin.take().ok_or("curl has no stdin")?;
    writeln!(config, "header = \"Authorization: Bearer {}\"", token.access_token.expose())?;
    drop(config);
    if curl.wait()?.success() { Ok(()) } else { Err("Box refused it".into()) }
}
