//! The last token of one account, kept for a whole program.

use std::{
    sync::{Mutex, MutexGuard, PoisonError, RwLock},
    time::Duration,
};

use boxd_proto::{Rejected, Token, TokenRequest};

use crate::{boot::BootTime, client::Client, error::Error};

/// With less of a promise left than this a token is not worth a call to Box.
const LEAST: Duration = Duration::from_secs(1);

/// The token of one account, kept in memory: the daemon is asked only where the token would not be promised for long
/// enough any more. For all threads of a program: those that need a new one at the same time share one request.
///
/// ```no_run
/// use std::time::Duration;
/// use boxd_client::Client;
///
/// # fn call_box(secret: &str) -> Result<u16, Box<dyn std::error::Error>> { Ok(200) }
/// let tokens = Client::connect()?.cached(Some("work")).min_ttl(Duration::from_secs(60));
/// let token = tokens.token()?;
/// call_box(token.access_token.expose())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TokenCache {
    account: Option<String>,
    min_ttl: Duration,
    wait_millis: Option<u32>,
    kept: RwLock<Option<Kept>>,
    client: Mutex<Client>,
}

#[derive(Debug)]
struct Kept {
    token: Token,
    /// Until when it is promised.
    until: BootTime,
}

impl Client {
    /// Keeps the token of one account for all threads of a program; `None`: of the default one.
    pub fn cached(self, account: Option<&str>) -> TokenCache {
        TokenCache::new(self, account.map(str::to_owned))
    }
}

impl TokenCache {
    fn new(client: Client, account: Option<String>) -> Self {
        let (kept, client) = (RwLock::new(None), Mutex::new(client));
        Self { account, min_ttl: Duration::ZERO, wait_millis: None, kept, client }
    }

    /// Each token is promised for at least this long when it is handed out; in whole seconds. Box's tokens live about an
    /// hour, less the daemon's lead: more is not to be had. The default is none.
    #[must_use]
    pub fn min_ttl(mut self, min_ttl: Duration) -> Self {
        self.min_ttl = min_ttl;
        self
    }

    /// Waits at most this long for the daemon where it has no such token at hand. The default is 30 s.
    #[must_use]
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait_millis = Some(u32::try_from(wait.as_millis()).unwrap_or(u32::MAX));
        self
    }

    /// The token, promised for at least `min_ttl`.
    ///
    /// # Errors
    /// As [`Client::token`].
    pub fn token(&self) -> Result<Token, Error> {
        if let Some(token) = self.at_hand(0) {
            return Ok(token);
        }
        let mut client = self.client();
        // Somebody may have got it while we waited for our turn.
        match self.at_hand(0) {
            Some(token) => Ok(token),
            None => self.ask(&mut client, Rejected::No),
        }
    }

    /// Another token than this one, to which Box answered 401. Where it is the current one the daemon renews it, once
    /// for all programs that report it.
    ///
    /// # Errors
    /// As [`Client::token`]; [`Code::Unavailable`](crate::Code::Unavailable) with [`Error::retry_after`] where tokens
    /// were reported too often.
    pub fn rejected(&self, token: &Token) -> Result<Token, Error> {
        let mut client = self.client();
        if let Some(newer) = self.at_hand(token.generation.saturating_add(1)) {
            return Ok(newer);
        }
        self.forget();
        self.ask(&mut client, Rejected::Generation(token.generation))
    }

    /// Makes a call with the token, and once more with another one where the first was refused.
    ///
    /// `is_refused` tells a 401 from other outcomes, as HTTP libraries differ in whether that is an error.
    ///
    /// ```no_run
    /// # struct Reply { status: u16 }
    /// # fn get(url: &str, bearer: &str) -> Result<Reply, Box<dyn std::error::Error>> { Ok(Reply { status: 200 }) }
    /// # let tokens = boxd_client::Client::connect()?.cached(None);
    /// let reply = tokens.with_token(
    ///     |token| get("https://api.box.com/2.0/users/me", token.access_token.expose()),
    ///     |outcome| matches!(outcome, Ok(reply) if reply.status == 401),
    /// )?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of the call, and those of [`TokenCache::token`] and [`TokenCache::rejected`].
    pub fn with_token<T, E: From<Error>>(
        &self,
        mut call: impl FnMut(&Token) -> Result<T, E>,
        is_refused: impl Fn(&Result<T, E>) -> bool,
    ) -> Result<T, E> {
        let token = self.token()?;
        let outcome = call(&token);
        if is_refused(&outcome) { call(&self.rejected(&token)?) } else { outcome }
    }

    /// The kept token, if it is good for long enough and not older than this generation.
    fn at_hand(&self, oldest: u64) -> Option<Token> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.as_ref().filter(|kept| kept.token.generation >= oldest)?;
        let left = BootTime::now().until(kept.until);
        let expires_in_seconds = u32::try_from(left.as_secs()).unwrap_or(u32::MAX);
        (left >= self.min_ttl.max(LEAST)).then(|| Token { expires_in_seconds, ..kept.token.clone() })
    }

    fn ask(&self, client: &mut Client, rejected: Rejected) -> Result<Token, Error> {
        let request = TokenRequest {
            account: self.account.clone(),
            min_ttl_seconds: u32::try_from(self.min_ttl.as_secs()).unwrap_or(u32::MAX),
            rejected,
            wait_millis: self.wait_millis,
        };
        // From before the answer, which may be old when it is read; at worst the daemon is asked sooner.
        let asked = BootTime::now();
        let token = client.token(&request)?;
        let until = asked.after(Duration::from_secs(token.expires_in_seconds.into()));
        let kept = Kept { token: token.clone(), until };
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        Ok(token)
    }

    fn forget(&self) {
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Held while the daemon is asked: one thread asks, the others wait for its answer.
    fn client(&self) -> MutexGuard<'_, Client> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
