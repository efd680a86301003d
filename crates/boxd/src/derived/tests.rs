//! The cache against accounts and a Box that are numbers in memory; time stands still unless a test moves it.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use boxd_engine::{AccessToken, BootTime, Generation, WallTime};
use boxd_proto::{Code, Problem, Rejected, Secret};
use tokio::sync::Semaphore;
use url::Url;

use super::{DerivedTokens, Handed, Minted, Parent, Restriction, Source, Unminted, Wish, shelf};
use crate::account_name::AccountName;

const HOUR: Duration = Duration::from_hours(1);

#[derive(Clone, Debug)]
struct Fake(Arc<World>);

#[derive(Debug)]
struct World {
    boot: AtomicU64,
    generation: AtomicU64,
    requests: AtomicUsize,
    /// Requests to Box go on only with a permit.
    gate: Semaphore,
    answers: Mutex<Vec<Unminted>>,
    life: Mutex<Duration>,
}

impl Fake {
    fn new() -> Self {
        Self(Arc::new(World {
            boot: AtomicU64::new(1_000_000),
            generation: AtomicU64::new(7),
            requests: AtomicUsize::new(0),
            gate: Semaphore::new(10_000),
            answers: Mutex::default(),
            life: Mutex::new(HOUR),
        }))
    }

    fn pass(&self, time: Duration) {
        self.0.boot.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }

    fn requests(&self) -> usize {
        self.0.requests.load(Ordering::Relaxed)
    }

    fn fails(&self, answer: Unminted) {
        self.0.answers.lock().unwrap().push(answer);
    }

    async fn mint(&self, name: &str) -> Result<Minted, Unminted> {
        let number = self.0.requests.fetch_add(1, Ordering::Relaxed);
        let sent = self.boot();
        self.0.gate.acquire().await.unwrap().forget();
        if let Some(answer) = self.0.answers.lock().unwrap().pop() {
            return Err(answer);
        }
        let access = AccessToken::new(format!("{name}-{number}"));
        let restricted_to = Some("[]".to_owned());
        Ok(Minted { access, sent, life: *self.0.life.lock().unwrap(), restricted_to })
    }
}

impl Source for Fake {
    fn boot(&self) -> BootTime {
        BootTime(self.0.boot.load(Ordering::Relaxed))
    }

    fn wall(&self) -> WallTime {
        WallTime(1_790_000_000_000)
    }

    fn generation(&self, _account: &AccountName) -> Option<Generation> {
        Some(Generation(self.0.generation.load(Ordering::Relaxed)))
    }

    async fn parent(
        &self,
        _account: &AccountName,
        _min_ttl: Duration,
        refused: Option<Generation>,
        _until: BootTime,
    ) -> Result<Parent, Problem> {
        if refused.is_some() {
            self.0.generation.fetch_add(1, Ordering::Relaxed);
        }
        let generation = Generation(self.0.generation.load(Ordering::Relaxed));
        let access = AccessToken::new(format!("A{generation}"));
        Ok(Parent { access, generation, promised: self.boot().after(HOUR / 2) })
    }

    async fn mint_as(&self, _account: &AccountName, user: &str) -> Result<Minted, Problem> {
        self.mint(&format!("U{user}")).await.map_err(|_unminted| problem(Code::Unavailable))
    }

    async fn exchange(
        &self,
        _account: &AccountName,
        parent: &AccessToken,
        _restriction: &Restriction,
    ) -> Result<Minted, Unminted> {
        self.mint(&format!("D({})", parent.expose())).await
    }
}

fn problem(code: Code) -> Problem {
    Problem {
        code,
        detail: String::new(),
        account: None,
        next_step: String::new(),
        retry_after_seconds: None,
    }
}

fn wish(scope: &str) -> Wish {
    let api = Url::parse("https://api.box.com").unwrap();
    Wish {
        account: "work".parse().unwrap(),
        user: None,
        restriction: Restriction::parse(&[scope.to_owned()], None, None, &api).unwrap(),
        min_ttl: Duration::ZERO,
        rejected: Rejected::No,
        wait: Duration::from_secs(30),
    }
}

fn as_user(user: &str) -> Wish {
    Wish { user: Some(user.to_owned()), restriction: None, ..wish("a") }
}

fn world() -> (Fake, DerivedTokens<Fake>) {
    let fake = Fake::new();
    (fake.clone(), DerivedTokens::new(fake))
}

async fn token(tokens: &DerivedTokens<Fake>, wish: &Wish) -> String {
    named(&tokens.get(wish.clone()).await.unwrap())
}

fn named(handed: &Handed) -> String {
    handed.access.expose().to_owned()
}

#[tokio::test]
async fn it_is_made_once_and_kept() {
    let (fake, tokens) = world();
    assert!(tokens.at_hand(&wish("a")).is_none());
    assert_eq!(token(&tokens, &wish("a")).await, "D(A7)-0");
    assert_eq!(token(&tokens, &wish("a")).await, "D(A7)-0");
    let kept = tokens.at_hand(&wish("a")).unwrap().unwrap();
    assert_eq!((kept.promised_for, kept.box_for), (HOUR / 2, HOUR), "it is promised as long as its parent");
    assert_eq!(token(&tokens, &wish("b")).await, "D(A7)-1");
    assert_eq!(fake.requests(), 2);
}

#[tokio::test]
async fn many_who_ask_at_once_share_one_request_and_one_who_leaves_changes_nothing() {
    let (fake, tokens) = world();
    fake.0.gate.forget_permits(10_000);
    let asking: Vec<_> = (0..50)
        .map(|_| {
            let tokens = tokens.clone();
            tokio::spawn(async move { token(&tokens, &wish("a")).await })
        })
        .collect();
    while fake.requests() == 0 {
        tokio::task::yield_now().await;
    }
    let mut asking = asking.into_iter();
    asking.next().unwrap().abort();
    fake.0.gate.add_permits(1);
    for asked in asking {
        assert_eq!(asked.await.unwrap(), "D(A7)-0");
    }
    assert_eq!(fake.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_ends_leaves_the_request_to_the_next_caller() {
    let (fake, tokens) = world();
    fake.0.gate.forget_permits(10_000);
    let impatient = Wish { wait: Duration::ZERO, ..wish("a") };
    assert_eq!(tokens.get(impatient).await.unwrap_err().code, Code::Unavailable);
    fake.0.gate.add_permits(1);
    assert_eq!(token(&tokens, &wish("a")).await, "D(A7)-0");
    assert_eq!(fake.requests(), 1);
}

#[tokio::test]
async fn all_fall_with_their_parent() {
    let (fake, tokens) = world();
    token(&tokens, &wish("a")).await;
    fake.0.generation.store(8, Ordering::Relaxed);
    assert!(tokens.at_hand(&wish("a")).is_none());
    assert_eq!(token(&tokens, &wish("a")).await, "D(A8)-1");
    fake.pass(HOUR / 2);
    let overdue = tokens.at_hand(&wish("a")).unwrap().unwrap();
    assert_eq!(named(&overdue), "D(A8)-1", "nothing is promised any more, but it is valid");
    assert_eq!(overdue.promised_for, Duration::ZERO);
    fake.pass(HOUR / 2);
    assert_eq!(token(&tokens, &wish("a")).await, "D(A8)-2", "it has ended");
    tokens.drop_account(&wish("a").account);
    assert!(tokens.at_hand(&wish("a")).is_none());
}

#[tokio::test]
async fn a_longer_life_makes_a_new_one_or_is_unattainable() {
    let (fake, tokens) = world();
    token(&tokens, &wish("a")).await;
    fake.pass(HOUR / 4);
    let longer = Wish { min_ttl: HOUR / 3, ..wish("a") };
    assert_eq!(token(&tokens, &longer).await, "D(A7)-1");
    let too_long = Wish { min_ttl: HOUR, ..wish("a") };
    assert_eq!(tokens.get(too_long).await.unwrap_err().code, Code::MinTtlUnattainable);
}

#[tokio::test]
async fn a_rejected_one_is_made_anew_but_not_in_a_loop() {
    let (fake, tokens) = world();
    let first = tokens.get(wish("a")).await.unwrap();
    let rejecting = |rejected| Wish { rejected, ..wish("a") };
    let by_token = rejecting(Rejected::Token(Secret::new(named(&first))));
    assert_eq!(tokens.get(by_token.clone()).await.unwrap_err().code, Code::Unavailable, "too soon");
    fake.pass(Duration::from_mins(2));
    assert_eq!(token(&tokens, &by_token).await, "D(A7)-1");
    assert_eq!(token(&tokens, &by_token).await, "D(A7)-1", "an old one");
    let second = tokens.get(wish("a")).await.unwrap().generation;
    assert!(second > first.generation);
    fake.pass(Duration::from_mins(2));
    assert_eq!(token(&tokens, &rejecting(Rejected::Generation(first.generation.0))).await, "D(A7)-1");
    assert_eq!(token(&tokens, &rejecting(Rejected::Generation(second.0))).await, "D(A7)-2");
}

#[tokio::test]
async fn a_parent_that_box_rejects_is_renewed_once() {
    let (fake, tokens) = world();
    fake.fails(Unminted::ParentRejected);
    assert_eq!(token(&tokens, &wish("a")).await, "D(A8)-1");
    for _ in 0..2 {
        fake.fails(Unminted::ParentRejected);
    }
    assert_eq!(tokens.get(wish("b")).await.unwrap_err().code, Code::Unavailable);
    assert_eq!(fake.requests(), 4);
}

#[tokio::test]
async fn a_refused_scope_is_remembered_for_a_moment_and_other_failures_are_not() {
    let (fake, tokens) = world();
    fake.fails(Unminted::InvalidScope(problem(Code::InvalidScope)));
    for _ in 0..3 {
        assert_eq!(tokens.get(wish("a")).await.unwrap_err().code, Code::InvalidScope);
    }
    assert_eq!(fake.requests(), 1);
    fake.pass(Duration::from_secs(10));
    assert_eq!(token(&tokens, &wish("a")).await, "D(A7)-1");
    fake.fails(Unminted::Failed(problem(Code::Unavailable)));
    assert_eq!(tokens.get(wish("b")).await.unwrap_err().code, Code::Unavailable);
    assert_eq!(token(&tokens, &wish("b")).await, "D(A7)-3");
}

#[tokio::test]
async fn users_have_tokens_of_their_own_that_may_be_downscoped_too() {
    let (fake, tokens) = world();
    assert_eq!(token(&tokens, &as_user("1")).await, "U1-0");
    assert_eq!(token(&tokens, &as_user("2")).await, "U2-1");
    let downscoped = Wish { user: Some("1".into()), ..wish("a") };
    assert_eq!(token(&tokens, &downscoped).await, "D(U1-0)-2");
    fake.0.generation.store(8, Ordering::Relaxed);
    assert_eq!(token(&tokens, &as_user("1")).await, "U1-0", "the account's own token is not its parent");
    assert_eq!(token(&tokens, &downscoped).await, "D(U1-0)-2");
    fake.pass(Duration::from_mins(56));
    assert_eq!(token(&tokens, &as_user("1")).await, "U1-0", "it is good for some minutes more");
    while token(&tokens, &as_user("1")).await == "U1-0" {
        tokio::task::yield_now().await;
    }
    assert_eq!(token(&tokens, &as_user("1")).await, "U1-3", "made anew before its end");
}

#[tokio::test]
async fn a_users_token_is_served_until_its_end_while_box_does_not_answer() {
    let (fake, tokens) = world();
    assert_eq!(token(&tokens, &as_user("1")).await, "U1-0");
    fake.0.gate.forget_permits(10_000);
    fake.pass(Duration::from_mins(56));
    for _ in 0..3 {
        assert_eq!(named(&tokens.at_hand(&as_user("1")).unwrap().unwrap()), "U1-0");
        tokio::task::yield_now().await;
    }
    assert_eq!(fake.requests(), 2);
}

#[tokio::test]
async fn who_needs_less_does_not_wait_for_who_needs_more() {
    let (fake, tokens) = world();
    fake.0.gate.forget_permits(10_000);
    let asks = |min_ttl| {
        let tokens = tokens.clone();
        tokio::spawn(
            async move { tokens.get(Wish { min_ttl, ..wish("a") }).await.map(|handed| named(&handed)) },
        )
    };
    let (more, less) = (asks(HOUR / 4), asks(Duration::ZERO));
    while fake.requests() < 2 {
        tokio::task::yield_now().await;
    }
    fake.0.gate.add_permits(2);
    assert!(more.await.unwrap().is_ok());
    assert!(less.await.unwrap().is_ok());
}

#[tokio::test]
async fn what_was_begun_for_an_account_before_it_was_dropped_does_not_come_back() {
    let (fake, tokens) = world();
    fake.0.gate.forget_permits(10_000);
    let asks = || {
        let tokens = tokens.clone();
        tokio::spawn(async move { tokens.get(as_user("1")).await.map(|handed| named(&handed)) })
    };
    let old = asks();
    while fake.requests() < 1 {
        tokio::task::yield_now().await;
    }
    tokens.drop_account(&as_user("1").account);
    let new = asks();
    while fake.requests() < 2 {
        tokio::task::yield_now().await;
    }
    fake.0.gate.add_permits(1);
    assert_eq!(old.await.unwrap().unwrap(), "U1-0");
    assert!(tokens.at_hand(&as_user("1")).is_none(), "it may be another application's");
    fake.0.gate.add_permits(1);
    assert_eq!(new.await.unwrap().unwrap(), "U1-1");
}

#[tokio::test]
async fn the_least_recently_used_goes_first_and_the_cache_is_bounded() {
    let (fake, tokens) = world();
    for number in 0..shelf::MOST_OF_ACCOUNT {
        token(&tokens, &wish(&format!("s{number}"))).await;
    }
    token(&tokens, &wish("s0")).await;
    token(&tokens, &wish("one-more")).await;
    assert_eq!(tokens.shelf().len(), shelf::MOST_OF_ACCOUNT);
    let before = fake.requests();
    token(&tokens, &wish("s0")).await;
    assert_eq!(fake.requests(), before, "used a moment ago");
    token(&tokens, &wish("s1")).await;
    assert_eq!(fake.requests(), before + 1, "the oldest");
    for number in 0..=shelf::MOST {
        let account = format!("a{number}").parse().unwrap();
        token(&tokens, &Wish { account, ..wish("a") }).await;
    }
    assert!(tokens.shelf().len() <= shelf::MOST);
}
