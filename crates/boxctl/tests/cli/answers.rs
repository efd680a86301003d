//! What the fake daemon has to say.

use boxd_proto::*;

pub(crate) const SECRET: &str = "T0k3n-canary";

pub(crate) fn token() -> Token {
    Token {
        account: "work".into(),
        access_token: Secret::new(SECRET),
        expires_in_seconds: 3012,
        expires_at: 1_763_780_645,
        box_expires_at: 1_763_780_945,
        generation: 17,
    }
}

pub(crate) fn healthy() -> AccountStatus {
    AccountStatus {
        account: "work".into(),
        auth: Auth::OAuth2,
        user: Some(User { id: "1".into(), login: "ada@example.com".into(), name: "Ada".into() }),
        as_of: 1_763_777_633,
        state: GrantState::Healthy,
        token: true,
        expires_in_seconds: Some(3012),
        expires_at: Some(1_763_780_645),
        box_expires_at: Some(1_763_780_945),
        life_seconds: Some(3600),
        generation: 17,
        next_refresh_at: Some(1_763_780_645),
        login_deadline: Some(1_768_961_633),
        orphaned: false,
        store_bound: true,
        error: None,
        warnings: Vec::new(),
    }
}

pub(crate) fn problem(code: Code) -> Problem {
    Problem {
        code,
        detail: "it went wrong\u{1b}[2J".into(),
        account: Some("work".into()),
        next_step: "do this".into(),
        retry_after_seconds: Some(7),
    }
}

pub(crate) fn dead() -> AccountStatus {
    AccountStatus {
        state: GrantState::LoginRequired,
        token: false,
        error: Some(problem(Code::LoginRequired)),
        ..healthy()
    }
}

/// A program that was given a token.
pub(crate) fn audit_record() -> AuditRecord {
    AuditRecord {
        time: 1_700_000_000,
        until: 1_700_000_000,
        count: 1,
        outcome: AuditOutcome::Handed,
        way: AuditWay::Native,
        account: Some("work".into()),
        generation: Some(17),
        scope: Vec::new(),
        resource: None,
        user: None,
        uid: 1000,
        pid: Some(7),
        started: None,
        program: Some("/bin/p".into()),
        unit: None,
        socket: None,
    }
}

/// A daemon with one healthy account that does whatever it is asked.
pub(crate) fn obliging(request: &Request) -> Vec<Response> {
    match request {
        Request::Token(_) => vec![Response::Token(token())],
        Request::Status { .. } => vec![Response::Account(Box::new(healthy())), Response::End],
        Request::Accounts => {
            vec![
                Response::AccountName("bot".into()),
                Response::AccountName("wo\u{1b}rk".into()),
                Response::End,
            ]
        }
        Request::Refresh { .. } | Request::Import(_) | Request::Rename { .. } | Request::Adopt { .. } => {
            vec![Response::Account(Box::new(healthy()))]
        }
        Request::Metrics => {
            let pieces = ["boxd_watchers 0\n", "boxd_accounts 1\n"];
            pieces.map(|piece| Response::Metrics(piece.into())).into_iter().chain([Response::End]).collect()
        }
        Request::Logout { .. } | Request::Reload | Request::Shutdown => vec![Response::Done],
        Request::Info => vec![Response::Info(Box::new(Info {
            version: "9.9.9".into(),
            pid: 1,
            config_file: "/c".into(),
            state_dir: "/d".into(),
            socket: "/s".into(),
            key_source: "file".into(),
        }))],
        Request::Probe => vec![Response::End],
        Request::HasGrants(_) => vec![Response::Holders(Vec::new())],
        Request::ReturnError { code } => vec![Response::Error(problem(*code))],
        Request::Audit(_) => vec![Response::Audit(Box::new(audit_record())), Response::End],
        // Tests of these answer for themselves.
        Request::ScopedToken(_)
        | Request::BeginLogin(_)
        | Request::AwaitLogin { .. }
        | Request::FinishLogin { .. }
        | Request::CancelLogin { .. }
        | Request::Watch { .. }
        | Request::HasToken(_)
        | Request::Api(_)
        | Request::ApiBody { .. }
        | Request::Key
        | Request::MigrateKey { .. }
        | Request::OpenTokenEndpoint(_) => vec![Response::Error(problem(Code::Internal))],
    }
}
