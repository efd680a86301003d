//! An emulator of Box's OAuth 2.0 endpoints, for demos and for tests of programs that hold Box tokens.
//!
//! It needs no account, no network and no configuration, it can be told to fail in every way that a network or Box
//! can, and it writes down what happened to each token. It shares no code with boxd, so that both can't be wrong in
//! the same way.
//!
//! # Start
//! ```text
//! $ box-sandbox serve
//! {"url":"http://127.0.0.1:40113","authorize_url":"…","token_url":"http://127.0.0.1:40113/oauth2/token","revoke_url":"…",
//!  "api_url":"…","control_url":"http://127.0.0.1:40113/_sandbox","client_id":"…","client_secret":"…","refresh_token":"…"}
//! ```
//! One line is printed once it listens; it serves until it is killed. `refresh_token` is a ready grant, as if its
//! first access token had been thrown away. `--grants N` makes more of them, each of a user of its own, and adds
//! `refresh_tokens`. `--tls --ca-out FILE` serves HTTPS for `127.0.0.1`, `::1` and `localhost`, and adds `ca_file`:
//! the authority to trust, made up at each start. `control_url` is plain HTTP on the same port even then.
//!
//! # What it emulates
//! * `POST /oauth2/token` with `grant_type=refresh_token`. Credentials and parameters are read from a form body only;
//!   unknown parameters are ignored; HTTP Basic is `invalid_client`. Nothing is spent unless the client is known.
//! * `POST /oauth2/revoke`: an access or a refresh token that is valid ends its whole grant; the answer is an empty 200
//!   for unknown tokens too (RFC 7009, section 2.2).
//! * `GET /2.0/users/me`: 200, or an empty 401 with Box's `WWW-Authenticate`. Any call below `/2.0/` with a valid token
//!   counts as a use of it; other paths are 404 then.
//!
//! Errors have status 400 and Box's bodies byte for byte. `Date` is the sandbox's clock.
//! `authorize_url` is where Box's authorization endpoint will be; it answers 404 so far.
//!
//! What is not certain about Box is a switch, at start or at run time:
//!
//! | switch | value | meaning |
//! | --- | --- | --- |
//! | `--replay` | `window` (default) | a used refresh token gives the same new pair again, with `expires_in` counting down, until the new access token is used or the new refresh token is spent |
//! | | `strict` | a used refresh token is dead at once |
//! | `--old-token` | `first-use` (default) | the old access token dies when the new one is first used |
//! | | `at-once` | it dies with the refresh |
//! | `--access-ttl` | a duration | life of access tokens; without it it varies from 3600 to 4200 s, as Box's does |
//! | `--refresh-ttl` | `60d` (default) | life of refresh tokens, counted from each refresh |
//!
//! # Control API
//! Under `/_sandbox/` (`control_url`), JSON in and out; an empty request body is `{}`. Times are Unix seconds of the
//! sandbox's clock. Mistakes get 400 or 404 with `{"error": "…"}`, and nothing is changed. These requests are never
//! struck by a fault and never in the journal.
//!
//! | request | does |
//! | --- | --- |
//! | `GET clock` | `{"now","offset","frozen"}`; `offset` is to the system's clock |
//! | `POST clock` | `{"advance_seconds": N}` (negative: back), `{"set": UNIX}`, `{"freeze": true\|false}`; may be combined, in the order freeze, set, advance |
//! | `GET faults` | `{"faults": […], "hung": N}`: what is still to strike, and requests that hang now |
//! | `POST faults` | queues a fault or an array of them (see below) |
//! | `DELETE faults` | forgets all that are queued; what hangs goes on hanging |
//! | `POST release` | lets everything that hangs now go on: `{"released": N}` |
//! | `GET journal?since=SEQ&wait=DURATION` | `{"seq": LAST, "entries": […]}`: the entries after SEQ (default 0); with `wait` (at most 60 s) it answers as soon as there is one |
//! | `GET grants` | `{"grants": […]}`, see below |
//! | `POST grants` | opens a grant and shows it; `{"access_token": true}`: with an access token |
//! | `POST revoke` | `{"grant": N}`: ends a grant from Box's side, and shows it |
//! | `POST secret` | `{"client_secret": "…"}`: what a reset in Box's console does |
//! | `GET mood`, `POST mood` | `replay`, `old_token`, `access_ttl` (seconds, `"15m"` or `"varying"`), `refresh_ttl`; for what is done from then on |
//! | `POST access-token` | a bare access token such as a developer token; `{"expires_in": N}` |
//!
//! ## Faults
//! `{"fault": NAME, "when": "before"|"after", "path": "token"|"revoke"|"api", "count": N}` with the members below.
//! Defaults: `before`, `token`, 1. *Before*: the endpoint does nothing, the grant is not spent. *After*: it has done all
//! its work, and only the client does not know. Faults of one path strike in the order in which they were queued, one a
//! request.
//!
//! | fault | members | what the client sees |
//! | --- | --- | --- |
//! | `refuse` | | a connection that is reset with nothing read from it; before only, any path, one a connection |
//! | `hang` | | no answer until `POST release`; then the true one (*before*: the work is done then) |
//! | `drop` | | the request is read, the connection closed |
//! | `status` | `status` (200 to 599), `retry_after`, `body` | that status with Box's body: none with 409, `rate_limit_exceeded` with 429 |
//! | `error` | `error`, `error_description`, `status` (400) | any OAuth error |
//! | `html` | `status` (200) | a page, as captive portals and load balancers send it |
//! | `redirect` | `status` (302), `location` | a redirect |
//! | `truncate` | | half of the body, then the connection ends; `Content-Length` promised all |
//! | `truncate_json` | | half of the body with a `Content-Length` that fits |
//! | `slow` | `pause_ms` (100), `piece` (16 bytes) | the true answer in pieces; after only |
//! | `oversized` | `bytes` (64 MiB) | so many spaces, then the true answer; after only |
//! | `patch` | `merge` | the true answer changed by a JSON merge patch (RFC 7396); after only |
//!
//! `truncate` and `truncate_json` *before* cut an answer whose tokens were never issued.
//!
//! ## Journal
//! Each entry has `seq` (from 1, without gaps), `time`, `event` and, where it is known, `grant`:
//!
//! | event | members | when |
//! | --- | --- | --- |
//! | `received` | `endpoint`, `grant_type` | a request to one of Box's endpoints was read completely |
//! | `handled` | `endpoint`, `status`, `outcome` | the endpoint has done its work; `outcome` is `ok` or the error |
//! | `fault` | `endpoint`, `fault`, `when` | a fault struck; with `before` (and no release) no `handled` follows |
//! | `abandoned` | `endpoint` | the client of a hung request went away |
//! | `issued` | `kind` (`access`, `refresh`), `token`, `expires_at` | a token came into being |
//! | `used` | `kind`, `token`, `first` | a refresh token was accepted (`first` is false for a replay), or an access token at the API |
//! | `killed` | `kind`, `token`, `cause` | it ended before its time: `refreshed` (by its own refresh), `replaced` (by the first use of its successor), `revoked`, `ended` (`POST revoke`) |
//!
//! ## Grants
//! [`GrantView`](oauth::GrantView) describes the members. `max_in_flight` above 1 means that a client spent one grant
//! twice at a time: a request counts from when it was read until its answer has left, hung and slow ones included.

mod app_settings;
mod base64url;
mod clock;
mod duration;
pub mod fault;
mod http;
pub mod journal;
mod keys;
pub mod oauth;
mod tls;

pub use app_settings::{ccg_settings, jwt_settings};
pub use clock::{Clock, Reading};
pub use duration::parse_seconds;
pub use http::serve;
pub use oauth::{Lifetimes, Mint, Mood, OldToken, Provider, Replay};
pub use tls::Tls;
