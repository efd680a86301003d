//! Calls Box's API with a token of boxd:  `cargo run -p boxd-client --example get /2.0/users/me`
use std::{
    error::Error,
    io::{Write as _, stdout},
    process::{Command, Stdio},
};

use boxd_client::{Client, Rejected, Token, TokenRequest};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: get PATH")?;
    let (status, body) = call(&path)?;
    writeln!(stdout(), "{body}")?;
    if status == 200 { Ok(()) } else { Err(format!("Box answered {status}").into()) }
}

fn call(path: &str) -> Result<(u16, String), Box<dyn Error>> {
    let mut boxd = Client::connect().map_err(|error| format!("{error}; next step: {}", error.next_step()))?;
    let mut ask = |rejected| {
        let request = TokenRequest { rejected, ..TokenRequest::default() };
        boxd.token(&request).map_err(|error| format!("{error}; next step: {}", error.next_step()))
    };
    let token = ask(Rejected::No)?;
    match get(path, &token)? {
        (401, _) => get(path, &ask(Rejected::Generation(token.generation))?),
        answer => Ok(answer),
    }
}

/// Here curl stands for the HTTP client of your choice. It reads the token from a pipe: arguments show in `ps`.
fn get(path: &str, token: &Token) -> Result<(u16, String), Box<dyn Error>> {
    let api = std::env::var("BOX_API_URL").unwrap_or_else(|_| "https://api.box.com".into());
    let mut curl = Command::new("curl")
        .args(["-K", "-", "-sS", "-w", "\n%{http_code}", &format!("{api}{path}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = curl.stdin.take() {
        writeln!(stdin, "header = \"Authorization: Bearer {}\"", token.access_token.expose())?;
    }
    let answer = String::from_utf8(curl.wait_with_output()?.stdout)?;
    let (body, status) = answer.rsplit_once('\n').ok_or("curl told no status")?;
    Ok((status.parse()?, body.to_owned()))
}
