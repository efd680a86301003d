//! The layout of bodies written by hand from the specification, to compare the codec with.

mod api;
mod audit;
mod doctor;
mod key;

use boxd_proto::*;

/// Bytes being written.
#[derive(Default)]
struct Out(Vec<u8>);

impl Out {
    fn u8(&mut self, value: u8) {
        self.0.push(value);
    }
    fn bool(&mut self, value: bool) {
        self.u8(u8::from(value));
    }
    fn u32(&mut self, value: u32) {
        for shift in [0, 8, 16, 24] {
            self.u8(u8::try_from(value >> shift & 0xFF).unwrap());
        }
    }
    fn u16(&mut self, value: u16) {
        let [low, high] = value.to_le_bytes();
        self.u8(low);
        self.u8(high);
    }
    fn list(&mut self, values: &[String]) {
        self.u64(values.len() as u64);
        for value in values {
            self.text(value);
        }
    }
    fn u64(&mut self, value: u64) {
        self.u32(u32::try_from(value & 0xFFFF_FFFF).unwrap());
        self.u32(u32::try_from(value >> 32).unwrap());
    }
    fn i64(&mut self, value: i64) {
        self.u64(value.cast_unsigned());
    }
    fn text(&mut self, value: &str) {
        self.u64(value.len() as u64);
        self.0.extend_from_slice(value.as_bytes());
    }
    fn option<T>(&mut self, value: Option<T>, some: impl FnOnce(&mut Self, T)) {
        match value {
            None => self.u8(0),
            Some(value) => {
                self.u8(1);
                some(self, value);
            }
        }
    }
    fn texts(&mut self, values: &[&Option<String>]) {
        for value in values {
            self.option(value.as_deref(), Self::text);
        }
    }
    fn secret(&mut self, value: &Secret) {
        self.text(value.expose());
    }
    fn piece(&mut self, value: &Piece) {
        self.u64(value.as_bytes().len() as u64);
        self.0.extend_from_slice(value.as_bytes());
    }
}

/// The body of a request.
pub(crate) fn request(request: &Request) -> Vec<u8> {
    let mut out = Out::default();
    let w = &mut out;
    match request {
        Request::Token(request) => {
            w.u32(0);
            token_request(w, request);
        }
        Request::Status { account } => {
            w.u32(1);
            w.option(account.as_deref(), Out::text);
        }
        Request::Refresh { account, wait_millis } => {
            w.u32(2);
            w.option(account.as_deref(), Out::text);
            w.option(*wait_millis, Out::u32);
        }
        Request::Accounts => w.u32(3),
        Request::Import(import) => {
            w.u32(4);
            self::import(w, import);
        }
        Request::Logout { account, local } => {
            w.u32(5);
            w.option(account.as_deref(), Out::text);
            w.bool(*local);
        }
        Request::Rename { from, to } => {
            w.u32(6);
            w.text(from);
            w.text(to);
        }
        Request::Adopt { account } => {
            w.u32(7);
            w.text(account);
        }
        Request::Reload => w.u32(8),
        Request::Info => w.u32(9),
        Request::ReturnError { code } => {
            w.u32(10);
            w.u32(self::code(*code));
        }
        Request::ScopedToken(request) => {
            w.u32(11);
            scoped_token_request(w, request);
        }
        Request::BeginLogin(login) => {
            w.u32(12);
            w.texts(&[&login.account, &login.client_id]);
            w.option(login.client_secret.as_ref(), Out::secret);
            w.option(login.port, Out::u16);
            w.bool(login.replace_user);
            endpoints(w, &login.endpoints);
        }
        Request::AwaitLogin { login } => {
            w.u32(13);
            w.text(login);
        }
        Request::FinishLogin { login, redirected } => {
            w.u32(14);
            w.text(login);
            w.secret(redirected);
        }
        Request::CancelLogin { login } => {
            w.u32(15);
            w.text(login);
        }
        Request::Watch { account, after } => {
            w.u32(16);
            w.texts(&[account, after]);
        }
        Request::HasToken(request) => {
            w.u32(17);
            scoped_token_request(w, request);
        }
        Request::Metrics => w.u32(18),
        Request::Api(call) => {
            w.u32(19);
            api::request(w, call);
        }
        Request::ApiBody { bytes, last } => {
            w.u32(20);
            w.piece(bytes);
            w.bool(*last);
        }
        Request::OpenTokenEndpoint(open) => {
            w.u32(21);
            scoped_token_request(w, &open.tokens);
            w.option(open.again.as_ref(), token_endpoint);
        }
        Request::Key => w.u32(22),
        Request::MigrateKey { to } => {
            w.u32(23);
            w.option(*to, key::source);
        }
        Request::Probe => w.u32(24),
        Request::HasGrants(fingerprints) => doctor::has_grants(w, fingerprints),
        Request::Audit(query) => audit::query(w, query),
        Request::Shutdown => w.u32(27),
    }
    out.0
}

fn scoped_token_request(w: &mut Out, request: &ScopedTokenRequest) {
    let ScopedTokenRequest { token, user, scope, resource, shared_link } = request;
    token_request(w, token);
    w.option(user.as_deref(), Out::text);
    w.list(scope);
    w.texts(&[resource, shared_link]);
}

fn token_endpoint(w: &mut Out, endpoint: &TokenEndpoint) {
    let TokenEndpoint { url, client_id, client_secret, refresh_token } = endpoint;
    w.text(url);
    w.text(client_id);
    w.secret(client_secret);
    w.secret(refresh_token);
}

fn token_request(w: &mut Out, request: &TokenRequest) {
    let TokenRequest { account, min_ttl_seconds, rejected, wait_millis } = request;
    w.option(account.as_deref(), Out::text);
    w.u32(*min_ttl_seconds);
    match rejected {
        Rejected::No => w.u32(0),
        Rejected::Generation(generation) => {
            w.u32(1);
            w.u64(*generation);
        }
        Rejected::Token(token) => {
            w.u32(2);
            w.secret(token);
        }
    }
    w.option(*wait_millis, Out::u32);
}

fn endpoints(w: &mut Out, endpoints: &Endpoints) {
    let Endpoints { authorize_url, token_url, revoke_url, api_url, upload_url, ca_file, proxy } = endpoints;
    w.texts(&[authorize_url, token_url, revoke_url, api_url, upload_url, ca_file, proxy]);
}

fn subject(w: &mut Out, subject: &Subject) {
    let (index, id) = match subject {
        Subject::Enterprise(id) => (0, id),
        Subject::User(id) => (1, id),
    };
    w.u32(index);
    w.text(id);
}

fn import(w: &mut Out, import: &Import) {
    w.option(import.account.as_deref(), Out::text);
    w.bool(import.replace);
    match &import.credential {
        ImportedCredential::OAuth2 {
            client_id,
            client_secret,
            refresh_token,
            access_token,
            expires_at,
            refresh_now,
        } => {
            w.u32(0);
            w.text(client_id);
            w.option(client_secret.as_ref(), Out::secret);
            w.secret(refresh_token);
            w.option(access_token.as_ref(), Out::secret);
            w.option(*expires_at, Out::i64);
            w.bool(*refresh_now);
        }
        ImportedCredential::AccessToken { access_token, expires_at } => {
            w.u32(1);
            w.secret(access_token);
            w.option(*expires_at, Out::i64);
        }
        ImportedCredential::ClientCredentials { client_id, client_secret, subject } => {
            w.u32(2);
            w.text(client_id);
            w.secret(client_secret);
            self::subject(w, subject);
        }
        ImportedCredential::Jwt { app_settings, passphrase, subject } => {
            w.u32(3);
            w.secret(app_settings);
            w.option(passphrase.as_ref(), Out::secret);
            w.option(subject.as_ref(), self::subject);
        }
    }
    endpoints(w, &import.endpoints);
}

/// The body of an answer.
pub(crate) fn response(response: &Response) -> Vec<u8> {
    let mut out = Out::default();
    let w = &mut out;
    match response {
        Response::Token(token) => {
            w.u32(0);
            self::token(w, token);
        }
        Response::Account(status) => {
            w.u32(1);
            account(w, status);
        }
        Response::AccountName(name) => {
            w.u32(2);
            w.text(name);
        }
        Response::End => w.u32(3),
        Response::Done => w.u32(4),
        Response::Info(info) => {
            w.u32(5);
            w.text(&info.version);
            w.u32(info.pid);
            w.text(&info.config_file);
            w.text(&info.state_dir);
            w.text(&info.socket);
            w.text(&info.key_source);
        }
        Response::Error(problem) => {
            w.u32(6);
            self::problem(w, problem);
        }
        Response::ScopedToken(scoped) => {
            w.u32(7);
            token(w, &scoped.token);
            w.list(&scoped.scope);
            w.option(scoped.restricted_to.as_deref(), Out::text);
        }
        Response::LoginPage(page) => {
            w.u32(8);
            w.text(&page.login);
            w.text(&page.account);
            w.text(&page.authorize_url);
            w.text(&page.redirect_uri);
            w.text(&page.registered_uri);
            w.u16(page.port);
            w.u32(page.expires_in_seconds);
        }
        Response::LoginNeeds(needs) => {
            w.u32(9);
            w.text(&needs.account);
            w.option(needs.client_id.as_deref(), Out::text);
            w.bool(needs.client_secret);
            w.text(&needs.registered_uri);
        }
        Response::Event(event) => {
            w.u32(10);
            self::event(w, event);
        }
        Response::Heartbeat => w.u32(11),
        Response::Metrics(text) => {
            w.u32(12);
            w.text(text);
        }
        Response::ApiHead(head) => {
            w.u32(13);
            api::head(w, head);
        }
        Response::ApiBody(bytes) => {
            w.u32(14);
            w.piece(bytes);
        }
        Response::TokenEndpoint(endpoint) => {
            w.u32(15);
            token_endpoint(w, endpoint);
        }
        Response::Key(status) => {
            w.u32(16);
            key::status(w, status);
        }
        Response::Reached(reached) => {
            w.u32(17);
            doctor::reached(w, reached);
        }
        Response::Holders(holders) => {
            w.u32(18);
            doctor::holders(w, holders);
        }
        Response::Audit(record) => {
            w.u32(19);
            audit::record(w, record);
        }
    }
    out.0
}

fn event(w: &mut Out, event: &Event) {
    w.option(event.id.as_deref(), Out::text);
    w.u32(match event.kind {
        EventKind::Present => 0,
        EventKind::Complete => 1,
        EventKind::Token => 2,
        EventKind::State => 3,
        EventKind::Removed => 4,
        EventKind::Dropped => 5,
        // Not known here yet: no message has this number.
        _ => u32::MAX,
    });
    w.option(event.account.as_deref(), Out::text);
    w.option(event.status.as_deref(), account);
    w.option(event.detail.as_deref(), Out::text);
}

fn token(w: &mut Out, token: &Token) {
    w.text(&token.account);
    w.secret(&token.access_token);
    w.u32(token.expires_in_seconds);
    w.i64(token.expires_at);
    w.i64(token.box_expires_at);
    w.u64(token.generation);
}

fn account(w: &mut Out, status: &AccountStatus) {
    w.text(&status.account);
    w.u32(match status.auth {
        Auth::OAuth2 => 0,
        Auth::Token => 1,
        Auth::Ccg => 2,
        Auth::Jwt => 3,
        // Not known here yet: no message has this number.
        _ => u32::MAX,
    });
    w.option(status.user.as_ref(), |w, user| {
        w.text(&user.id);
        w.text(&user.login);
        w.text(&user.name);
    });
    w.i64(status.as_of);
    w.u32(match status.state {
        GrantState::Absent => 0,
        GrantState::Healthy => 1,
        GrantState::Spending => 2,
        GrantState::InDoubt => 3,
        GrantState::Unsaved => 4,
        GrantState::Backoff => 5,
        GrantState::LoginRequired => 6,
        GrantState::ActionRequired => 7,
        // Not known here yet: no message has this number.
        _ => u32::MAX,
    });
    w.bool(status.token);
    w.option(status.expires_in_seconds, Out::u32);
    w.option(status.expires_at, Out::i64);
    w.option(status.box_expires_at, Out::i64);
    w.option(status.life_seconds, Out::u32);
    w.u64(status.generation);
    w.option(status.next_refresh_at, Out::i64);
    w.option(status.login_deadline, Out::i64);
    w.bool(status.orphaned);
    w.bool(status.store_bound);
    w.option(status.error.as_ref(), problem);
    w.u64(status.warnings.len() as u64);
    for warning in &status.warnings {
        w.text(warning);
    }
}

fn problem(w: &mut Out, problem: &Problem) {
    w.u32(code(problem.code));
    w.text(&problem.detail);
    w.option(problem.account.as_deref(), Out::text);
    w.text(&problem.next_step);
    w.option(problem.retry_after_seconds, Out::u32);
}

/// Every code, in the order of the wire; a new one comes last.
pub(crate) const CODES: [Code; 15] = [
    Code::Internal,
    Code::BadRequest,
    Code::Unreachable,
    Code::LoginRequired,
    Code::ActionRequired,
    Code::Unavailable,
    Code::Denied,
    Code::UnknownAccount,
    Code::MinTtlUnattainable,
    Code::InvalidScope,
    Code::VersionMismatch,
    Code::NotFound,
    Code::MethodNotAllowed,
    Code::TooLarge,
    Code::TooManyConnections,
];

fn code(code: Code) -> u32 {
    u32::try_from(CODES.iter().position(|known| *known == code).unwrap()).unwrap()
}

/// At least one message of each variant, with every optional part present and absent.
pub(crate) fn requests() -> Vec<Request> {
    let name = || Some("work".to_owned());
    let token = |account, rejected, wait_millis| {
        Request::Token(TokenRequest { account, min_ttl_seconds: 0x0102_0304, rejected, wait_millis })
    };
    let import = |credential, endpoints| {
        Request::Import(Box::new(Import { account: name(), replace: true, credential, endpoints }))
    };
    let full = Endpoints {
        authorize_url: Some("a".into()),
        token_url: Some("t".into()),
        revoke_url: Some("r".into()),
        api_url: Some("p".into()),
        upload_url: Some("u".into()),
        ca_file: Some("c".into()),
        proxy: Some("x".into()),
    };
    let first = vec![
        Request::Token(TokenRequest::default()),
        token(name(), Rejected::Generation(0x0102_0304_0506_0708), Some(1000)),
        token(None, Rejected::Token(Secret::new("t\u{f6}k")), None),
        Request::Status { account: None },
        Request::Status { account: name() },
        Request::Refresh { account: None, wait_millis: None },
        Request::Refresh { account: name(), wait_millis: Some(5) },
        Request::Accounts,
        import(
            ImportedCredential::OAuth2 {
                client_id: "id".into(),
                client_secret: Some(Secret::new("s")),
                refresh_token: Secret::new("r"),
                access_token: Some(Secret::new("a")),
                expires_at: Some(-2),
                refresh_now: true,
            },
            full,
        ),
        import(
            ImportedCredential::AccessToken { access_token: Secret::new("a"), expires_at: None },
            Endpoints::default(),
        ),
        Request::Logout { account: name(), local: true },
        Request::Rename { from: "a".into(), to: "b".into() },
        Request::Adopt { account: "work".into() },
        Request::Reload,
        Request::Info,
        import(
            ImportedCredential::ClientCredentials {
                client_id: "id".into(),
                client_secret: Secret::new("s"),
                subject: Subject::Enterprise("1".into()),
            },
            Endpoints::default(),
        ),
        import(
            ImportedCredential::Jwt {
                app_settings: Secret::new("{}"),
                passphrase: Some(Secret::new("p")),
                subject: Some(Subject::User("2".into())),
            },
            Endpoints::default(),
        ),
        import(
            ImportedCredential::Jwt { app_settings: Secret::new("{}"), passphrase: None, subject: None },
            Endpoints::default(),
        ),
        Request::ScopedToken(Box::default()),
        Request::ScopedToken(Box::new(ScopedTokenRequest {
            token: TokenRequest {
                account: name(),
                rejected: Rejected::Generation(7),
                ..TokenRequest::default()
            },
            user: Some("u".into()),
            scope: vec!["item_download".into(), "item_preview".into()],
            resource: Some("file:1".into()),
            shared_link: Some("https://a".into()),
        })),
        Request::BeginLogin(Box::default()),
        Request::BeginLogin(Box::new(BeginLogin {
            account: name(),
            client_id: Some("id".into()),
            client_secret: Some(Secret::new("s")),
            port: Some(0x1234),
            replace_user: true,
            endpoints: Endpoints { token_url: Some("t".into()), ..Endpoints::default() },
        })),
        Request::AwaitLogin { login: "l".into() },
        Request::FinishLogin { login: "l".into(), redirected: Secret::new("c") },
        Request::CancelLogin { login: "l".into() },
        Request::Watch { account: None, after: None },
        Request::Watch { account: name(), after: Some("1-2".into()) },
        Request::HasToken(Box::default()),
        Request::Metrics,
    ];
    [first, later_requests()].concat()
}

fn later_requests() -> Vec<Request> {
    let endpoints = requests_of_endpoints();
    let end = vec![Request::Shutdown];
    [api::requests(), endpoints, key::requests(), doctor::requests(), audit::requests(), end].concat()
}

fn requests_of_endpoints() -> Vec<Request> {
    vec![
        Request::OpenTokenEndpoint(Box::default()),
        Request::OpenTokenEndpoint(Box::new(OpenTokenEndpoint {
            tokens: ScopedTokenRequest { user: Some("u".into()), ..ScopedTokenRequest::default() },
            again: Some(an_endpoint()),
        })),
    ]
}

/// At least one answer of each variant, with every optional part present and absent.
pub(crate) fn responses() -> Vec<Response> {
    let problem = Problem {
        code: Code::Unavailable,
        detail: "d".into(),
        account: Some("work".into()),
        next_step: "n".into(),
        retry_after_seconds: Some(9),
    };
    let bare = AccountStatus {
        account: "bot".into(),
        auth: Auth::Token,
        user: None,
        as_of: -1,
        state: GrantState::Absent,
        token: false,
        expires_in_seconds: None,
        expires_at: None,
        box_expires_at: None,
        life_seconds: None,
        generation: 0,
        next_refresh_at: None,
        login_deadline: None,
        orphaned: false,
        store_bound: true,
        error: None,
        warnings: Vec::new(),
    };
    let event_status = bare.clone();
    let full = AccountStatus {
        auth: Auth::Jwt,
        user: Some(User { id: "1".into(), login: "l".into(), name: "n".into() }),
        state: GrantState::ActionRequired,
        token: true,
        expires_in_seconds: Some(1),
        expires_at: Some(2),
        box_expires_at: Some(3),
        life_seconds: Some(4),
        generation: 5,
        next_refresh_at: Some(6),
        login_deadline: Some(7),
        orphaned: true,
        store_bound: false,
        error: Some(problem.clone()),
        warnings: vec!["w".into(), String::new()],
        ..bare.clone()
    };
    let first = vec![
        Response::Token(Token {
            account: "work".into(),
            access_token: Secret::new("tok"),
            expires_in_seconds: 3012,
            expires_at: 0x0102_0304_0506_0708,
            box_expires_at: -1,
            generation: 17,
        }),
        Response::Account(Box::new(bare.clone())),
        Response::Account(Box::new(full)),
        Response::AccountName("work".into()),
        Response::End,
        Response::Done,
        Response::Info(Box::new(Info {
            version: "0.1.0".into(),
            pid: 7,
            config_file: "c".into(),
            state_dir: "s".into(),
            socket: "b".into(),
            key_source: "k".into(),
        })),
        Response::Error(problem.clone()),
        Response::Error(Problem { account: None, retry_after_seconds: None, ..problem }),
    ];
    let endpoint = vec![Response::TokenEndpoint(Box::new(an_endpoint()))];
    [
        first,
        responses_of_logins(),
        responses_of_watches(event_status),
        api::responses(),
        endpoint,
        key::responses(),
        doctor::responses(),
        audit::responses(),
    ]
    .concat()
}

fn responses_of_logins() -> Vec<Response> {
    vec![
        Response::ScopedToken(Box::new(ScopedToken {
            token: Token {
                account: "work".into(),
                access_token: Secret::new("tok"),
                expires_in_seconds: 1,
                expires_at: 2,
                box_expires_at: 3,
                generation: 4,
            },
            scope: vec!["item_download".into()],
            restricted_to: Some("[]".into()),
        })),
        Response::LoginPage(Box::new(LoginPage {
            login: "l".into(),
            account: "work".into(),
            authorize_url: "a".into(),
            redirect_uri: "r".into(),
            registered_uri: "g".into(),
            port: 0x1234,
            expires_in_seconds: 300,
        })),
        Response::LoginNeeds(Box::new(LoginNeeds {
            account: "work".into(),
            client_id: None,
            client_secret: true,
            registered_uri: "g".into(),
        })),
        Response::LoginNeeds(Box::new(LoginNeeds {
            account: "work".into(),
            client_id: Some("id".into()),
            client_secret: false,
            registered_uri: "g".into(),
        })),
    ]
}

fn responses_of_watches(status: AccountStatus) -> Vec<Response> {
    let event = |kind| Event { id: None, kind, account: None, status: None, detail: None };
    let token = Event {
        id: Some("1-2".into()),
        account: Some("work".into()),
        status: Some(Box::new(status)),
        ..event(EventKind::Token)
    };
    let dropped = Event { detail: Some("d".into()), ..event(EventKind::Dropped) };
    let others = [EventKind::Present, EventKind::Complete, EventKind::State, EventKind::Removed].map(event);
    let mut responses = vec![Response::Event(Box::new(token)), Response::Event(Box::new(dropped))];
    responses.extend(others.map(|event| Response::Event(Box::new(event))));
    responses.push(Response::Heartbeat);
    responses.push(Response::Metrics("boxd_watchers 0\n".into()));
    responses
}

fn an_endpoint() -> TokenEndpoint {
    TokenEndpoint {
        url: "u".into(),
        client_id: "id".into(),
        client_secret: Secret::new("s"),
        refresh_token: Secret::new("r"),
    }
}
