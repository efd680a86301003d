use serde::{Deserialize, Serialize};
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Code { Internal, BadRequest, Unreachable, LoginRequired, ActionRequired, Unavailable, Denied, UnknownAccount, MinTtlUnattainable, InvalidScope, VersionMismatch, NotFound, MethodNotAllowed, TooLarge, TooManyConnections }
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem { pub code: Code, pub detail: String, pub account: Option<String>, pub next_step: String, pub retry_after_seconds: Option<u32> }
