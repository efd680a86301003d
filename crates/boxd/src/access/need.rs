//! What right each request needs. A new request does not compile until it is decided here.

use boxd_proto::Request;

/// Something that a rule can let others do with an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Get its tokens.
    Token,
    /// See its state.
    Status,
    /// Call Box's API with its token, without getting it.
    Api,
}

/// Who may make a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Who has this right to the account that it is about; where it is about all, to at least one.
    Right(Right),
    /// Who has any right to any account.
    Any,
    /// The owner alone.
    Owner,
}

impl Right {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Token, Self::Status, Self::Api];

    /// Its name in `allow` of a rule.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Status => "status",
            Self::Api => "api",
        }
    }
}

impl Need {
    /// What a request needs.
    pub fn of(request: &Request) -> Self {
        match request {
            Request::Token(_)
            | Request::ScopedToken(_)
            | Request::HasToken(_)
            | Request::OpenTokenEndpoint(_) => Self::Right(Right::Token),
            Request::Status { .. } | Request::Watch { .. } | Request::Metrics => Self::Right(Right::Status),
            Request::Api(_) | Request::ApiBody { .. } => Self::Right(Right::Api),
            // Names that the peer may use, the version, and an error of its own choice.
            Request::Accounts | Request::Info | Request::ReturnError { .. } => Self::Any,
            Request::Refresh { .. }
            | Request::Import(_)
            | Request::Logout { .. }
            | Request::Rename { .. }
            | Request::Adopt { .. }
            | Request::Reload
            | Request::BeginLogin(_)
            | Request::AwaitLogin { .. }
            | Request::FinishLogin { .. }
            | Request::CancelLogin { .. }
            | Request::Key
            | Request::MigrateKey { .. }
            | Request::Probe
            | Request::HasGrants(_)
            | Request::Shutdown
            | Request::Audit(_) => Self::Owner,
        }
    }
}
