//! Calls to Box's API: their layout, and samples of them.

use boxd_proto::*;

use super::Out;

pub(super) fn request(w: &mut Out, call: &ApiRequest) {
    let ApiRequest { account, upload, method, path, headers, body, follow } = call;
    w.option(account.as_deref(), Out::text);
    w.bool(*upload);
    w.text(method);
    w.text(path);
    self::headers(w, headers);
    match body {
        ApiRequestBody::None => w.u32(0),
        ApiRequestBody::Whole(bytes) => {
            w.u32(1);
            w.piece(bytes);
        }
        ApiRequestBody::Streamed { length } => {
            w.u32(2);
            w.option(*length, Out::u64);
        }
    }
    w.bool(*follow);
}

pub(super) fn head(w: &mut Out, head: &ApiHead) {
    w.u16(head.status);
    headers(w, &head.headers);
}

fn headers(w: &mut Out, headers: &[ApiHeader]) {
    w.u64(headers.len() as u64);
    for ApiHeader { name, value } in headers {
        w.text(name);
        w.secret(value);
    }
}

pub(super) fn requests() -> Vec<Request> {
    let call = |body| ApiRequest {
        account: None,
        upload: false,
        method: "GET".into(),
        path: "/2.0/a".into(),
        headers: Vec::new(),
        body,
        follow: true,
    };
    let full = ApiRequest {
        account: Some("work".into()),
        upload: true,
        method: "POST".into(),
        headers: vec![header("a", "t\u{f6}k"), header("b", "")],
        follow: false,
        ..call(ApiRequestBody::Whole(Piece::new(vec![0, 255])))
    };
    let streamed = |length| Request::Api(Box::new(call(ApiRequestBody::Streamed { length })));
    vec![
        Request::Api(Box::new(call(ApiRequestBody::None))),
        Request::Api(Box::new(full)),
        streamed(None),
        streamed(Some(0x0102_0304_0506_0708)),
        Request::ApiBody { bytes: Piece::new(vec![1, 2, 3]), last: false },
        Request::ApiBody { bytes: Piece::default(), last: true },
    ]
}

pub(super) fn responses() -> Vec<Response> {
    vec![
        Response::ApiHead(Box::new(ApiHead { status: 302, headers: vec![header("a", "b")] })),
        Response::ApiHead(Box::new(ApiHead { status: 200, headers: Vec::new() })),
        Response::ApiBody(Piece::new(vec![1, 2, 3])),
    ]
}

fn header(name: &str, value: &str) -> ApiHeader {
    ApiHeader { name: name.into(), value: Secret::new(value) }
}
