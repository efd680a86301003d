//! Client id and secret of the Box app, where the daemon does not know them: environment, else the person.

use std::io::{self, BufRead as _, IsTerminal as _};

use boxd_client::{BeginLogin, Code, LoginNeeds, Secret};

use crate::{
    failure::Failure,
    hidden,
    output::{prompt, remark},
    terminal::tame,
};

/// Completes a request by what the daemon needs.
pub(super) fn complete(request: &mut BeginLogin, needs: &LoginNeeds) -> Result<(), Failure> {
    let found = from_environment(needs, |name| std::env::var(name).ok());
    let lacks_id = needs.client_id.is_none() && found.client_id.is_none();
    let lacks_secret = needs.client_secret && found.client_secret.is_none();
    if lacks_id || lacks_secret {
        introduce(needs)?;
    }
    request.client_id = match found.client_id {
        None if lacks_id => Some(ask_id()?),
        found => found,
    };
    request.client_secret = match found.client_secret {
        None if lacks_secret => Some(ask_secret()?),
        found => found,
    };
    Ok(())
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    client_id: Option<String>,
    client_secret: Option<Secret>,
}

/// What the environment has of it. A secret is only taken for the app that it belongs to.
fn from_environment(needs: &LoginNeeds, variable: impl Fn(&str) -> Option<String>) -> Found {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let client_id = variable("BOX_CLIENT_ID");
    let same_app = match (&needs.client_id, &client_id) {
        (Some(known), Some(client_id)) => known == client_id,
        (Some(_), None) | (None, Some(_)) => true,
        // A secret of nobody knows which app.
        (None, None) => false,
    };
    Found {
        client_id: client_id.filter(|_| needs.client_id.is_none()),
        client_secret: variable("BOX_CLIENT_SECRET")
            .filter(|_| needs.client_secret && same_app)
            .map(Secret::new),
    }
}

/// Says what is needed, to a person who can answer.
fn introduce(needs: &LoginNeeds) -> Result<(), Failure> {
    let account = tame(&needs.account);
    if !io::stdin().is_terminal() {
        let detail = format!("boxd does not know client id and secret of the Box app for account {account}");
        let next_step = format!(
            "set BOX_CLIENT_ID and BOX_CLIENT_SECRET, name them in the config file under [accounts.{account}], \
             or run boxctl login on a terminal"
        );
        return Err(Failure::usage(detail, next_step));
    }
    match &needs.client_id {
        Some(client_id) => remark(&format!("Account {account} uses the Box app {}.", tame(client_id))),
        None => remark(&format!(
            "Account {account} needs a Box app with user authentication (OAuth 2.0): \
             https://app.box.com/developers/console"
        )),
    }
    remark(&format!("The app must list this redirect URI: {}", tame(&needs.registered_uri)));
    Ok(())
}

fn ask_id() -> Result<String, Failure> {
    prompt("Client id: ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(|error| unread(&error))?;
    match answer.trim() {
        "" => Err(nothing("client id")),
        client_id => Ok(client_id.to_owned()),
    }
}

fn ask_secret() -> Result<Secret, Failure> {
    let answer = hidden::read("Client secret (not shown): ").map_err(|error| unread(&error))?;
    if answer.is_empty() { Err(nothing("client secret")) } else { Ok(Secret::new(answer.as_str())) }
}

fn nothing(what: &str) -> Failure {
    Failure::usage(format!("no {what} was given"), "copy it from the app's page in Box's developer console")
}

fn unread(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::Interrupted => Failure::of(Code::LoginRequired, "cancelled", "boxctl login"),
        io::ErrorKind::Unsupported => Failure::usage(
            "a secret cannot be typed without an echo on this system",
            "set BOX_CLIENT_SECRET, or name the secret in the config file",
        ),
        _ => Failure::of(Code::Internal, format!("the terminal cannot be read: {error}"), "try again"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_gives_what_is_needed_and_belongs_together() {
        let both = |name: &str| match name {
            "BOX_CLIENT_ID" => Some("env".to_owned()),
            "BOX_CLIENT_SECRET" => Some("secret".to_owned()),
            _ => None,
        };
        let only_secret = |name: &str| both(name).filter(|value| value == "secret");
        let empty = |_: &str| Some(String::new());
        let needs = |client_id: Option<&str>, client_secret| LoginNeeds {
            account: "work".into(),
            client_id: client_id.map(str::to_owned),
            client_secret,
            registered_uri: "http://127.0.0.1/callback".into(),
        };
        let found = |id: Option<&str>, secret: bool| Found {
            client_id: id.map(str::to_owned),
            client_secret: secret.then(|| Secret::new("secret")),
        };
        assert_eq!(from_environment(&needs(None, true), both), found(Some("env"), true));
        assert_eq!(from_environment(&needs(None, false), both), found(Some("env"), false));
        assert_eq!(from_environment(&needs(Some("env"), true), both), found(None, true));
        assert_eq!(from_environment(&needs(Some("other"), true), both), found(None, false));
        assert_eq!(from_environment(&needs(Some("other"), true), only_secret), found(None, true));
        assert_eq!(from_environment(&needs(None, true), only_secret), found(None, false));
        assert_eq!(from_environment(&needs(None, true), empty), Found::default());
    }
}
