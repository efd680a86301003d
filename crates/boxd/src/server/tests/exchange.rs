//! Requests whose body follows: paced, cut off, or not wanted.

use boxd_proto::{ApiRequest, ApiRequestBody, Piece};
use futures_util::StreamExt as _;
use tokio::sync::mpsc;

use super::*;
use crate::server::{Exchange, Part};

/// Counts the bytes of a body and answers with pieces; what it does not want it does not read.
#[derive(Clone, Default)]
struct Counting {
    go_on: Arc<Notify>,
    wants_nothing: bool,
}

impl Service for Counting {
    async fn call(&self, _caller: &Arc<Caller>, request: Request) -> Reply {
        let Request::Api(_) = request else { return Response::Done.into() };
        let (incoming, parts) = mpsc::channel(1);
        let responses: std::pin::Pin<Box<dyn futures_util::Stream<Item = Response> + Send>> =
            if self.wants_nothing {
                drop(parts);
                Box::pin(stream::iter([Response::Done, Response::End]))
            } else {
                let go_on = Arc::clone(&self.go_on);
                let counted = stream::once(async move { count(parts, &go_on).await });
                Box::pin(counted.chain(stream::iter([Response::End])))
            };
        Reply::Exchange(Exchange { incoming: Some(incoming), responses })
    }
}

async fn count(mut parts: mpsc::Receiver<Part>, go_on: &Notify) -> Response {
    go_on.notified().await;
    let mut length = 0;
    while let Some(Part { bytes, last }) = parts.recv().await {
        length += bytes.len();
        if last {
            return Response::AccountName(length.to_string());
        }
    }
    Response::AccountName("cut short".into())
}

fn start(service: Counting) -> (DuplexStream, JoinHandle<()>) {
    let limits = Limits::default();
    let counters = Arc::<Counters>::default();
    let admission = Admission::new(limits, Arc::clone(&counters));
    let peer = Peer { uid: 7, pid: Some(8) };
    let seat = admission.admit(peer).unwrap();
    let server = Server { service, limits, owner: 7, counters, last_told: Arc::default(), admission };
    let (near, far) = tokio::io::duplex(16 * 1024);
    (near, tokio::spawn(connection::serve(far, super::caller(peer), seat, Arc::new(server))))
}

fn frame(request: &Request) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(request, &mut bytes).unwrap();
    bytes
}

fn begin() -> Vec<u8> {
    let call = ApiRequest {
        account: None,
        upload: false,
        method: "POST".into(),
        path: "/2.0/x".into(),
        headers: Vec::new(),
        body: ApiRequestBody::Streamed { length: None },
        follow: false,
    };
    [Hello::CURRENT.to_bytes().to_vec(), frame(&Request::Api(Box::new(call)))].concat()
}

fn part(length: usize, last: bool) -> Vec<u8> {
    frame(&Request::ApiBody { bytes: Piece::new(vec![1; length]), last })
}

async fn greeted(stream: &mut DuplexStream) {
    stream.read_exact(&mut [0; HELLO_LEN]).await.unwrap();
}

async fn next(stream: &mut DuplexStream) -> Response {
    let mut header = [0; FRAME_HEADER];
    stream.read_exact(&mut header).await.unwrap();
    let mut body = vec![0; frame_len(header).unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    decode(&body).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_body_is_taken_at_the_pace_of_the_service_and_the_connection_goes_on() {
    let service = Counting::default();
    let go_on = Arc::clone(&service.go_on);
    let (mut client, _task) = start(service);
    client.write_all(&begin()).await.unwrap();
    greeted(&mut client).await;
    // Far more than is held anywhere: the writer waits for the service.
    let writing = async {
        for _ in 0..40 {
            client.write_all(&part(Piece::MOST, false)).await.unwrap();
        }
    };
    let waited = tokio::time::timeout(std::time::Duration::from_secs(5), writing).await;
    assert!(waited.is_err(), "nobody takes it, so it is not read");
    // The piece that was cut off by the timeout makes the stream unusable: begin anew.
    let service = Counting::default();
    service.go_on.notify_one();
    go_on.notify_one();
    let (mut client, _task) = start(service);
    client.write_all(&begin()).await.unwrap();
    greeted(&mut client).await;
    for _ in 0..40 {
        client.write_all(&part(Piece::MOST, false)).await.unwrap();
    }
    client.write_all(&part(3, true)).await.unwrap();
    let expected = (40 * Piece::MOST + 3).to_string();
    assert_eq!(next(&mut client).await, Response::AccountName(expected));
    assert_eq!(next(&mut client).await, Response::End);
    client.write_all(&frame(&Request::Info)).await.unwrap();
    assert_eq!(next(&mut client).await, Response::Done, "the connection is in step");
}

#[tokio::test(start_paused = true)]
async fn a_long_wait_shows_that_the_daemon_lives() {
    let service = Counting::default();
    let go_on = Arc::clone(&service.go_on);
    let (mut client, _task) = start(service);
    client.write_all(&[begin(), part(1, true)].concat()).await.unwrap();
    greeted(&mut client).await;
    assert_eq!(next(&mut client).await, Response::Heartbeat);
    assert_eq!(next(&mut client).await, Response::Heartbeat);
    go_on.notify_one();
    assert_eq!(next(&mut client).await, Response::AccountName("1".into()));
}

#[tokio::test(start_paused = true)]
async fn an_answer_before_the_end_of_the_body_ends_the_connection_after_it() {
    let (mut client, task) = start(Counting { wants_nothing: true, ..Counting::default() });
    client.write_all(&[begin(), part(1000, false)].concat()).await.unwrap();
    greeted(&mut client).await;
    assert_eq!(next(&mut client).await, Response::Done);
    assert_eq!(next(&mut client).await, Response::End);
    task.await.unwrap();
    assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn another_request_within_a_body_ends_the_connection() {
    let service = Counting::default();
    service.go_on.notify_one();
    let (mut client, task) = start(service);
    client.write_all(&[begin(), part(1000, false), frame(&Request::Info)].concat()).await.unwrap();
    greeted(&mut client).await;
    task.await.unwrap();
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty(), "no answer that could be taken for a whole one");
}
