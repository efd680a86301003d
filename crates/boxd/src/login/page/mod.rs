//! The pages that a person sees in the browser: one template, no script, nothing from elsewhere.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use boxd_proto::Problem;
use hyper::StatusCode;
use ring::digest::{SHA256, digest};

use super::{attempt::Outcome, callback::Foreign};
use crate::account_name::AccountName;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");

/// What a page says. Every text is escaped when it is rendered.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) status: StatusCode,
    tone: Tone,
    title: &'static str,
    lead: String,
    facts: Vec<(&'static str, String)>,
    next: String,
}

#[derive(Clone, Copy, Debug)]
enum Tone {
    Good,
    Bad,
    Neutral,
}

// === impl Page ===

impl Page {
    /// How a login ended.
    pub(super) fn of_outcome(account: &AccountName, outcome: &Outcome) -> Self {
        match outcome {
            Outcome::LoggedIn(user) => Self {
                status: StatusCode::OK,
                tone: Tone::Good,
                title: "You are logged in",
                lead: "boxd now keeps this account's access to Box alive. You can close this page.".into(),
                facts: vec![
                    ("Name", user.name.clone()),
                    ("Login", user.login.clone()),
                    ("Account", account.to_string()),
                ],
                next: String::new(),
            },
            Outcome::Denied(_) => Self {
                status: StatusCode::OK,
                tone: Tone::Neutral,
                title: "Access was denied",
                lead: "Box gave no access, and boxd changed nothing. What was there before goes on working."
                    .into(),
                facts: vec![("Account", account.to_string())],
                next: format!("To try again: boxctl login {account}"),
            },
            Outcome::Failed(problem) => Self::of_problem(account, problem),
        }
    }

    fn of_problem(account: &AccountName, problem: &Problem) -> Self {
        Self {
            // The page did what it should: it tells. A browser shows a page of its own for some of 5xx.
            status: StatusCode::OK,
            tone: Tone::Bad,
            title: "The login failed",
            lead: sentence(&problem.detail),
            facts: vec![("Account", account.to_string())],
            next: sentence(&problem.next_step),
        }
    }

    /// A request that does not belong to the login that waits here; it changed nothing.
    pub(super) fn foreign(reason: Foreign) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            tone: Tone::Neutral,
            title: "This page belongs to no login",
            lead: "It was changed, or belongs to a login that has ended. Nothing was changed by it.".into(),
            facts: vec![("Reason", reason.to_string())],
            next: "Go back to the terminal, and open the address that it shows, or begin again: boxctl login"
                .into(),
        }
    }

    /// The outcome takes longer than a browser waits.
    pub(super) fn still_working(account: &AccountName) -> Self {
        Self {
            status: StatusCode::OK,
            tone: Tone::Neutral,
            title: "boxd is still at work",
            lead: "You consented, and Box has not confirmed it yet.".into(),
            facts: vec![("Account", account.to_string())],
            next: "The outcome is shown in the terminal.".into(),
        }
    }

    /// A request that no browser makes for a login.
    pub(super) fn refused(status: StatusCode) -> Self {
        Self {
            status,
            tone: Tone::Neutral,
            title: "There is nothing here",
            lead: "boxd waits here for one login, and for nothing else.".into(),
            facts: Vec::new(),
            next: String::new(),
        }
    }

    /// The whole document.
    pub(super) fn html(&self) -> String {
        let (class, mark) = match self.tone {
            Tone::Good => ("good", "✓"),
            Tone::Bad => ("bad", "!"),
            Tone::Neutral => ("neutral", "–"),
        };
        let facts = self.facts.iter().fold(String::new(), |facts, (name, value)| {
            format!("{facts}<dt>{}</dt><dd>{}</dd>", escaped(name), escaped(value))
        });
        let (title, lead, next) = (escaped(self.title), escaped(&self.lead), escaped(&self.next));
        // Values are put in between pieces of the template, never searched for places themselves.
        TEMPLATE.split("{{").fold(String::new(), |mut html, piece| {
            let Some((place, text)) = piece.split_once("}}") else { return html + piece };
            html.push_str(match place {
                "title" => &title,
                "style" => STYLE,
                "tone" => class,
                "mark" => mark,
                "lead" => &lead,
                "facts" => &facts,
                "next" => &next,
                _ => "",
            });
            html.push_str(text);
            html
        })
    }

    /// `Content-Security-Policy`: the one style sheet in the page, and nothing else.
    pub(super) fn policy() -> String {
        let hash = BASE64_STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
        format!(
            "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'"
        )
    }
}

/// Text that cannot become markup, between tags and in quoted attributes.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c if c.is_control() => safe.push('\u{FFFD}'),
            c => safe.push(c),
        }
    }
    safe
}

/// Our problems begin in lower case, for a terminal; a page has sentences.
fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    match rest.next() {
        // A command is no sentence.
        Some(first) if !text.starts_with("boxctl") => first.to_uppercase().chain(rest).collect(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use boxd_engine::User;

    use super::*;

    #[test]
    fn no_text_becomes_markup_or_a_place_of_the_template() {
        let user = User {
            id: "1".into(),
            login: "{{lead}}".into(),
            name: "<script>alert('\"&')</script>\u{1b}".into(),
        };
        let html = Page::of_outcome(&AccountName::default_name(), &Outcome::LoggedIn(user)).html();
        assert!(html.contains("&lt;script&gt;alert(&#39;&quot;&amp;&#39;)&lt;/script&gt;\u{FFFD}"), "{html}");
        assert!(html.contains("<dd>{{lead}}</dd>"), "{html}");
        assert!(!html.contains("<script"), "{html}");
    }

    #[test]
    fn a_page_is_whole_and_asks_for_nothing() {
        let html = Page::refused(StatusCode::NOT_FOUND).html();
        assert!(html.starts_with("<!doctype html>") && html.ends_with("</html>\n"), "{html}");
        assert!(!html.contains("{{") && !html.contains("}}"), "{html}");
        for reference in ["src=", "href=", "url(", "@import", "http", "<script"] {
            assert!(!html.contains(reference), "{reference}");
        }
        // The hash of the policy is that of what stands between the tags.
        let style = html.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next()).unwrap();
        assert_eq!(style, STYLE);
    }
}
