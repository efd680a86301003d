//! `boxctl api`: one call to Box's API through the daemon.

mod answer;
mod body;
mod request;

use boxd_client::ApiRequest;

use crate::{args::Api, daemon, failure::Failure, global::Global};

pub(super) fn run(global: &Global, options: &Api) -> Result<(), Failure> {
    let mut headers = request::headers(&options.headers)?;
    let path = request::path(options.upload, &options.path)?;
    let data = options.data.as_deref().map(body::Data::open).transpose()?;
    let method = request::method(options.method.as_deref(), data.is_some())?;
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
    answer::show(&mut answer, options.include)?;
    if status < 400 {
        return Ok(());
    }
    let path = path.split('?').next().unwrap_or_default();
    let detail = format!("Box answered {status} to {method} {path}");
    Err(Failure::at_box(status, detail, answer::next_step(status)))
}
