//! What Box's console and administrators do: clients, users, consent, limits, tokens without a login.

use hyper::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::app::App;
use super::outcome::{Outcome, bad, not_found, parse};
use crate::app_settings::{Auth, app_settings};
use crate::keys::Cipher;
use crate::oauth::{Answer, Limits, Provider, Settings, SharedLink, Sort};

/// `None` where there is no such command.
pub(super) fn handle(
    app: &App,
    method: &Method,
    command: &str,
    query: Option<&str>,
    body: &[u8],
) -> Option<Outcome> {
    Some(match (method, command) {
        (&Method::GET, "clients") => {
            Ok(app.with(|provider, _| json!({"clients": provider.clients().collect::<Vec<_>>()})))
        }
        (&Method::POST, "clients") => add_client(app, body),
        (&Method::POST, "client") => change_client(app, body),
        (&Method::GET, "app-settings") => settings_file(app, query.unwrap_or_default()),
        (&Method::GET, "users") => Ok(app.with(|provider, _| users(provider))),
        (&Method::POST, "users") => add_users(app, body),
        (&Method::GET, "consent") => Ok(app.with(|provider, _| consent(provider))),
        (&Method::POST, "consent") => set_consent(app, body),
        (&Method::GET, "limits") => Ok(json!(app.with(|provider, _| provider.limits()))),
        (&Method::POST, "limits") => set_limits(app, body),
        (&Method::GET, "tokens") => {
            Ok(app.with(|provider, now| json!({"tokens": provider.bare_tokens(now)})))
        }
        (&Method::POST, "developer-token") => developer_token(app, body),
        (&Method::POST, "shared-links") => set_shared_link(app, body),
        _ => return None,
    })
}

fn add_client(app: &App, body: &[u8]) -> Outcome {
    let settings: Settings = parse(body)?;
    if settings.client_id.is_some() {
        return Err(bad("the id of a new client is made up here".to_owned()));
    }
    app.with(|provider, _| provider.add_client(settings).map(|client| json!(client)).map_err(bad))
}

fn change_client(app: &App, body: &[u8]) -> Outcome {
    let settings: Settings = parse(body)?;
    app.with(|provider, _| provider.change_client(settings).map(|client| json!(client)).map_err(bad))
}

fn settings_file(app: &App, query: &str) -> Outcome {
    let (mut auth, mut cipher) = (Auth::default(), Cipher::default());
    let (mut client_id, mut user_id) = (None, None);
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let wrong = |error: serde_json::Error| bad(format!("{name}: {error}"));
        match name.as_ref() {
            "auth" => auth = serde_json::from_value(json!(value)).map_err(wrong)?,
            "cipher" => cipher = serde_json::from_value(json!(value)).map_err(wrong)?,
            "client_id" => client_id = Some(value),
            "user_id" => user_id = Some(value),
            _ => return Err(bad(format!("unknown parameter {name}"))),
        }
    }
    app.with(|provider, _| {
        let client = match &client_id {
            Some(id) => provider.client_with(id).ok_or_else(|| not_found(format!("no client {id}")))?,
            None => provider.client(),
        };
        Ok(app_settings(client, auth, cipher, user_id.as_deref()))
    })
}

fn users(provider: &mut Provider) -> Value {
    json!({
        "service_account": provider.service_account(),
        "users": provider.people().collect::<Vec<_>>(),
        "app_users": provider.app_users().collect::<Vec<_>>(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewUsers {
    #[serde(rename = "type", default)]
    sort: Sort,
    name: Option<String>,
    login: Option<String>,
    count: Option<u32>,
}

fn add_users(app: &App, body: &[u8]) -> Outcome {
    let NewUsers { sort, name, login, count } = parse(body)?;
    if count.is_some() && (name.is_some() || login.is_some()) {
        return Err(bad("`count` users get names of their own".to_owned()));
    }
    Ok(app.with(|provider, _| {
        let add = |_| provider.add_user(sort, name.clone(), login.clone()).cloned();
        json!({"users": (0..count.unwrap_or(1)).filter_map(add).collect::<Vec<_>>()})
    }))
}

fn consent(provider: &Provider) -> Value {
    json!({"user": provider.user_at_browser(), "answer": provider.answer})
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewConsent {
    user: Option<String>,
    answer: Option<Answer>,
}

fn set_consent(app: &App, body: &[u8]) -> Outcome {
    let NewConsent { user, answer } = parse(body)?;
    app.with(|provider, _| {
        if let Some(user) = user {
            let person = provider.person(&user).ok_or_else(|| not_found(format!("nobody is {user}")))?;
            provider.seat(person);
        }
        provider.answer = answer.unwrap_or(provider.answer);
        Ok(consent(provider))
    })
}

fn set_limits(app: &App, body: &[u8]) -> Outcome {
    let limits: Limits = parse(body)?;
    Ok(app.with(|provider, _| {
        provider.set_limits(limits);
        json!(provider.limits())
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeveloperToken {
    user: Option<String>,
}

fn developer_token(app: &App, body: &[u8]) -> Outcome {
    let DeveloperToken { user } = parse(body)?;
    app.with(|provider, now| {
        let person = match user {
            Some(user) => Some(provider.person(&user).ok_or_else(|| not_found(format!("nobody is {user}")))?),
            None => None,
        };
        Ok(json!(provider.open_developer_token(now, person)))
    })
}

fn set_shared_link(app: &App, body: &[u8]) -> Outcome {
    let link: SharedLink = parse(body)?;
    let shown = json!(link);
    app.with(|provider, _| provider.set_shared_link(link));
    Ok(shown)
}
