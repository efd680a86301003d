//! The token endpoint of `--oauth`: the daemon's, open for as long as boxctl lives.

use std::path::PathBuf;

use boxd_client::{Client, Error, OpenTokenEndpoint, ScopedTokenRequest, Secret, TokenEndpoint};
use zeroize::Zeroizing;

#[cfg(unix)]
use super::reservation::Reservation;
use super::{Variable, backoff::Backoff};

/// Long past: rclone asks the endpoint at its first use then, and never takes a token from its environment for the
/// current one.
const EXPIRED: &str = "2001-01-01T00:00:00Z";

/// Opens it, and sees to it that a daemon that comes back opens it again at the same place.
pub(crate) fn open(socket: PathBuf, tokens: ScopedTokenRequest) -> Result<TokenEndpoint, Error> {
    let request = OpenTokenEndpoint { tokens, again: None };
    let (endpoint, mut held) = Client::connect_to(&socket)?.open_token_endpoint(request.clone())?;
    let request = OpenTokenEndpoint { again: Some(endpoint.clone()), ..request };
    #[cfg(unix)]
    let reservation = Reservation::of(&endpoint.url).ok();
    std::thread::spawn(move || {
        #[cfg(unix)]
        let _reservation = reservation;
        loop {
            drop(held.ended());
            let mut backoff = Backoff::default();
            held = loop {
                let client = Client::connect_to(&socket);
                if let Ok((_, held)) = client.and_then(|client| client.open_token_endpoint(request.clone())) {
                    break held;
                }
                backoff.pause();
            };
        }
    });
    Ok(endpoint)
}

/// How the program learns of it: the general form, and what rclone reads as options of its box backend.
pub(crate) fn variables(endpoint: &TokenEndpoint) -> Vec<Variable> {
    let (secret, refresh) = (endpoint.client_secret.expose(), endpoint.refresh_token.expose());
    let rclone_token = serde_json::json!({
        "access_token": "renew-first",
        "token_type": "bearer",
        "refresh_token": refresh,
        "expiry": EXPIRED,
    });
    let rclone_token = Zeroizing::new(rclone_token.to_string());
    [
        ("BOX_TOKEN_URL", endpoint.url.as_str()),
        ("BOX_CLIENT_ID", endpoint.client_id.as_str()),
        ("BOX_CLIENT_SECRET", secret),
        ("BOX_REFRESH_TOKEN", refresh),
        ("RCLONE_BOX_TOKEN_URL", endpoint.url.as_str()),
        ("RCLONE_BOX_CLIENT_ID", endpoint.client_id.as_str()),
        ("RCLONE_BOX_CLIENT_SECRET", secret),
        ("RCLONE_BOX_TOKEN", rclone_token.as_str()),
    ]
    .map(|(name, value)| (name.to_owned(), Secret::new(value)))
    .into()
}
