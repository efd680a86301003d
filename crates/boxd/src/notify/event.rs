//! One event as JSON and as lines for people; never a secret.

use boxd_proto::GrantState;
use serde_json::{Value, json};

use super::{
    news::{Kind, News},
    standing::{Nature, Standing},
};
use crate::account_name::AccountName;

/// Accounts that are named one by one where many have news at once.
const MOST_NAMED: usize = 20;

/// An event, ready to be told.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Event {
    /// `None`: of several accounts.
    pub(super) account: Option<AccountName>,
    pub(super) kind: &'static str,
    pub(super) state: Option<GrantState>,
    pub(super) urgency: Urgency,
    /// The same for the same news, so that a receiver can tell repetitions.
    pub(super) id: String,
    /// One short line.
    pub(super) title: String,
    /// What happened.
    pub(super) message: String,
    /// What to do, with the command.
    pub(super) next_step: String,
    /// For the command's standard input.
    pub(super) json: Value,
}

/// How urgent an event is, in the words of desktop notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    Low,
    Normal,
    Critical,
}

impl Urgency {
    fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::Critical => "critical",
        }
    }
}

/// What one account has to say, at this date (seconds since the Unix epoch).
pub(super) fn of(account: &AccountName, standing: &Standing, news: &News, at: i64) -> Event {
    let fault = standing.fault.as_ref().filter(|_| news.kind != Kind::Resolved);
    let urgency = urgency(news.kind);
    let title = title(account, news.kind);
    let detail = fault.map_or("", |fault| fault.detail.as_str());
    let message = match news.kind {
        Kind::LoginRequired | Kind::ActionRequired | Kind::Unsaved => format!("account {account}: {detail}"),
        Kind::Deadline(_) => {
            let date = standing.deadline.map(boxd_json::date).unwrap_or_default();
            format!(
                "account {account} has not been renewed for long: unless it is before {date}, a login is needed; \
                 what stands in the way: {detail}"
            )
        }
        Kind::Resolved => format!("account {account}: what was reported before is over"),
    };
    let (next_step, command) = match (fault, news.kind) {
        (None, _) => ("nothing to do".to_owned(), None),
        (Some(fault), Kind::Deadline(_)) if fault.nature == Nature::Passing => {
            let command = format!("boxctl refresh {account}");
            (format!("{}; then, to see that it works again: {command}", fault.next_step), Some(command))
        }
        (Some(fault), _) => (fault.next_step.clone(), Some(fault.command.clone())),
    };
    let what = match news.kind {
        Kind::Deadline(days) => days.to_string(),
        _ => fault.map_or("", |fault| fault.name).to_owned(),
    };
    let grant = news.told.grant.get(..8).unwrap_or_default();
    let id = format!("{account}-{grant}-{}-{}-{what}", standing.generation, news.kind.name());
    let json = json!({
        "schema": boxd_json::SCHEMA,
        "id": id,
        "event": news.kind.name(),
        "at": boxd_json::date(at),
        "account": account.as_str(),
        "state": boxd_json::state(standing.shown_state),
        "error": fault.map(|fault| fault.code),
        "reason": fault.map(|fault| fault.name),
        "urgency": urgency.word(),
        "title": title,
        "message": message,
        "next_step": next_step,
        "command": command,
        "login_deadline": standing.deadline.map(boxd_json::date),
        "days_left": match news.kind { Kind::Deadline(_) => standing.left.map(days), _ => None },
    });
    let (kind, state) = (news.kind.name(), Some(standing.shown_state));
    Event { account: Some(account.clone()), kind, state, urgency, id, title, message, next_step, json }
}

/// Many accounts have news at once: nobody wants a page for each.
pub(super) fn of_several(events: &[Event], at: i64) -> Event {
    let names: Vec<&str> =
        events.iter().filter_map(|event| event.account.as_ref()).map(AccountName::as_str).collect();
    let named = names.get(..MOST_NAMED).unwrap_or(&names);
    let critical = events.iter().any(|event| event.urgency == Urgency::Critical);
    let urgency = if critical { Urgency::Critical } else { Urgency::Normal };
    let title = format!("Box: news of {} accounts", events.len());
    let message = format!("{} accounts have news at once, among them {}", events.len(), named.join(", "));
    let next_step = "see what each needs: boxctl status".to_owned();
    let id = format!("several-{at}-{}", events.len());
    let json = json!({
        "schema": boxd_json::SCHEMA,
        "id": id,
        "event": "several",
        "at": boxd_json::date(at),
        "account": null,
        "accounts": named,
        "count": events.len(),
        "urgency": urgency.word(),
        "title": title,
        "message": message,
        "next_step": next_step,
        "command": "boxctl status",
    });
    Event { account: None, kind: "several", state: None, urgency, id, title, message, next_step, json }
}

fn urgency(kind: Kind) -> Urgency {
    match kind {
        Kind::LoginRequired | Kind::ActionRequired | Kind::Unsaved | Kind::Deadline(1) => Urgency::Critical,
        Kind::Deadline(_) => Urgency::Normal,
        Kind::Resolved => Urgency::Low,
    }
}

fn title(account: &AccountName, kind: Kind) -> String {
    match kind {
        Kind::LoginRequired => format!("Box account {account} needs a login"),
        Kind::ActionRequired => format!("Box account {account} needs you"),
        Kind::Unsaved => format!("Box account {account} cannot be saved"),
        Kind::Deadline(1) => format!("Box account {account}: its login ends within a day"),
        Kind::Deadline(days) => format!("Box account {account}: its login ends within {days} days"),
        Kind::Resolved => format!("Box account {account} is well again"),
    }
}

fn days(seconds: i64) -> i64 {
    seconds.div_euclid(24 * 60 * 60)
}
