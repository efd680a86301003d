//! `boxctl token`: prints an access token, and nothing else.

use std::{io::Read as _, time::Duration};

use boxd_client::{Client, Code, Rejected, ScopedToken, ScopedTokenRequest, Secret, TokenRequest};
use zeroize::Zeroizing;

use crate::{
    args::{Token, TokenFormat, Wanted},
    daemon,
    duration::millis,
    failure::Failure,
    global::Global,
    output::print,
};

pub(super) fn run(global: &Global, options: &Token) -> Result<(), Failure> {
    let account = global.account_or(options.name.as_deref());
    let request = request(account, &options.wanted)?;
    let format = if global.json { TokenFormat::Json } else { options.output };
    let scoped = ask(global, options.wanted.wait, request)?.1;
    let text = match format {
        TokenFormat::Json => boxd_json::line(&boxd_json::scoped_token(&scoped)) + "\n",
        format => as_line(format, scoped.token.access_token.expose())?,
    };
    print(&Zeroizing::new(text))
}

/// What the options ask for.
pub(crate) fn request(account: Option<String>, wanted: &Wanted) -> Result<ScopedTokenRequest, Failure> {
    Ok(ScopedTokenRequest {
        token: TokenRequest {
            account,
            min_ttl_seconds: u32::try_from(wanted.min_ttl.as_secs()).unwrap_or(u32::MAX),
            rejected: rejected(wanted.rejected.as_deref())?,
            wait_millis: None,
        },
        user: wanted.user.clone(),
        scope: wanted.scope.clone(),
        resource: wanted.resource.clone(),
        shared_link: wanted.shared_link.clone(),
    })
}

/// Asks a daemon that may not be up yet, where a wait is given.
pub(crate) fn ask(
    global: &Global,
    wait: Option<Duration>,
    mut request: ScopedTokenRequest,
) -> Result<(Client, ScopedToken), Failure> {
    let (mut client, left) = daemon::connect_waiting(global, wait)?;
    request.token.wait_millis = left.map(millis);
    let token = client.scoped_token(&request)?;
    Ok((client, token))
}

/// The token as one line for a shell, a header or curl.
fn as_line(format: TokenFormat, secret: &str) -> Result<String, Failure> {
    fit_for_a_line(secret)?;
    Ok(match format {
        TokenFormat::Header => format!("Authorization: Bearer {secret}\n"),
        TokenFormat::Env => format!("export BOX_ACCESS_TOKEN='{secret}'\n"),
        TokenFormat::Curl => format!("header = \"Authorization: Bearer {secret}\"\n"),
        TokenFormat::Token | TokenFormat::Json => format!("{secret}\n"),
    })
}

/// Which token Box refused: by number, or the token itself on stdin, never as an argument.
fn rejected(option: Option<&str>) -> Result<Rejected, Failure> {
    let Some(option) = option else { return Ok(Rejected::No) };
    if option != "-" {
        return option.parse().map(Rejected::Generation).map_err(|_reason| {
            Failure::usage(
                "--rejected takes the generation of the refused token, or - for the token on stdin",
                "see `boxctl token -o json` for the generation",
            )
        });
    }
    let mut token = Zeroizing::new(String::new());
    std::io::stdin().take(LONGEST_TOKEN).read_to_string(&mut token).map_err(|error| {
        Failure::of(Code::BadRequest, format!("no token on stdin: {error}"), "pipe it in")
    })?;
    match token.trim() {
        "" => Err(Failure::usage("no token on stdin", "pipe the refused token in")),
        token => Ok(Rejected::Token(Secret::new(token))),
    }
}

/// Longest token that is read, in bytes.
const LONGEST_TOKEN: u64 = 32 * 1024;

/// A token goes into shell code, headers and curl's config: only visible ASCII without quotes may pass
/// (RFC 6750 section 2.1 allows no others).
fn fit_for_a_line(token: &str) -> Result<(), Failure> {
    if token.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\'' | b'"' | b'\\')) {
        return Ok(());
    }
    Err(Failure::of(Code::Internal, "the token holds characters that do not belong there", "use -o json"))
}
