//! What can be wrong with a grant, each with what a person can do about it.

use std::time::Duration;

use crate::grant::Binding;

/// What is wrong with a grant or kept an attempt from succeeding. Never carries a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Nobody has logged in, or the account was logged out.
    #[error("no login yet")]
    Absent,
    /// The request did not reach Box: DNS, connect, proxy or TLS.
    #[error("Box cannot be reached: {0}")]
    Unreachable(String),
    /// The request may have reached Box, but no usable answer came back.
    #[error("the answer of Box was lost: {0}")]
    AnswerLost(String),
    /// Box asked to slow down (429).
    #[error("Box asks to wait before the next attempt")]
    Throttled,
    /// The intent could not be made durable, so nothing was sent.
    #[error("the store cannot be written, so the grant is not renewed: {0}")]
    NotProved(String),
    /// A successor is in memory, but not on disk.
    #[error("the renewed grant cannot be saved: {0}")]
    NotSaved(String),
    /// Box issues tokens that are expired on arrival.
    #[error("Box issued a token that had expired on arrival")]
    ArrivedExpired,
    /// Box refused the refresh token, and no answer of ours had been lost: somebody else spent it.
    #[error(
        "Box refused the refresh token ({0}), though boxd used it only once: another program or machine \
         spent the same grant, a backup was restored, the config was copied, an administrator ended the \
         session, the grant was revoked, or the token leaked"
    )]
    Taken(String),
    /// Box refused the refresh token, which had not been renewed for longer than it lives.
    #[error(
        "Box refused the refresh token ({0}): it was not renewed for more than 60 days by this machine's clock, and \
         Box ends one that is not"
    )]
    Lapsed(String),
    /// Box refused the refresh token after an answer had been lost.
    #[error("Box refused the refresh token ({0}) after one of its answers had been lost")]
    LostForGood(String),
    /// The store file of this account could not be read; it was set aside.
    #[error("the stored grant is damaged and was set aside: {0}")]
    Damaged(String),
    /// A bare access token has expired or was refused; it cannot be renewed.
    #[error("the imported access token has ended; it cannot be renewed")]
    AccessOnlyEnded,
    /// A secret or key of the application cannot be had, so nothing was sent.
    #[error("the application's secret or key cannot be had: {0}")]
    Unprepared(String),
    /// A bare access token was to be renewed though it is still good.
    #[error("an imported access token cannot be renewed; it is served until it ends")]
    AccessOnly,
    /// `invalid_client`: client id or secret are wrong.
    #[error("Box refused the client id or client secret ({0}); nothing is lost")]
    InvalidClient(String),
    /// `unauthorized_client`: an administrator must approve the app.
    #[error("Box has not authorized this app ({0}); nothing is lost")]
    UnauthorizedClient(String),
    /// The Box user must set a new password.
    #[error("the Box user must reset their password; nothing is lost")]
    PasswordReset,
    /// The Box user must accept the enterprise's terms of service.
    #[error("the Box user must accept the terms of service; nothing is lost")]
    TermsOfService,
    /// Any other refusal, such as `invalid_request`.
    #[error("Box refused the request ({0}); nothing is lost")]
    Refused(String),
    /// The configuration names another application or token endpoint than the grant was issued by.
    #[error(
        "the grant was issued by client_id {} at {}, but the configuration says client_id {} at {}; \
         it is neither sent nor spent",
        stored.client_id, stored.token_origin, configured.client_id, configured.token_origin
    )]
    BindingDiffers {
        /// What the grant is bound to.
        stored: Binding,
        /// What the configuration says.
        configured: Binding,
    },
    /// Box refused to mint a token for the application (CCG or JWT).
    #[error("Box refused the application ({0})")]
    AppRefused(String),
    /// The configuration names another way to get tokens than the one that the store holds a grant of.
    #[error(
        "the account holds {}, but the configuration says {}; it is neither sent nor spent",
        if *stored_is_login { "a user's login" } else { "an application that mints tokens" },
        if *stored_is_login { "ccg or jwt" } else { "oauth2" }
    )]
    AuthDiffers {
        /// The store holds a login of a user.
        stored_is_login: bool,
    },
    /// The account is no longer in the configuration, and its client secret is unknown.
    #[error("the account is no longer in the configuration")]
    Orphaned,
    /// The store was made on another machine.
    #[error("this store was made on another machine; nothing of it is served or spent")]
    ForeignMachine,
    /// The key that opens the account's files cannot be had now.
    #[error("{}; nothing is lost", .0.why)]
    Locked(Lock),
    /// An operation could not be finished because another is under way.
    #[error("another login, import, logout or rename of this account is under way")]
    Busy,
}

/// Why an account's files cannot be opened now. The engine hands it on and looks at none of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// What is missing.
    pub why: String,
    /// What a person does about it.
    pub next_step: String,
}

/// Who can mend a trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Nobody needs to: boxd tries again.
    Wait,
    /// A person must log in (or import) again.
    Login,
    /// A person must change something: a secret, a password, an approval, the config.
    Act,
}

impl Trouble {
    /// A word for it that programs can go by.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Unreachable(_) => "unreachable",
            Self::AnswerLost(_) => "answer_lost",
            Self::Throttled => "throttled",
            Self::NotProved(_) => "store_not_writable",
            Self::NotSaved(_) => "not_saved",
            Self::ArrivedExpired => "arrived_expired",
            Self::Taken(_) => "taken",
            Self::Lapsed(_) => "lapsed",
            Self::LostForGood(_) => "lost",
            Self::Damaged(_) => "damaged",
            Self::AccessOnlyEnded => "token_ended",
            Self::Unprepared(_) => "secret_unavailable",
            Self::AccessOnly => "token_only",
            Self::InvalidClient(_) => "invalid_client",
            Self::UnauthorizedClient(_) => "unauthorized_client",
            Self::PasswordReset => "password_reset",
            Self::TermsOfService => "terms_of_service",
            Self::Refused(_) => "refused",
            Self::BindingDiffers { .. } => "other_application",
            Self::AppRefused(_) => "application_refused",
            Self::AuthDiffers { .. } => "other_auth",
            Self::Orphaned => "orphaned",
            Self::ForeignMachine => "other_machine",
            Self::Busy => "busy",
            Self::Locked(_) => "key_locked",
        }
    }

    /// Who can mend it.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Unreachable(_)
            | Self::AnswerLost(_)
            | Self::Throttled
            | Self::NotProved(_)
            | Self::NotSaved(_)
            | Self::ArrivedExpired
            | Self::Busy => Remedy::Wait,
            Self::Absent
            | Self::Taken(_)
            | Self::Lapsed(_)
            | Self::LostForGood(_)
            | Self::Damaged(_)
            | Self::AccessOnlyEnded => Remedy::Login,
            Self::AccessOnly
            | Self::Unprepared(_)
            | Self::InvalidClient(_)
            | Self::UnauthorizedClient(_)
            | Self::PasswordReset
            | Self::TermsOfService
            | Self::Refused(_)
            | Self::AppRefused(_)
            | Self::AuthDiffers { .. }
            | Self::BindingDiffers { .. }
            | Self::Orphaned
            | Self::ForeignMachine
            | Self::Locked(_) => Remedy::Act,
        }
    }

    /// How long to wait before trying again what only a person can mend, by how often it was tried;
    /// `None` where only a person's doing can start another attempt.
    pub(crate) fn heals_after(&self, attempts: u32) -> Option<Duration> {
        match self {
            Self::PasswordReset | Self::TermsOfService => {
                Some(Duration::from_mins(20 * u64::from(attempts.clamp(1, 3))))
            }
            // A vault that was sealed may be open by now.
            Self::Unprepared(_) => Some(Duration::from_mins(5)),
            Self::InvalidClient(_) | Self::UnauthorizedClient(_) | Self::Refused(_) | Self::AppRefused(_) => {
                Some(Duration::from_hours(1))
            }
            _ => None,
        }
    }
}
