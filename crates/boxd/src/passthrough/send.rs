//! Sends a call and waits for the head of its answer; once more where Box refused the token.

use boxd_proto::Problem;
use bytes::Bytes;
use hyper::{
    HeaderMap, Method, Response, StatusCode,
    body::Body,
    header::{AUTHORIZATION, HeaderValue},
};
use reqwest::Request;
use url::Url;

use super::{
    AnswerBody, Bearer, Bearers, Call, Payload,
    body::CallBody,
    headers, problems,
    progress::Progress,
    ways::{Place, Ways},
};
use crate::{
    account_name::AccountName,
    box_api::{BoxUrl, Endpoint, Unbuilt, describe},
    peer::Peer,
};

/// What a streamed body is, to be passed on.
pub trait Stream:
    Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Unpin + Send + Sync + 'static
{
}

impl<B> Stream for B where
    B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
        + Unpin
        + Send
        + Sync
        + 'static
{
}

/// An answer that has begun.
pub(super) struct Answered {
    pub(super) response: reqwest::Response,
    pub(super) account: AccountName,
    pub(super) endpoint: Endpoint,
    pub(super) progress: Progress,
    pub(super) place: Place,
}

/// One request, ready to be sent.
pub(super) struct Ready<'a> {
    pub(super) account: &'a AccountName,
    pub(super) endpoint: &'a Endpoint,
    /// Its origin decides on the way: proxy, trust anchors.
    pub(super) base: &'a BoxUrl,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<reqwest::Body>,
}

/// Passes one call through. Answers of Box, whatever their status, come back as they are; problems are boxd's own.
pub(crate) async fn pass<B: Stream>(
    source: &impl Bearers,
    ways: &Ways,
    peer: &Peer,
    call: Call<B>,
) -> Result<Response<AnswerBody>, Problem> {
    begin(source, ways, peer, call).await?.into_response()
}

/// Passes one call through, up to the head of its answer.
pub(super) async fn begin<B: Stream>(
    source: &impl Bearers,
    ways: &Ways,
    peer: &Peer,
    call: Call<B>,
) -> Result<Answered, Problem> {
    let Call { account, method, target, headers, payload } = call;
    if !source.is_enabled() {
        return Err(problems::off());
    }
    if !METHODS.contains(&method) {
        return Err(problems::bad_method());
    }
    let headers = headers::of_call(&headers).map_err(problems::too_many_headers)?;
    let place = ways.enter(*peer).map_err(problems::full)?;
    let progress = Progress::new();
    let first = source.bearer(peer, account.as_deref()).await?;
    if headers.contains_key(headers::AS_USER) && !first.may_act_as {
        return Err(problems::as_another_user(&first.account, peer));
    }
    let prepare = |bearer: &Bearer, body| {
        let base = target.host().base(&bearer.endpoint);
        let url =
            target.url(base).ok_or_else(|| problems::bad_target(super::target::BadTarget::Character))?;
        let mut headers = headers.clone();
        headers.insert(AUTHORIZATION, HeaderValue::clone(&bearer.authorization));
        Ok::<_, Problem>((base.clone(), url, headers, body))
    };
    let send = async |bearer: &Bearer, body: Option<reqwest::Body>| {
        let (base, url, headers, body) = prepare(bearer, body)?;
        let ready = Ready {
            account: &bearer.account,
            endpoint: &bearer.endpoint,
            base: &base,
            method: method.clone(),
            url,
            headers,
            body,
        };
        send_once(ways, ready, &progress).await
    };
    let (body, again) = match payload {
        Payload::Empty => (None, Some(None)),
        Payload::Whole(bytes) => (Some(bytes.clone().into()), Some(Some(bytes))),
        Payload::Streamed(body) => (Some(reqwest::Body::wrap(CallBody::new(body, progress.clone()))), None),
    };
    let response = send(&first, body).await?;
    tracing::debug!(account = %first.account, %peer, %method, path = target.path(), status = response.status().as_u16(), "a call was passed through");
    let (response, bearer) = match again {
        _ if response.status() != StatusCode::UNAUTHORIZED => (response, first),
        None => {
            source.report(peer, &first).await;
            (response, first)
        }
        Some(body) => match source.bearer_after(peer, &first).await {
            Ok(second) => (send(&second, body.map(Into::into)).await?, second),
            // There is no other token: Box's own answer says more than ours would.
            Err(_) => (response, first),
        },
    };
    let Bearer { account, endpoint, .. } = bearer;
    Ok(Answered { response, account, endpoint, progress, place })
}

/// Sends one request and waits for the head of its answer, for as long as anything moves.
pub(super) async fn send_once(
    ways: &Ways,
    ready: Ready<'_>,
    progress: &Progress,
) -> Result<reqwest::Response, Problem> {
    let Ready { account, endpoint, base, method, url, headers, body } = ready;
    let client = match ways.clients().get(endpoint, base).await {
        Ok(client) => client,
        Err(unbuilt @ Unbuilt::Anchor(_)) => return Err(problems::unprepared(account, unbuilt.to_string())),
        Err(unbuilt) => return Err(problems::unreachable(account, &unbuilt.to_string())),
    };
    let may_repeat = method != Method::POST && method != Method::PATCH;
    let mut request = Request::new(method, url);
    *request.headers_mut() = headers;
    *request.body_mut() = body;
    progress.made();
    let answer = tokio::select! {
        biased;
        answer = client.execute(request) => answer,
        () = progress.over() => return Err(problems::lost(account, &problems::standstill(), may_repeat)),
    };
    progress.made();
    match answer {
        Ok(response) if response.status().is_informational() => {
            Err(problems::unfit(account, format!("Box answered {}", response.status().as_u16())))
        }
        Ok(response) => Ok(response),
        Err(error) if error.is_connect() => {
            ways.clients().forget(endpoint, base);
            Err(problems::unreachable(account, &describe(error)))
        }
        Err(error) => Err(problems::lost(account, &describe(error), may_repeat)),
    }
}

impl Answered {
    /// The answer as the client gets it.
    pub(super) fn into_response(self) -> Result<Response<AnswerBody>, Problem> {
        let Self { response, account, progress, place, .. } = self;
        let (mut head, body) = hyper::Response::<reqwest::Body>::from(response).into_parts();
        head.headers = headers::of_answer(&head.headers)
            .map_err(|error| problems::unfit(&account, format!("Box's answer has {error}")))?;
        let mut response = Response::new(AnswerBody::new(body, progress, place));
        *response.status_mut() = head.status;
        *response.headers_mut() = head.headers;
        Ok(response)
    }
}

/// The methods that are passed through. `TRACE` would send the token back, `CONNECT` is for proxies (RFC 9110
/// sections 9.3.6 and 9.3.8).
pub const METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
