//! How logins begin and end, and that nothing of them stays behind.

use std::{future::Future as _, pin::pin, time::Duration};

use boxd_proto::Code;

use super::{World, plan};
use crate::login::{LIFETIME, MOST_LOGINS};

#[tokio::test(start_paused = true)]
async fn a_login_that_nobody_consents_to_ends_in_time() {
    let world = World::new();
    let login = world.begin(plan("work")).await;
    assert_eq!(login.page.expires_in_seconds, 300);
    let begin = tokio::time::Instant::now();
    let problem = world.logins.wait(login.id()).await.unwrap_err();
    assert_eq!(begin.elapsed().as_secs(), LIFETIME.as_secs());
    assert_eq!(
        (problem.code, problem.detail.as_str()),
        (Code::LoginRequired, "nobody consented within 300 seconds")
    );
    login.closed().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_away_takes_the_listener_with_it() {
    let world = World::new();
    let login = world.begin(plan("work")).await;
    {
        let mut waiting = pin!(world.logins.wait(login.id()));
        let polled =
            std::future::poll_fn(|context| std::task::Poll::Ready(waiting.as_mut().poll(context))).await;
        assert!(polled.is_pending());
        assert!(login.is_listening().await);
    }
    let begin = tokio::time::Instant::now();
    login.closed().await;
    assert!(begin.elapsed() < Duration::from_secs(1));
    assert_eq!(world.logins.wait(login.id()).await.unwrap_err().detail, "the login was cancelled");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_waits_does_not_keep_the_listener() {
    let world = World::new();
    let login = world.begin(plan("work")).await;
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert!(!login.is_listening().await);
    assert_eq!(world.begun(), 0);
}

#[tokio::test(start_paused = true)]
async fn once_the_person_consented_the_client_may_go_and_the_login_goes_on() {
    let world = World::new();
    world.fake.gate.send_replace(false);
    let login = world.begin(plan("work")).await;
    let target = login.target("code=abc");
    let client = tokio::spawn({
        let (logins, id) = (world.logins.clone(), login.page.login.clone());
        async move { logins.wait(&id).await }
    });
    let leave = async {
        while world.begun() == 0 {
            tokio::task::yield_now().await;
        }
        client.abort();
        assert!(client.await.unwrap_err().is_cancelled());
        assert_eq!(world.logins.cancel(login.id()).unwrap_err().code, Code::BadRequest);
        // Longer than a login may wait for a person.
        tokio::time::sleep(Duration::from_mins(1)).await;
        world.fake.gate.send_replace(true);
    };
    let ((_, page), ()) = tokio::join!(login.get(&target), leave);
    assert!(page.contains("You are logged in"), "{page}");
    assert_eq!(world.done(), 1);
    login.closed().await;
}

#[tokio::test(start_paused = true)]
async fn cancelling_closes_the_listener_and_tells_who_waits() {
    let world = World::new();
    let login = world.begin(plan("work")).await;
    let cancel = async {
        tokio::task::yield_now().await;
        world.logins.cancel(login.id()).unwrap();
    };
    let (outcome, ()) = tokio::join!(world.logins.wait(login.id()), cancel);
    assert_eq!(outcome.unwrap_err().detail, "the login was cancelled");
    login.closed().await;
    assert_eq!(
        world.logins.cancel(login.id()).unwrap_err().detail,
        "there is no such login, or it has ended"
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_person_pastes_finishes_the_login() {
    let world = World::new();
    for code_only in [false, true] {
        let login = world.begin(plan("work")).await;
        let foreign = format!("{}?state=foreign&code=abc", login.page.redirect_uri);
        let problem = world.logins.finish(login.id(), &foreign).unwrap_err();
        assert_eq!(problem.code, Code::BadRequest);
        assert!(problem.detail.contains("does not carry the state"), "{problem}");
        assert!(login.is_listening().await);
        let pasted = if code_only {
            "abcdefghijkl\n".to_owned()
        } else {
            format!("{}?state={}&code=abcdefghijkl\n", login.page.redirect_uri, login.state)
        };
        world.logins.finish(login.id(), &pasted).unwrap();
        assert!(world.logins.finish(login.id(), &pasted).is_err());
        assert_eq!(world.logins.wait(login.id()).await.unwrap().name, "Ada abcdefghijkl");
        login.closed().await;
    }
    assert_eq!(world.begun(), 2);
}

#[tokio::test(start_paused = true)]
async fn two_accounts_log_in_at_once() {
    let world = World::new();
    let (one, two) = (world.begin(plan("one")).await, world.begin(plan("two")).await);
    // The state of one is foreign to the other.
    assert_eq!(one.get(&two.target("code=abc")).await.0, 400);
    let (first, second) = (one.target("code=1"), two.target("code=2"));
    tokio::join!(two.get(&second), one.get(&first));
    assert_eq!(world.logins.wait(one.id()).await.unwrap().name, "Ada 1");
    assert_eq!(world.logins.wait(two.id()).await.unwrap().name, "Ada 2");
}

#[tokio::test(start_paused = true)]
async fn a_newer_login_of_an_account_takes_the_place_of_the_older_and_may_have_its_port() {
    let world = World::new();
    let older = world.begin(plan("work")).await;
    let mut same_port = plan("work");
    same_port.port = Some(older.page.port);
    let newer = world.begin(same_port).await;
    assert_eq!(newer.page.port, older.page.port);
    let problem = world.logins.wait(older.id()).await.unwrap_err();
    assert!(problem.detail.contains("a newer login"), "{problem}");
    // A page of the older one changes nothing.
    assert_eq!(newer.get(&older.target("code=abc")).await.0, 400);
    assert_eq!(newer.get(&newer.target("code=abc")).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_only_lingers_gives_its_port_up() {
    let world = World::new();
    let older = world.begin(plan("work")).await;
    older.get(&older.target("code=abc")).await;
    assert!(older.is_listening().await);
    let mut same_port = plan("work");
    same_port.port = Some(older.page.port);
    let newer = world.begin(same_port).await;
    assert_eq!(newer.page.port, older.page.port);
    assert_eq!(newer.get(&newer.target("code=abc")).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn a_login_that_is_being_completed_is_not_replaced() {
    let world = World::new();
    world.fake.gate.send_replace(false);
    let login = world.begin(plan("work")).await;
    world.logins.finish(login.id(), "abcdefghijkl").unwrap();
    let problem = world.logins.begin(plan("work"), "context").await.unwrap_err();
    assert_eq!((problem.code, problem.retry_after_seconds), (Code::Unavailable, Some(5)));
    world.fake.gate.send_replace(true);
    assert!(world.logins.wait(login.id()).await.is_ok());
    world.begin(plan("work")).await;
}

#[tokio::test(start_paused = true)]
async fn there_is_an_end_to_how_many() {
    let world = World::new();
    let mut logins = Vec::new();
    for number in 0..MOST_LOGINS {
        logins.push(world.begin(plan(&format!("n{number}"))).await);
    }
    let problem = world.logins.begin(plan("more"), "context").await.unwrap_err();
    assert_eq!(problem.code, Code::Unavailable);
    // One of an account that has one already takes its place.
    world.begin(plan("n0")).await;
    world.logins.cancel(logins[1].id()).unwrap();
    world.begin(plan("more")).await;
}

#[tokio::test(start_paused = true)]
async fn what_has_ended_is_kept_only_so_far() {
    let world = World::new();
    let waiting = world.begin(plan("other")).await;
    for _ in 0..100 {
        world.begin(plan("work")).await;
    }
    let kept = format!("{:?}", world.logins);
    let kept: usize = kept.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap();
    assert!(kept <= 64, "{kept}");
    assert_eq!(world.logins.account_of(waiting.id()).unwrap().as_str(), "other");
}

#[tokio::test(start_paused = true)]
async fn a_port_in_use_is_said() {
    let world = World::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut fixed = plan("work");
    fixed.port = Some(taken.local_addr().unwrap().port());
    let problem = world.logins.begin(fixed, "context").await.unwrap_err();
    assert_eq!(problem.code, Code::BadRequest);
    assert!(problem.next_step.contains("--port"), "{problem:?}");
}

#[tokio::test(start_paused = true)]
async fn shutting_down_ends_what_waits_and_completes_what_was_consented_to() {
    let world = World::new();
    world.fake.gate.send_replace(false);
    let (waiting, consented) = (world.begin(plan("one")).await, world.begin(plan("two")).await);
    world.logins.finish(consented.id(), "abcdefghijkl").unwrap();
    let open = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        world.fake.gate.send_replace(true);
    };
    tokio::join!(world.logins.shut_down(), open);
    assert_eq!(world.done(), 1);
    assert_eq!(world.logins.wait(waiting.id()).await.unwrap_err().code, Code::Unavailable);
    assert_eq!(world.logins.begin(plan("three"), "context").await.unwrap_err().code, Code::Unavailable);
}
