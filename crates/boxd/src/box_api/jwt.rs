//! A token by assertion, even where this machine's clock is wrong.

use std::{
    fmt,
    sync::atomic::{AtomicI64, Ordering},
};

use boxd_engine::{ClientSecret, Exchange, WallTime};
use ring::rand::SecureRandom;

use super::{BoxApi, Endpoint, answer::Refusal, exchange::Answered};
use crate::assertion::{Algorithm, Claims, SignError, SigningKey, Subject};

/// Requests in all, as in Box's SDKs. Each is corrected by the answer before, so that none waits.
const ATTEMPTS: u32 = 5;

/// The claims that a clock, or an assertion that was seen before, can spoil. Box names the one in a sentence.
const MENDABLE: [&str; 4] = ["exp", "iat", "nbf", "jti"];

/// How far Box's clock is ahead of this machine's, as last measured; in milliseconds.
///
/// Kept for each place that tokens come from. A clock that is set right later makes Box refuse once more, and
/// the skew is measured anew.
#[derive(Default)]
pub struct Skew(AtomicI64);

/// An application and the key it signs with.
#[derive(Clone, Copy, Debug)]
pub struct JwtGrant<'a> {
    /// The client id, which is also the issuer.
    pub client_id: &'a str,
    /// The client secret: Box wants it besides the assertion.
    pub client_secret: &'a ClientSecret,
    /// The opened private key.
    pub key: &'a SigningKey,
    /// The id under which Box keeps the public key.
    pub kid: &'a str,
    /// How to sign.
    pub algorithm: Algorithm,
    /// For whom.
    pub subject: &'a Subject,
}

/// What an assertion needs of the machine.
#[derive(Clone, Copy)]
pub struct Present<'a> {
    /// The wall clock.
    pub now: &'a (dyn Fn() -> WallTime + Sync),
    /// For the `jti`.
    pub random: &'a (dyn SecureRandom + Sync),
    /// What is known of Box's clock.
    pub skew: &'a Skew,
}

impl Skew {
    /// Milliseconds by which Box's clock is ahead.
    pub fn millis(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    fn by_box(&self, ours: WallTime) -> WallTime {
        WallTime(ours.0.saturating_add(self.millis()))
    }

    fn measured(&self, ours: WallTime, by_box: WallTime) {
        self.0.store(by_box.millis_since(ours), Ordering::Relaxed);
    }
}

impl fmt::Debug for Skew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Skew({} ms)", self.millis())
    }
}

impl Present<'_> {
    /// The claims of a new assertion, by Box's clock as far as it is known.
    fn claims<'a>(&self, grant: &JwtGrant<'a>) -> Result<Claims<'a>, SignError> {
        let mut jti = [0; 32];
        self.random.fill(&mut jti).map_err(|_unspecified| SignError::Random)?;
        Ok(Claims::at(self.skew.by_box((self.now)()), grant.client_id, grant.subject, jti))
    }
}

impl BoxApi {
    /// Signs an assertion and presents it. Where Box refuses it for its times or its `jti` and tells its own
    /// time (`Date`), the clock's skew is noted, and a new assertion with a new `jti` goes out: at most 5
    /// in all (the recipe of Box's SDKs). Any other outcome is final.
    pub async fn jwt(
        &self,
        endpoint: &Endpoint,
        grant: &JwtGrant<'_>,
        present: &Present<'_>,
    ) -> Result<Exchange, SignError> {
        let mut attempt = 1;
        loop {
            let assertion = grant.key.assertion(&present.claims(grant)?, grant.kid, grant.algorithm)?;
            let answered = self.present(endpoint, grant.client_id, grant.client_secret, &assertion).await;
            let Some(date) = mendable(&answered) else { return Ok(answered.exchange) };
            present.skew.measured((present.now)(), date);
            if attempt >= ATTEMPTS {
                return Ok(answered.exchange);
            }
            attempt += 1;
        }
    }
}

/// Box's time, where it refused an assertion that a right clock or a new `jti` would mend.
fn mendable(answered: &Answered) -> Option<WallTime> {
    let Exchange::Reply(reply) = &answered.exchange else { return None };
    let refusal =
        Refusal::of(reply).filter(|refusal| reply.status == 400 && refusal.error == "invalid_grant")?;
    let mut words = refusal.description().split(|c: char| !c.is_ascii_alphanumeric());
    answered.date.filter(|_| words.any(|word| MENDABLE.contains(&word)))
}
