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
//!  "api_url":"…","upload_url":"…","control_url":"http://127.0.0.1:40113/_sandbox","client_id":"…","client_secret":"…","refresh_token":"…"}
//! ```
//! One line is printed once it listens; it serves until it is killed. `refresh_token` is a ready grant, as if its
//! first access token had been thrown away. `--grants N` makes more of them, each of a user of its own, and adds
//! `refresh_tokens`. `--tls --ca-out FILE` serves HTTPS for `127.0.0.1`, `::1`, `localhost` and Box's own
//! hosts (for clients whose hosts are fixed, behind a proxy that leads here), and adds `ca_file`: the authority to trust,
//! made up at each start. `control_url` is plain HTTP on the same port even then.
//!
//! The line also has `redirect_uris`, `enterprise_id`, `public_key_id`, and the users of the enterprise as `{"type",
//! "id", "name", "login"}`: `users` (people, who can log in; `--users N` of them, the first grants are theirs),
//! `app_users` (for JWT and client credentials) and `service_account` (whom the app acts for with an enterprise as
//! subject). `--app-settings FILE` and `--ccg-settings FILE` write Box's app settings JSON, and add `app_settings` and
//! `ccg_settings`. The private key in there is a public test key: it opens nothing but sandboxes.
//!
//! # What it emulates
//! * `POST /oauth2/token` with every grant of Box. Credentials and parameters are read from a form body only; unknown
//!   parameters are ignored; HTTP Basic is `invalid_client`. Nothing is spent unless the client is known.
//!
//!   | `grant_type` | what is checked |
//!   | --- | --- |
//!   | `refresh_token` | the switches below |
//!   | `authorization_code` | single use, `--code-ttl`, its client, `redirect_uri` if sent, `code_verifier` if there was a challenge |
//!   | `client_credentials` | `box_subject_type` and `box_subject_id`: the enterprise, or a user of it |
//!   | `…:jwt-bearer` | signature (RS256, RS384, RS512), `kid`, `iss`, `sub`, `box_sub_type`, `aud` (always Box's own URL), `exp` (at most 60 s ahead), `nbf`, `iat`, `jti` (16 to 128 characters, once) |
//!   | `…:token-exchange` | a live `subject_token`; scopes that the app and the parent have; `resource` or `box_shared_link`; client credentials if sent. Dies with its parent |
//!
//! * `GET` and `POST /api/oauth2/authorize`: a page on which one of the people grants or denies, and a redirect with
//!   `code` or `error`, and `state`. `redirect_uri` has to be one that is registered, with any port on loopback hosts.
//!   PKCE (S256) and `scope` (narrower only) are optional; `login_hint` selects a person. A `POST` of `consent=grant`
//!   (or `deny`) and `user` (id or login) to the URL with the same query is all that the page does.
//!   `--auto-consent` redirects at once.
//! * `POST /oauth2/revoke`: an access or a refresh token that is valid ends its whole grant; the answer is an empty 200
//!   for unknown tokens too (RFC 7009, section 2.2).
//! * `GET /2.0/users/me`: 200, or an empty 401 with Box's `WWW-Authenticate`. Any call below `/2.0/` with a valid token
//!   counts as a use of it. `GET /2.0/folders/0`, `/2.0/folders/0/items` and the same of folder 1 show an almost empty
//!   account, the same for everybody; other paths are 404, as Box says it.
//! * `GET` and `PUT /2.0/files/N`: a file of N bytes, with what was put; nothing is kept.
//! * `GET /2.0/files/N/content`: a redirect to a download of N bytes, all of them spaces, which refuses a token.
//! * `POST /api/2.0/files/content`: an upload that is counted and thrown away; its `size` is what was counted.
//!
//! Errors have status 400 and Box's bodies byte for byte, where they are known. `Date` is the sandbox's clock.
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
//! | `--code-ttl` | `30s` (default) | life of authorization codes |
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
//! | `POST revoke` | `{"grant": N}`: ends a grant from Box's side, and shows it; `{"token": "…"}`: any token, with its grant if it has one |
//! | `GET tokens` | `{"tokens": […]}`: access tokens without a grant, with `origin`, `user`, `client_id`, `scope`, `parent`, `expires_at`, `alive` |
//! | `POST secret` | `{"client_secret": "…"}`: what a reset in Box's console does |
//! | `GET mood`, `POST mood` | `replay`, `old_token`, `access_ttl` (seconds, `"15m"` or `"varying"`), `refresh_ttl`, `code_ttl`; for what is done from then on |
//! | `POST access-token` | a bare access token of the developer; `{"expires_in": N}` |
//! | `POST developer-token` | a developer token: 60 minutes; `{"user": ID\|LOGIN}` of somebody else |
//! | `GET consent`, `POST consent` | `{"user": ID\|LOGIN, "answer": "ask"\|"grant"\|"deny"}`: who logs in unless the page or `login_hint` says otherwise, and whether there is a page |
//! | `GET users`, `POST users` | adds `{"type": "app"\|"managed", "name", "login"}`, or `{"type", "count": N}` at once |
//! | `GET clients`, `POST clients` | all registered clients; registers one more, with the settings below |
//! | `POST client` | `{"client_id": …}` (default: the first) and the settings to change: `client_secret`, `redirect_uris`, `scopes`, `denied_scopes` (token exchange refuses them), `grant_types` (others are unauthorized), `authorized` (by the enterprise's administrator), `user_tokens` (for people, not only for app users), `public_key_id`, `public_key` (`own`, or `other`: no signature fits) |
//! | `GET app-settings?cipher=C&auth=A&client_id=ID&user_id=ID` | Box's app settings JSON, with `userID` if asked; C: `aes256` (default), `des3`, `legacy`, `none`; A: `jwt` (default), `ccg` |
//! | `POST shared-links` | `{"url", "type": "file"\|"folder"\|"web_link", "id", "password": false}`; what is not said to be otherwise is a folder |
//! | `GET limits`, `POST limits` | `{"per_client": {"limit": N, "window_seconds": W}, "per_user": {…}, "path": "token"\|"revoke"\|"api"\|"authorize"}`, each optional: what is above gets 429 with `retry-after`, and does nothing |
//!
//! ## Faults
//! `{"fault": NAME, "when": "before"|"after", "path": "token"|"revoke"|"api"|"authorize"|"upload"|"download", "count": N}` with the members below.
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
//! | `abandoned` | `endpoint` | the client of a hung request, an upload or a download went away before its end |
//! | `issued` | `kind` (`access`, `refresh`, `code`), `token`, `expires_at`, `origin` (a grant type, `developer`, `control`), `user`, `client_id`, `scope`, `parent` | a token or code came into being; `scope` only where it is narrowed, `parent` only of exchanged tokens |
//! | `used` | `kind`, `token`, `first` | a refresh token or code was accepted (`first` is false for a replay), or an access token at the API |
//! | `killed` | `kind`, `token`, `cause` | it ended before its time: `refreshed` (by its own refresh), `replaced` (by the first use of its successor), `revoked`, `ended` (`POST revoke`), `parent` (with the token it was exchanged for) |
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
mod keys;
pub mod oauth;
mod tls;

pub use app_settings::{ccg_settings, jwt_settings};
pub use clock::{Clock, Reading};
pub use duration::parse_seconds;
pub use http::serve;
pub use oauth::journal;
pub use oauth::{Lifetimes, Mint, Mood, OldToken, Provider, Replay};
pub use tls::Tls;
