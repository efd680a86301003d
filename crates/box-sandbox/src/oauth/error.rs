//! The errors of the token endpoint (RFC 6749, section 5.2) with Box's own descriptions.

use std::borrow::Cow;

use serde::Serialize;

/// Serialises to the members that Box sends, with status 400 (`invalid_client` included).
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct OAuthError {
    /// The registered name.
    pub error: &'static str,
    /// Box's text; clients do tell cases apart by it.
    pub error_description: Cow<'static, str>,
}

impl OAuthError {
    /// Wrong id, wrong secret, or credentials sent as HTTP Basic.
    pub const BAD_CLIENT: Self = Self::new("invalid_client", "The client credentials are invalid");
    /// No grant type, or one that Box does not know.
    pub const BAD_GRANT_TYPE: Self =
        Self::new("invalid_request", "Invalid grant_type parameter or parameter missing");
    /// A grant type that the app was not set up for.
    pub const GRANT_TYPE_UNAUTHORIZED: Self =
        Self::new("invalid_request", "The grant type is unauthorized for this client_id");
    /// A refresh without a refresh token.
    pub const NO_REFRESH_TOKEN: Self = Self::new("invalid_request", "No \"refresh_token\" parameter found");
    /// A refresh token that is used up, revoked or unknown.
    pub const DEAD_REFRESH_TOKEN: Self = Self::new("invalid_grant", "Invalid refresh token");
    /// A refresh token that was not used for its whole life.
    pub const EXPIRED_REFRESH_TOKEN: Self = Self::new("invalid_grant", "Refresh token has expired");
    /// A revocation that names no token. Box's text is not known; this one follows the shape of the others.
    pub const NO_TOKEN: Self = Self::new("invalid_request", "No \"token\" parameter found");
    /// An exchange without a code; shape as above.
    pub const NO_CODE: Self = Self::new("invalid_request", "No \"code\" parameter found");
    /// A code that is unknown, used, another client's, or comes without the redirect URI or verifier it was made for.
    pub const BAD_CODE: Self =
        Self::new("invalid_grant", "Auth code doesn't exist or is invalid for the client");
    /// A code after its 30 seconds.
    pub const EXPIRED_CODE: Self = Self::new("invalid_grant", "The authorization code has expired");
    /// Client credentials with a wrong secret or subject, or without the administrator's approval.
    pub const BAD_CREDENTIALS: Self = Self::new("invalid_grant", "Grant credentials are invalid");
    /// An assertion of an app that the administrator has not approved.
    pub const NOT_APPROVED: Self =
        Self::new("unauthorized_client", "This app is not authorized by the enterprise admin");
    /// A person's token for an app that may have tokens for its own users only.
    pub const NO_USER_TOKEN: Self = Self::new(
        "invalid_request",
        "Cannot obtain user token based on the enterprise configuration for your app",
    );
    /// A JWT grant without an assertion, or with something that is none; shape as above.
    pub const NO_ASSERTION: Self = Self::new("invalid_request", "No \"assertion\" parameter found");
    /// No key is registered under this id.
    pub const BAD_KID: Self = Self::new("invalid_grant", "\"kid\" invalid, unable to lookup correct key");
    /// Another key signed it, or it was changed.
    pub const BAD_SIGNATURE: Self = Self::new(
        "invalid_grant",
        "Signature verification error. The public key identified by \"kid\" must correspond to the private key \
         used for signing.",
    );
    /// `iss` is not the client.
    pub const BAD_ISS: Self = Self::new("invalid_grant", "Please check the 'iss' claim");
    /// `sub` is not a string, or not a subject of this app.
    pub const BAD_SUB: Self =
        Self::new("invalid_grant", "Please check the 'sub' claim. The 'sub' specified is invalid.");
    /// `aud` is not Box's token endpoint; text in the shape of the others.
    pub const BAD_AUD: Self = Self::new("invalid_grant", "Please check the 'aud' claim");
    /// `exp` is missing, no number, or more than 60 seconds ahead.
    pub const BAD_EXP: Self = Self::new("invalid_grant", "Please check the 'exp' claim.");
    /// `jti` was seen before, or has an impossible length.
    pub const BAD_JTI: Self =
        Self::new("invalid_grant", "Please check the 'jti' claim. A unique 'jti' value is required.");
    /// `exp` is over.
    pub const TOO_LATE: Self = Self::new(
        "invalid_grant",
        "Current date/time MUST be before the expiration date/time listed in the 'exp' claim",
    );
    /// `nbf` or `iat` is still to come. The two spaces are Box's.
    pub const TOO_EARLY: Self = Self::new(
        "invalid_grant",
        "Current date/time MUST be after or equal to the not-before date/time  listed in the 'nbf' or 'iat' claim",
    );
    /// An exchange of a token that is not alive, or of something else; Box's text is not known.
    pub const BAD_SUBJECT_TOKEN: Self = Self::new("invalid_grant", "Invalid subject token");
    /// An exchange for an object that there is not, or for two (text: box/box-node-sdk#168).
    pub const BAD_RESOURCE: Self = Self::new("invalid_resource", "The target resource is invalid.");

    const fn new(error: &'static str, error_description: &'static str) -> Self {
        Self { error, error_description: Cow::Borrowed(error_description) }
    }

    /// A scope that Box does not know or the app does not have. Box's text is not known.
    pub(super) fn bad_scope(scope: &str) -> Self {
        let text = format!("The requested scope is invalid: {scope}");
        Self { error: "invalid_scope", error_description: Cow::Owned(text) }
    }
}
