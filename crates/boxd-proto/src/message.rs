use serde::{Deserialize, Serialize};
use crate::{error::{Code, Problem}, secret::Secret};
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request { Token(TokenRequest), Status{account: Option<String>}, Refresh{account: Option<String>, wait_millis: Option<u32>}, Accounts, Import(Box<Import>), Logout{account: Option<String>, local: bool}, Rename{from: String, to: String}, Adopt{account: String}, Reload, Info, ReturnError{code: Code} }
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRequest { pub account: Option<String>, pub min_ttl_seconds: u32, pub rejected: Rejected, pub wait_millis: Option<u32> }
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rejected { No, Generation(u64), Token(Secret) }
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import { pub account: Option<String>, pub replace: bool, pub credential: ImportedCredential, pub endpoints: Endpoints }
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImportedCredential { OAuth2{client_id: String, client_secret: Option<Secret>, refresh_token: Secret, access_token: Option<Secret>, expires_at: Option<i64>, refresh_now: bool}, AccessToken{access_token: Secret, expires_at: Option<i64>} }
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints { pub authorize_url: Option<String>, pub token_url: Option<String>, pub revoke_url: Option<String>, pub api_url: Option<String>, pub upload_url: Option<String>, pub ca_file: Option<String>, pub proxy: Option<String> }
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Response { Token(Token), Account(Box<AccountStatus>), AccountName(String), End, Done, Info(Box<Info>), Error(Problem) }
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token { pub account: String, pub access_token: Secret, pub expires_in_seconds: u32, pub expires_at: i64, pub box_expires_at: i64, pub generation: u64 }
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info { pub version: String, pub pid: u32, pub config_file: String, pub state_dir: String, pub socket: String, pub key_source: String }
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Auth { OAuth2, Token, Ccg, Jwt }
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GrantState { Absent, Healthy, Spending, InDoubt, Unsaved, Backoff, LoginRequired, ActionRequired }
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User { pub id: String, pub login: String, pub name: String }
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountStatus { pub account: String, pub auth: Auth, pub user: Option<User>, pub state: GrantState, pub token: bool, pub expires_in_seconds: Option<u32>, pub expires_at: Option<i64>, pub box_expires_at: Option<i64>, pub generation: u64, pub next_refresh_at: Option<i64>, pub login_deadline: Option<i64>, pub orphaned: bool, pub store_bound: bool, pub error: Option<Problem>, pub warnings: Vec<String> }
