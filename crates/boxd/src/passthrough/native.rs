//! Calls of the native protocol: from its messages, and back into frames.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use boxd_proto::{ApiHead, ApiHeader, ApiRequest, ApiRequestBody, Piece, Problem, Response, Secret};
use bytes::Bytes;
use futures_util::{Stream, stream};
use http_body_util::BodyExt as _;
use hyper::{
    HeaderMap, Method,
    body::{Body, Frame, SizeHint},
    header::{HeaderName, HeaderValue},
};
use tokio::sync::mpsc;

use super::{AnswerBody, Bearers, Call, Host, Payload, Target, Ways, pass_and_follow, problems, send::pass};
use crate::peer::Peer;
use crate::server::{Exchange, Part, Reply};

/// Pieces of a client's body that wait for Box: one is sent while the next one comes.
const PIECES_AHEAD: usize = 1;

/// Answers a call.
pub(crate) fn answer<S: Bearers + Send + Sync + 'static>(
    source: S,
    ways: Ways,
    peer: Peer,
    request: ApiRequest,
) -> Reply {
    let follow = request.follow;
    let (incoming, body) = match request.body {
        ApiRequestBody::Streamed { length } => {
            let (sender, parts) = mpsc::channel(PIECES_AHEAD);
            (Some(sender), Some(Parts { received: parts, left: length, ended: false }))
        }
        ApiRequestBody::None | ApiRequestBody::Whole(_) => (None, None),
    };
    let call = call_of(request, body);
    let begun = async move {
        let call = call?;
        if follow {
            pass_and_follow(&source, &ways, &peer, call).await
        } else {
            pass(&source, &ways, &peer, call).await
        }
    };
    Reply::Exchange(Exchange { incoming, responses: Box::pin(frames(begun)) })
}

fn call_of(request: ApiRequest, streamed: Option<Parts>) -> Result<Call<Parts>, Problem> {
    let ApiRequest { account, upload, method, path, headers, body, .. } = request;
    let host = if upload { Host::Upload } else { Host::Api };
    let target = Target::parse(host, &path).map_err(problems::bad_target)?;
    let method = Method::from_bytes(method.as_bytes()).map_err(|_invalid| problems::bad_method())?;
    let payload = match (body, streamed) {
        (_, Some(parts)) => Payload::Streamed(parts),
        (ApiRequestBody::Whole(bytes), None) => Payload::Whole(bytes.into_bytes()),
        (_, None) => Payload::Empty,
    };
    Ok(Call { account, method, target, headers: header_map(&headers)?, payload })
}

fn header_map(headers: &[ApiHeader]) -> Result<HeaderMap, Problem> {
    let mut map = HeaderMap::new();
    for ApiHeader { name, value } in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_invalid| problems::bad_header())?;
        let value = HeaderValue::from_str(value.expose()).map_err(|_invalid| problems::bad_header())?;
        map.append(name, value);
    }
    Ok(map)
}

/// An answer on its way into frames.
enum Stage<F> {
    Begun(Pin<Box<F>>),
    /// The rest of a piece that was too large for a frame, and the body that goes on after it.
    Body(Bytes, AnswerBody),
    Last,
    Over,
}

/// The frames of an answer: its head, its body in pieces, its end; or an error in place of the rest.
fn frames(
    begun: impl Future<Output = Result<hyper::Response<AnswerBody>, Problem>> + Send + 'static,
) -> impl Stream<Item = Response> + Send {
    stream::unfold(Stage::Begun(Box::pin(begun)), async |stage| match stage {
        Stage::Begun(begun) => Some(match begun.await {
            Ok(response) => {
                let head = Response::ApiHead(Box::new(head(&response)));
                (head, Stage::Body(Bytes::new(), response.into_body()))
            }
            Err(problem) => (Response::Error(problem), Stage::Over),
        }),
        Stage::Body(rest, body) => Some(next_piece(rest, body).await),
        Stage::Last => Some((Response::End, Stage::Over)),
        Stage::Over => None,
    })
}

async fn next_piece<F>(mut rest: Bytes, mut body: AnswerBody) -> (Response, Stage<F>) {
    while rest.is_empty() {
        match body.frame().await {
            Some(Ok(frame)) => rest = frame.into_data().unwrap_or_default(),
            Some(Err(broken)) => return (Response::Error(problems::broken(&broken)), Stage::Over),
            None => return (Response::End, Stage::Over),
        }
    }
    let piece = rest.split_to(rest.len().min(Piece::MOST));
    let next = if rest.is_empty() && body.is_end_stream() { Stage::Last } else { Stage::Body(rest, body) };
    (Response::ApiBody(Piece::new(piece)), next)
}

fn head(response: &hyper::Response<AnswerBody>) -> ApiHead {
    let header = |(name, value): (&HeaderName, &HeaderValue)| ApiHeader {
        name: name.as_str().to_owned(),
        value: Secret::new(String::from_utf8_lossy(value.as_bytes())),
    };
    ApiHead { status: response.status().as_u16(), headers: response.headers().iter().map(header).collect() }
}

/// A body that a client sends piece by piece.
#[derive(Debug)]
pub(crate) struct Parts {
    received: mpsc::Receiver<Part>,
    /// How many bytes are still to come, where that is known.
    left: Option<u64>,
    ended: bool,
}

/// A body that is not what was announced.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadBody {
    #[error("the client went away before the end of its body")]
    CutShort,
    #[error("the client's body is not as long as it said")]
    Length,
}

impl Body for Parts {
    type Data = Bytes;
    type Error = BadBody;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BadBody>>> {
        let this = self.get_mut();
        while !this.ended {
            let Some(Part { bytes, last }) = ready!(this.received.poll_recv(context)) else {
                return Poll::Ready(Some(Err(BadBody::CutShort)));
            };
            if let Some(left) = &mut this.left {
                let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                match left.checked_sub(length) {
                    Some(after) if !last || after == 0 => *left = after,
                    _ => return Poll::Ready(Some(Err(BadBody::Length))),
                }
            }
            this.ended = last;
            if !bytes.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
