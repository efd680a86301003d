//! `mood`: how tokens end and how long they live.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::app::App;
use super::outcome::{Outcome, Refused, bad, parse};
use crate::duration::parse_seconds;
use crate::oauth::{OldToken, Replay};

pub(super) fn mood(app: &App) -> Value {
    app.with(|provider, _| {
        let (mood, lives) = (provider.mood, provider.lifetimes);
        json!({
            "replay": mood.replay, "old_token": mood.old_token,
            "access_ttl": lives.access.map_or_else(|| json!(Varying::Varying), |seconds| json!(seconds)),
            "refresh_ttl": lives.refresh, "code_ttl": lives.code,
        })
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewMood {
    replay: Option<Replay>,
    old_token: Option<OldToken>,
    access_ttl: Option<AccessTtl>,
    refresh_ttl: Option<Seconds>,
    code_ttl: Option<Seconds>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum AccessTtl {
    Varying(Varying),
    Fixed(Seconds),
}

#[derive(Deserialize, Serialize)]
enum Varying {
    #[serde(rename = "varying")]
    Varying,
}

impl AccessTtl {
    fn get(self) -> Result<Option<u64>, Refused> {
        match self {
            Self::Varying(Varying::Varying) => Ok(None),
            Self::Fixed(seconds) => seconds.get().map(Some),
        }
    }
}

/// A number of seconds or a duration such as `"15m"`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(u64),
    Text(String),
}

impl Seconds {
    fn get(self) -> Result<u64, Refused> {
        match self {
            Self::Number(seconds) => Ok(seconds),
            Self::Text(text) => parse_seconds(&text).map_err(bad),
        }
    }
}

pub(super) fn set_mood(app: &App, body: &[u8]) -> Outcome {
    let new: NewMood = parse(body)?;
    let access = new.access_ttl.map(AccessTtl::get).transpose()?;
    let refresh = new.refresh_ttl.map(Seconds::get).transpose()?;
    let code = new.code_ttl.map(Seconds::get).transpose()?;
    app.with(|provider, _| {
        provider.mood.replay = new.replay.unwrap_or(provider.mood.replay);
        provider.mood.old_token = new.old_token.unwrap_or(provider.mood.old_token);
        provider.lifetimes.access = access.unwrap_or(provider.lifetimes.access);
        provider.lifetimes.refresh = refresh.unwrap_or(provider.lifetimes.refresh);
        provider.lifetimes.code = code.unwrap_or(provider.lifetimes.code);
    });
    Ok(mood(app))
}
