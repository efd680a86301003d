//! The HTTP shell: accepts connections, tells plain from TLS, and routes requests.

mod app;
mod body;
mod box_reply;
mod call;
mod consent;
mod control;
mod endpoint;
mod fault;
mod files;
mod folders;
mod reply;
mod request_body;
mod work;

use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

use self::app::App;
use self::body::Body;
use self::fault::Dropped;
use self::reply::Reply;
use crate::fault::When;
use crate::oauth::Provider;
use crate::oauth::journal::Event;
use crate::tls::Tls;

/// How long to leave the listener alone after it failed, mostly for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until the future is dropped. To be run on a [`tokio::task::LocalSet`].
pub async fn serve(listener: TcpListener, provider: Provider, tls: Option<Tls>) -> Infallible {
    let app = Rc::new(App::new(provider));
    let tls = tls.map(|tls| tls.acceptor);
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            tokio::task::spawn_local(connection(Rc::clone(&app), stream, tls.clone()));
        } else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
        }
    }
}

/// What the first bytes of a connection say, without taking them off it.
enum Opening {
    /// A plain request for the control API: never refused.
    Control,
    Plain,
    Tls,
}

async fn connection(app: Rc<App>, stream: TcpStream, tls: Option<tokio_rustls::TlsAcceptor>) {
    let Ok(Some(opening)) = look_at(&stream).await else { return };
    if !matches!(opening, Opening::Control) && app.faults.borrow_mut().next_refuses() {
        app.with(|provider, now| {
            let fault = Event::Fault { endpoint: None, grant: None, fault: "refuse", when: When::Before };
            provider.journal.record(now, fault);
        });
        // Closing with unread bytes resets the connection; that is what the client is to see.
        return;
    }
    match (opening, tls) {
        (Opening::Control | Opening::Plain, None) => exchange(app, stream, Doors::All).await,
        (Opening::Control | Opening::Plain, Some(_)) => exchange(app, stream, Doors::Control).await,
        (Opening::Tls, Some(acceptor)) => {
            if let Ok(stream) = acceptor.accept(stream).await {
                exchange(app, stream, Doors::All).await;
            }
        }
        (Opening::Tls, None) => {}
    }
}

/// `None` where the client left without a word.
async fn look_at(stream: &TcpStream) -> std::io::Result<Option<Opening>> {
    /// Enough for the longest method and the prefix.
    const LOOK: usize = 32;
    let mut bytes = [0; LOOK];
    let length = stream.peek(&mut bytes).await?;
    let seen = bytes.get(..length).unwrap_or_default();
    let target = seen.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    Ok(seen.first().map(|first| match first {
        // A TLS record of type handshake.
        0x16 => Opening::Tls,
        _ if target.starts_with(control::PREFIX.as_bytes()) => Opening::Control,
        _ => Opening::Plain,
    }))
}

/// What a connection may reach.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Doors {
    All,
    /// Plain HTTP where Box's endpoints speak TLS.
    Control,
}

async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(app: Rc<App>, stream: S, doors: Doors) {
    let service = service_fn(move |request| route(Rc::clone(&app), request, doors));
    let connection =
        http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    // A client that goes away, or a fault that cuts the connection: nobody is left to be told.
    drop(connection.await);
}

async fn route(app: Rc<App>, request: Request<Incoming>, doors: Doors) -> Result<Response<Body>, Dropped> {
    let path = request.uri().path();
    if path.starts_with(control::PREFIX) {
        let reply = control::handle(&app, request).await;
        return Ok(reply.into_response(app.clock.get()));
    }
    let reply = match endpoint::of(path) {
        Some(endpoint) if doors == Doors::All => return endpoint::handle(app, endpoint, request).await,
        Some(_) => Reply::empty(StatusCode::UPGRADE_REQUIRED),
        None => Reply::empty(StatusCode::NOT_FOUND),
    };
    Ok(reply.into_response(app.clock.get()))
}
