//! The cache of tokens: when the daemon is asked, what for, and by how many.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by panicking")]

mod fake;

use std::{
    io::Write as _,
    sync::{Arc, Barrier, Mutex},
    thread,
    time::Duration,
};

use boxd_client::{Code, Error, Problem, Rejected, Secret, Token, TokenCache, TokenRequest};
use boxd_proto::{Request, Response};
use fake::{Fake, frame, greet, request};

/// A daemon that hands out tokens with a promise of so many seconds, one generation after another.
struct Daemon {
    fake: Fake,
    asked: Arc<Mutex<Vec<TokenRequest>>>,
}

impl Daemon {
    fn new(promises: &'static [u32]) -> Self {
        let asked = Arc::<Mutex<Vec<TokenRequest>>>::default();
        let theirs = Arc::clone(&asked);
        let fake = Fake::new(move |_, mut stream| {
            greet(&mut stream);
            while let Some(Request::Token(request)) = request(&mut stream) {
                let mut asked = theirs.lock().unwrap();
                let number = asked.len();
                let response = match promises.get(number) {
                    Some(promise) => Response::Token(token(number as u64 + 1, *promise)),
                    None => Response::Error(problem()),
                };
                asked.push(request);
                stream.write_all(&frame(&response)).unwrap();
            }
        });
        Self { fake, asked }
    }

    fn cache(&self) -> TokenCache {
        self.fake.client().cached(Some("work"))
    }

    fn asked(&self) -> Vec<TokenRequest> {
        self.asked.lock().unwrap().clone()
    }
}

fn token(generation: u64, expires_in_seconds: u32) -> Token {
    Token {
        account: "work".into(),
        access_token: Secret::new(format!("tok-{generation}")),
        expires_in_seconds,
        expires_at: 0,
        box_expires_at: 0,
        generation,
    }
}

fn problem() -> Problem {
    Problem {
        code: Code::Unavailable,
        detail: "d".into(),
        account: None,
        next_step: "n".into(),
        retry_after_seconds: Some(9),
    }
}

#[test]
fn a_token_that_is_promised_for_long_enough_is_not_asked_for_again() {
    let daemon = Daemon::new(&[60, 60]);
    let cache = daemon.cache().min_ttl(Duration::from_secs(30)).wait(Duration::from_millis(1500));
    for _ in 0..5 {
        let token = cache.token().unwrap();
        assert_eq!(token.generation, 1);
        assert!((55..=60).contains(&token.expires_in_seconds), "{token:?}");
    }
    let expected = TokenRequest {
        account: Some("work".into()),
        min_ttl_seconds: 30,
        rejected: Rejected::No,
        wait_millis: Some(1500),
    };
    assert_eq!(daemon.asked(), [expected]);
}

#[test]
fn a_token_that_is_not_is_asked_for_each_time() {
    let daemon = Daemon::new(&[0, 20, 20]);
    let cache = daemon.cache();
    assert_eq!(cache.token().unwrap().generation, 1);
    assert_eq!(cache.token().unwrap().generation, 2, "a promise of nothing is not kept");
    let longer = cache.min_ttl(Duration::from_secs(21));
    assert_eq!(longer.token().unwrap().generation, 3);
}

#[test]
fn a_refused_token_is_reported_and_who_comes_later_gets_the_new_one() {
    let daemon = Daemon::new(&[60, 60]);
    let cache = daemon.cache();
    let old = cache.token().unwrap();
    assert_eq!(cache.rejected(&old).unwrap().generation, 2);
    assert_eq!(cache.rejected(&old).unwrap().generation, 2);
    assert_eq!(cache.token().unwrap().generation, 2);
    let reported: Vec<Rejected> = daemon.asked().into_iter().map(|request| request.rejected).collect();
    assert_eq!(reported, [Rejected::No, Rejected::Generation(1)]);
}

#[test]
fn a_token_that_was_refused_is_not_kept_where_no_other_can_be_had() {
    let daemon = Daemon::new(&[60]);
    let cache = daemon.cache();
    let old = cache.token().unwrap();
    let error = cache.rejected(&old).unwrap_err();
    assert!(error.is_retryable(), "{error}");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(9)));
    assert!(cache.token().is_err(), "the daemon is asked again");
}

#[test]
fn a_call_that_is_refused_is_made_once_more() {
    let daemon = Daemon::new(&[60, 60]);
    let cache = daemon.cache();
    let mut used = Vec::new();
    let outcome: Result<u16, Error> = cache.with_token(
        |token| {
            used.push(token.access_token.expose().to_owned());
            Ok(401)
        },
        |outcome| matches!(outcome, Ok(401)),
    );
    assert_eq!(outcome.unwrap(), 401, "the second refusal is the outcome");
    assert_eq!(used, ["tok-1", "tok-2"]);
    let fine: Result<u16, Error> = cache.with_token(|_| Ok(200), |outcome| matches!(outcome, Ok(401)));
    assert_eq!(fine.unwrap(), 200);
    assert_eq!(daemon.asked().len(), 2);
}

#[test]
fn threads_that_need_a_token_at_the_same_time_share_one_request() {
    let daemon = Daemon::new(&[60, 60]);
    let (cache, together) = (daemon.cache(), Barrier::new(16));
    let all = |work: &(dyn Fn() -> u64 + Sync)| {
        thread::scope(|scope| {
            let threads: Vec<_> = (0..16)
                .map(|_| {
                    scope.spawn(|| {
                        together.wait();
                        work()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        })
    };
    assert_eq!(all(&|| cache.token().unwrap().generation), [1; 16]);
    let old = cache.token().unwrap();
    assert_eq!(all(&|| cache.rejected(&old).unwrap().generation), [2; 16]);
    assert_eq!(daemon.asked().len(), 2);
}
