//! The authorization endpoint in a browser: the consent page, its answer, and the pages for requests that are wrong.

use hyper::header::{CONTENT_SECURITY_POLICY, LOCATION};
use hyper::{Method, StatusCode};
use url::Url;

use super::app::App;
use super::call::Call;
use super::reply::Reply;
use crate::oauth::{Answer, Provider, Refusal, User};

/// More would make no better page.
const MAX_SHOWN: usize = 50;

/// No sources but the style in the page. `form-action` is left out: browsers apply it to the redirect too.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

const STYLE: &str = ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;\
    margin:4rem auto;padding:0 1rem}h1{font-size:1.3rem}select,button{font:inherit;width:100%;padding:.6rem;\
    margin:.3rem 0}button[value=grant]{background:#0061d5;color:#fff;border:0;border-radius:4px}\
    code{overflow-wrap:anywhere}";

pub(super) fn work(app: &App, call: &Call) -> (Reply, String) {
    let request = match app.with(|provider, _| provider.authorize(&call.query)) {
        Ok(request) => request,
        Err(Refusal::Page { error, description }) => {
            return (mistake(error, &description), error.to_owned());
        }
        Err(Refusal::Redirect(location)) => return (redirect(&location), outcome(&location)),
    };
    let posted = call.method == Method::POST;
    let answer = match call.form.get("consent").filter(|_| posted) {
        Some("grant") => Answer::Grant,
        Some("deny") => Answer::Deny,
        _ => app.with(|provider, _| provider.answer),
    };
    let named = call.form.get("user").filter(|_| posted).or(call.query.get("login_hint"));
    app.with(|provider, now| {
        let user = match named.map(|named| provider.person(named)) {
            Some(Some(user)) => user,
            // A wrong hint is only a hint; a wrong answer is wrong.
            Some(None) if posted => {
                return (mistake("invalid_user", "There is no such user."), "invalid_user".to_owned());
            }
            _ => provider.user_at_browser(),
        };
        if answer == Answer::Ask {
            return (page(provider, &String::from(user)), "consent page".to_owned());
        }
        let location = provider.consent(now, request, (answer == Answer::Grant).then_some(user));
        (redirect(&location), outcome(&location))
    })
}

fn redirect(location: &Url) -> Reply {
    Reply::empty(StatusCode::FOUND).not_stored().with(LOCATION, location.as_str())
}

/// For the journal.
fn outcome(location: &Url) -> String {
    let error = location.query_pairs().find(|(name, _)| name == "error");
    error.map_or_else(|| "ok".to_owned(), |(_, error)| error.into_owned())
}

fn page(provider: &Provider, selected: &str) -> Reply {
    let option = |user: &User| {
        let (id, name, login) = (escape(&user.id), escape(&user.name), escape(&user.login));
        let mark = if user.id == selected { " selected" } else { "" };
        format!("<option value=\"{id}\"{mark}>{name} ({login})</option>")
    };
    let seated = provider.people().find(|user| user.id == selected);
    let others = provider.people().filter(|user| user.id != selected).take(MAX_SHOWN - 1);
    let options: String = seated.into_iter().chain(others).map(option).collect();
    let body = format!(
        "<h1>An app asks for access to Box</h1><form method=\"post\">\
         <label for=\"user\">Log in as</label><select id=\"user\" name=\"user\">{options}</select>\
         <button name=\"consent\" value=\"grant\">Grant access to Box</button>\
         <button name=\"consent\" value=\"deny\">Deny access to Box</button></form>\
         <p>This is a sandbox: nobody's Box account is involved.</p>"
    );
    html(StatusCode::OK, "Grant access to Box", &body)
}

fn mistake(error: &str, description: &str) -> Reply {
    let body = format!("<h1>Error: <code>{}</code></h1><p>{}</p>", escape(error), escape(description));
    html(StatusCode::BAD_REQUEST, "Error", &body)
}

fn html(status: StatusCode, title: &str, body: &str) -> Reply {
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head>\
         <body>{body}</body></html>\n"
    );
    Reply { body: page.into(), ..Reply::html(status, "") }.not_stored().with(CONTENT_SECURITY_POLICY, POLICY)
}

fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut safe, letter| {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            other => safe.push(other),
        }
        safe
    })
}
