//! Whose file tokens are taken over from.

use clap::ValueEnum;

/// A program, or a form, that holds tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// rclone.conf; without FILE the one that rclone uses
    Rclone,
    /// `box_environments.json`; without FILE from the keyring or ~/.box
    BoxCli,
    /// An environment of Box's Postman collection, exported
    Postman,
    /// The app settings (JSON) of the Box developer console, with JWT or CCG
    BoxApp,
    /// What `BoxAPIConnection.save()` gave; the app is named by `BOX_CLIENT_ID` and `BOX_CLIENT_SECRET`
    JavaSdk,
    /// A bare access token, such as a developer token; served until it ends
    Token,
    /// `client_id`, `client_secret`, `refresh_token` and more as one JSON object
    Json,
}
