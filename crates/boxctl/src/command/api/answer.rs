//! What Box answered: printed as it comes, and what to do where it is an error.

use std::io::{self, IsTerminal as _};

use boxd_client::{ApiAnswer, ApiHead};

use crate::{failure::Failure, output::Raw, terminal::tame};

/// Prints the answer as it comes. A reader that has gone away ends the call.
pub(super) fn show(answer: &mut ApiAnswer<'_>, include: bool) -> Result<(), Failure> {
    let mut out = Raw::stdout();
    let mut wanted = !include || out.write(head(answer.head()).as_bytes())?;
    let mut last = None;
    while wanted {
        let Some(piece) = answer.next_piece()? else { break };
        last = piece.last().copied().or(last);
        wanted = out.write(&piece)?;
    }
    // Box's JSON ends without a line break: a prompt would stand behind it. A file gets exactly what came.
    if wanted && last.is_some_and(|byte| byte != b'\n') && io::stdout().is_terminal() {
        out.write(b"\n")?;
    }
    out.flush()
}

/// Status and headers as in HTTP/1.1.
fn head(head: &ApiHead) -> String {
    let lines =
        head.headers.iter().map(|header| format!("{}: {}\r\n", header.name, tame(header.value.expose())));
    format!("HTTP/1.1 {}\r\n{}\r\n", head.status, lines.collect::<String>())
}

/// What a person can do about an error of Box's API (Box: guide "Error codes").
pub(super) const fn next_step(status: u16) -> &'static str {
    match status {
        401 => {
            "ask boxctl status what became of the account's login; with an As-User header, whether the app may act as users"
        }
        403 => {
            "give the app the scope, or the account the right to that item; -a NAME calls as another account"
        }
        404 => {
            "check the path and the id: what this account may not see is not found either (boxctl status shows whose it is)"
        }
        405 => "choose a method that Box has for this path with -X",
        409 => "another item or change is in the way: Box's answer names it",
        412 => "it was changed meanwhile: read it again, and send its new etag as If-Match",
        413 => "what is larger than 50 MB goes up in parts: Box's chunked upload, upload_sessions",
        429 => "call again later, and less often: -i shows after how many seconds in Retry-After",
        500.. => "try again later; status.box.com tells of troubles at Box",
        _ => "Box's answer tells what is wrong with the call; -i shows its headers too",
    }
}
