//! `boxctl api`: one call to Box's API through the daemon.

mod body;
mod request;

use boxd_client::{ApiAnswer, ApiHead, ApiRequest, Code};

use crate::{args::Api, daemon, failure::Failure, global::Global, output::Raw, terminal::tame};

pub(super) fn run(global: &Global, options: &Api) -> Result<(), Failure> {
    let mut headers = request::headers(&options.headers)?;
    let path = request::path(options.upload, &options.path)?;
    let data = options.data.as_deref().map(body::Data::open).transpose()?;
    let method = request::method(options.method.as_deref(), data.is_some());
    if let Some(data) = &data {
        request::name_type(&mut headers, data.looks_like_json());
    }
    let (body, source) = body::split(data);
    let call = ApiRequest {
        account: global.account(),
        upload: options.upload,
        method: method.clone(),
        path: path.clone(),
        headers,
        body,
        follow: true,
    };
    let mut client = daemon::connect_any(global)?;
    let mut answer = client.api(call, source)?;
    let status = answer.head().status;
    show(&mut answer, options.include)?;
    if status < 400 {
        return Ok(());
    }
    let path = path.split('?').next().unwrap_or_default();
    Err(Failure::of(Code::Internal, format!("Box answered {status} to {method} {path}"), ""))
}

/// Prints the answer as it comes. A reader that has gone away ends the call.
fn show(answer: &mut ApiAnswer<'_>, include: bool) -> Result<(), Failure> {
    let mut out = Raw::stdout();
    let mut wanted = !include || out.write(head(answer.head()).as_bytes())?;
    while wanted {
        let Some(piece) = answer.next_piece()? else { break };
        wanted = out.write(&piece)?;
    }
    out.flush()
}

/// Status and headers as in HTTP/1.1.
fn head(head: &ApiHead) -> String {
    let lines =
        head.headers.iter().map(|header| format!("{}: {}\r\n", header.name, tame(header.value.expose())));
    format!("HTTP/1.1 {}\r\n{}\r\n", head.status, lines.collect::<String>())
}
