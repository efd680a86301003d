//! The calls of the protocol, one method each.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use boxd_proto::{
    AccountStatus, ApiRequest, BeginLogin, Import, Info, LoginNeeds, LoginPage, Request, Response,
    ScopedToken, ScopedTokenRequest, Secret, Token, TokenRequest, encode, endpoint::Environment,
};
use zeroize::Zeroizing;

use crate::{
    api::{ApiAnswer, Source},
    deadline::{Deadline, LOCAL, WITH_BOX},
    error::Error,
    transport::{ReceiveError, Transport},
};

/// What a daemon may take beyond the wait that a request names.
const MARGIN: Duration = Duration::from_secs(5);
/// The daemon's own default wait.
const DEFAULT_WAIT: Duration = Duration::from_secs(30);
/// Longest silence within an answer that comes piece by piece: the daemon shows at least every 15 s that it lives.
const SILENCE: Duration = Duration::from_mins(1);
/// Pause between two attempts to reach a daemon that is not up yet.
const ATTEMPT_PAUSE: Duration = Duration::from_millis(50);

/// A connection to the daemon. Kept for many calls; connects anew after a call failed.
#[derive(Debug)]
pub struct Client {
    pub(crate) socket: PathBuf,
    transport: Option<Transport>,
}

/// How a login goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginStep {
    /// The person consents in a browser.
    Page(LoginPage),
    /// The application must be named first.
    Needs(LoginNeeds),
}

/// Where [`Client::connect`] looks for the daemon: `BOXD_SOCKET` or `BOXD_STATE_DIR` where they are set, else this user's
/// socket, else the system's.
///
/// # Errors
/// [`Error::Endpoint`] where the environment names no place.
pub fn default_socket() -> Result<PathBuf, Error> {
    Ok(Environment::of_this_process().client_socket(None, None, false, Path::exists)?)
}

impl Client {
    /// Connects to the daemon of this user, or of the system, where it is by default.
    ///
    /// # Errors
    /// [`Error::Endpoint`], [`Error::Unreachable`] and [`Error::Untrusted`].
    pub fn connect() -> Result<Self, Error> {
        Self::connect_to(default_socket()?)
    }

    /// Connects to the daemon at `socket`.
    ///
    /// # Errors
    /// [`Error::Unreachable`] and [`Error::Untrusted`].
    pub fn connect_to(socket: impl Into<PathBuf>) -> Result<Self, Error> {
        let socket = socket.into();
        let transport = Transport::connect(&socket, LOCAL)?;
        Ok(Self { socket, transport: Some(transport) })
    }

    /// Connects to a daemon that may not be up yet, trying for at most `within`.
    ///
    /// # Errors
    /// As [`Client::connect_to`], after the time is up.
    pub fn connect_within(socket: impl Into<PathBuf>, within: Duration) -> Result<Self, Error> {
        let socket = socket.into();
        let deadline = Deadline::after(within);
        loop {
            match (Self::connect_to(&socket), deadline.left()) {
                (Err(Error::Unreachable { .. }), Ok(left)) => std::thread::sleep(ATTEMPT_PAUSE.min(left)),
                (result, _) => return result,
            }
        }
    }

    /// An access token.
    ///
    /// # Errors
    /// [`Error::Problem`] where there is none, with the reason and the next step.
    pub fn token(&mut self, request: &TokenRequest) -> Result<Token, Error> {
        let patience = wait(request.wait_millis) + MARGIN;
        match self.call(&Request::Token(request.clone()), patience)? {
            Response::Token(token) => Ok(token),
            // The owner of the daemon lets this program have no other.
            Response::ScopedToken(scoped) => Ok(scoped.token),
            other => Err(self.unexpected(&other)),
        }
    }

    /// A token with less than the account's rights, or as another user of the same app. Where neither is asked for it
    /// is the account's own, unless the daemon's owner lets this program have a downscoped one only.
    ///
    /// # Errors
    /// [`Error::Problem`] where there is none, with the reason and the next step.
    pub fn scoped_token(&mut self, request: &ScopedTokenRequest) -> Result<ScopedToken, Error> {
        let patience = wait(request.token.wait_millis) + MARGIN;
        let is_whole = request.user.is_none()
            && request.scope.is_empty()
            && request.resource.is_none()
            && request.shared_link.is_none();
        let request = if is_whole {
            Request::Token(request.token.clone())
        } else {
            Request::ScopedToken(Box::new(request.clone()))
        };
        match self.call(&request, patience)? {
            Response::ScopedToken(token) => Ok(*token),
            Response::Token(token) => Ok(ScopedToken { token, scope: Vec::new(), restricted_to: None }),
            other => Err(self.unexpected(&other)),
        }
    }

    /// Begins a login in a browser.
    ///
    /// # Errors
    /// [`Error::Problem`] where it cannot begin.
    pub fn begin_login(&mut self, request: BeginLogin) -> Result<LoginStep, Error> {
        match self.call(&Request::BeginLogin(Box::new(request)), WITH_BOX)? {
            Response::LoginPage(page) => Ok(LoginStep::Page(*page)),
            Response::LoginNeeds(needs) => Ok(LoginStep::Needs(*needs)),
            other => Err(self.unexpected(&other)),
        }
    }

    /// Waits at most `within` for the end of a login. A client that goes away meanwhile cancels it.
    ///
    /// # Errors
    /// [`Error::Problem`] where it failed, was denied or took too long.
    pub fn await_login(&mut self, login: &str, within: Duration) -> Result<AccountStatus, Error> {
        self.account(&Request::AwaitLogin { login: login.to_owned() }, within)
    }

    /// Hands the redirected URL, or the code alone, over to a login.
    ///
    /// # Errors
    /// [`Error::Problem`] where it does not belong to that login.
    pub fn finish_login(&mut self, login: &str, redirected: Secret) -> Result<(), Error> {
        self.done(&Request::FinishLogin { login: login.to_owned(), redirected }, WITH_BOX)
    }

    /// Ends a login and its listener.
    ///
    /// # Errors
    /// [`Error::Problem`] where there is no such login any more.
    pub fn cancel_login(&mut self, login: &str) -> Result<(), Error> {
        self.done(&Request::CancelLogin { login: login.to_owned() }, WITH_BOX)
    }

    /// The state of one account, or of all.
    ///
    /// # Errors
    /// [`Error::Problem`] where there is no such account.
    pub fn status(&mut self, account: Option<&str>) -> Result<Vec<AccountStatus>, Error> {
        let request = Request::Status { account: account.map(str::to_owned) };
        self.list(&request, |response| match response {
            Response::Account(status) => Ok(*status),
            other => Err(other),
        })
    }

    /// The names of all accounts.
    ///
    /// # Errors
    /// Only those of the connection.
    pub fn accounts(&mut self) -> Result<Vec<String>, Error> {
        self.list(&Request::Accounts, |response| match response {
            Response::AccountName(name) => Ok(name),
            other => Err(other),
        })
    }

    /// Renews now and waits for the outcome, at most `wait`.
    ///
    /// # Errors
    /// [`Error::Problem`] where it failed.
    pub fn refresh(
        &mut self,
        account: Option<&str>,
        wait_millis: Option<u32>,
    ) -> Result<AccountStatus, Error> {
        let request = Request::Refresh { account: account.map(str::to_owned), wait_millis };
        self.account(&request, wait(wait_millis) + MARGIN)
    }

    /// Hands credentials over to the daemon.
    ///
    /// # Errors
    /// [`Error::Problem`] where the daemon or Box refuses them.
    pub fn import(&mut self, import: Import) -> Result<AccountStatus, Error> {
        self.account(&Request::Import(Box::new(import)), WITH_BOX)
    }

    /// Revokes at Box, then forgets; `local` only forgets.
    ///
    /// # Errors
    /// [`Error::Problem`] where Box could not be reached; nothing is forgotten then.
    pub fn logout(&mut self, account: Option<&str>, local: bool) -> Result<(), Error> {
        self.done(&Request::Logout { account: account.map(str::to_owned), local }, WITH_BOX)
    }

    /// Gives an account another name.
    ///
    /// # Errors
    /// [`Error::Problem`] where the new name is taken or the account is busy.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<AccountStatus, Error> {
        self.account(&Request::Rename { from: from.to_owned(), to: to.to_owned() }, WITH_BOX)
    }

    /// Takes over a store that came from another machine.
    ///
    /// # Errors
    /// [`Error::Problem`] where there is no such account.
    pub fn adopt(&mut self, account: &str) -> Result<AccountStatus, Error> {
        self.account(&Request::Adopt { account: account.to_owned() }, WITH_BOX)
    }

    /// Has the configuration read anew.
    ///
    /// # Errors
    /// [`Error::Problem`] where the new one is refused; the old one stays then.
    pub fn reload(&mut self) -> Result<(), Error> {
        self.done(&Request::Reload, WITH_BOX)
    }

    /// Ends the daemon: it finishes what is in flight, saves it, and is gone within a minute.
    ///
    /// # Errors
    /// [`Error::Problem`] for anybody but its owner.
    pub fn shutdown(&mut self) -> Result<(), Error> {
        self.done(&Request::Shutdown, LOCAL)
    }

    /// Where things are and which version runs.
    ///
    /// # Errors
    /// Only those of the connection.
    pub fn info(&mut self) -> Result<Info, Error> {
        match self.call(&Request::Info, LOCAL)? {
            Response::Info(info) => Ok(*info),
            other => Err(self.unexpected(&other)),
        }
    }

    /// What Prometheus reads, in its text format (version 0.0.4).
    ///
    /// # Errors
    /// Only those of the connection.
    pub fn metrics(&mut self) -> Result<String, Error> {
        let pieces = self.list(&Request::Metrics, |response| match response {
            Response::Metrics(text) => Ok(text),
            other => Err(other),
        })?;
        Ok(pieces.concat())
    }

    /// Makes a call to Box's API, with the account's token put in by the daemon. `body` is sent where
    /// [`ApiRequest::body`] is [`ApiRequestBody::Streamed`](boxd_proto::ApiRequestBody::Streamed).
    ///
    /// # Errors
    /// [`Error::Problem`] where the daemon does not let the call through, or Box does not answer. Every answer of
    /// Box is `Ok`, whatever its status.
    pub fn api(&mut self, call: ApiRequest, body: Option<Source>) -> Result<ApiAnswer<'_>, Error> {
        // A kept connection may have ended meanwhile, and then it could not be told whether the call was made.
        let transport = Transport::connect(&self.socket, LOCAL)?;
        let upstream = body.map(|body| transport.upstream().map(|upstream| (upstream, body)));
        let upstream = upstream.transpose().map_err(|error| self.unreachable(Some(error)))?;
        self.send(transport, &Request::Api(Box::new(call)), SILENCE)?;
        ApiAnswer::begin(self, upstream)
    }

    /// The next frame of an answer that has no deadline as a whole.
    pub(crate) fn next_of_stream(&mut self) -> Result<Response, Error> {
        loop {
            if let Some(transport) = &mut self.transport {
                transport.extend(SILENCE);
            }
            match self.next()? {
                Response::Heartbeat => {}
                response => return Ok(response),
            }
        }
    }

    /// The next call connects anew.
    pub(crate) fn disconnect(&mut self) {
        self.transport = None;
    }

    fn account(&mut self, request: &Request, patience: Duration) -> Result<AccountStatus, Error> {
        match self.call(request, patience)? {
            Response::Account(status) => Ok(*status),
            other => Err(self.unexpected(&other)),
        }
    }

    fn done(&mut self, request: &Request, patience: Duration) -> Result<(), Error> {
        match self.call(request, patience)? {
            Response::Done => Ok(()),
            other => Err(self.unexpected(&other)),
        }
    }

    fn list<T>(
        &mut self,
        request: &Request,
        item: impl Fn(Response) -> Result<T, Response>,
    ) -> Result<Vec<T>, Error> {
        let mut items = Vec::new();
        let mut response = self.call(request, LOCAL)?;
        while response != Response::End {
            items.push(item(response).map_err(|other| self.unexpected(&other))?);
            response = self.next()?;
        }
        Ok(items)
    }

    /// Sends one request and reads the first frame of its answer, all of which `patience` bounds.
    pub(crate) fn call(&mut self, request: &Request, patience: Duration) -> Result<Response, Error> {
        let transport = match self.transport.take() {
            Some(transport) => transport,
            None => Transport::connect(&self.socket, LOCAL)?,
        };
        let kept = transport.opening().is_empty();
        if self.send(transport, request, patience)? {
            return self.next();
        }
        match self.next() {
            // A connection that was kept ended meanwhile: the daemon restarted, or needed the room. It never saw
            // the whole request, so it did nothing of it, whatever it asks for.
            Err(Error::Unreachable { .. }) if kept => {
                let transport = Transport::connect(&self.socket, LOCAL)?;
                self.send(transport, request, patience)?;
                self.next()
            }
            // A daemon that refuses a client says why before it closes.
            answer => answer,
        }
    }

    /// Sends one request. `false`: the daemon closed before all of it had left.
    fn send(
        &mut self,
        mut transport: Transport,
        request: &Request,
        patience: Duration,
    ) -> Result<bool, Error> {
        let mut bytes = Zeroizing::new(transport.opening().to_vec());
        if let Err(error) = encode(request, &mut bytes) {
            self.transport = Some(transport);
            return Err(error.into());
        }
        let sent = transport.send(&bytes, patience);
        match sent {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(self.unreachable(Some(error))),
            _ => {
                self.transport = Some(transport);
                Ok(sent.is_ok())
            }
        }
    }

    /// The next frame of a stream, which may be silent for this long.
    pub(crate) fn next_within(&mut self, silence: Duration) -> Result<Response, Error> {
        if let Some(transport) = &mut self.transport {
            transport.await_for(silence);
        }
        self.next()
    }

    /// The next frame. A connection that failed is not used again: what follows could belong to anything.
    fn next(&mut self) -> Result<Response, Error> {
        let Some(mut transport) = self.transport.take() else { return Err(self.unreachable(None)) };
        match transport.receive() {
            Ok(response) => {
                self.transport = Some(transport);
                match response {
                    Response::Error(problem) => Err(Error::Problem(problem)),
                    response => Ok(response),
                }
            }
            Err(ReceiveError::Other(error)) => Err(error),
            Err(ReceiveError::Io(reason)) => Err(self.unreachable(Some(reason))),
        }
    }

    /// An answer of the wrong kind; named without its content, which may be a token. What follows it could
    /// belong to anything, so the connection goes.
    pub(crate) fn unexpected(&mut self, response: &Response) -> Error {
        self.transport = None;
        Error::Protocol(format!("it answered with {}, which was not asked for", kind(response)))
    }

    fn unreachable(&self, reason: Option<io::Error>) -> Error {
        Error::unreachable(&self.socket, reason.unwrap_or_else(|| io::ErrorKind::NotConnected.into()))
    }
}

fn wait(wait_millis: Option<u32>) -> Duration {
    wait_millis.map_or(DEFAULT_WAIT, |millis| Duration::from_millis(u64::from(millis)))
}

fn kind(response: &Response) -> &'static str {
    match response {
        Response::Event(_) => "an event",
        Response::Heartbeat => "a heartbeat",
        Response::Metrics(_) => "metrics",
        Response::ApiHead(_) | Response::ApiBody(_) => "an answer of Box",
        Response::Token(_) => "a token",
        Response::Account(_) => "an account",
        Response::AccountName(_) => "a name",
        Response::End => "the end of a list",
        Response::Done => "done",
        Response::Info(_) => "info",
        Response::Error(_) => "a problem",
        Response::ScopedToken(_) => "a scoped token",
        Response::LoginPage(_) => "a login",
        Response::LoginNeeds(_) => "what a login needs",
        Response::TokenEndpoint(_) => "a token endpoint",
        Response::Key(_) => "a key",
        Response::Reached(_) => "a way to Box",
        Response::Holders(_) => "holders of grants",
        Response::Audit(_) => "a record",
    }
}
