//! Tokens that live for seconds or arrive dead, and the warnings before the sixty days are over.

use std::time::Duration;

use boxd_engine::{Event, Settings, State, Trouble, schedule::Mode};

use crate::{
    bench::Bench,
    fixtures::{DAY, HOUR, LEAD, LIFE, MINUTE, pair, settings},
};

#[test]
fn short_lives_do_not_loop() {
    for (life, most) in [(5, 1200), (60, 95), (600, 10)] {
        let mut bench = Bench::healthy();
        bench.next();
        bench.renew(life);
        let mut spends = 0;
        let end = bench.boot + HOUR * 1000;
        while bench.boot < end {
            bench.next();
            if !bench.idle() {
                assert_eq!(bench.state(), State::Spending);
                bench.renew(life);
                assert_eq!(bench.state(), State::Healthy);
                spends += 1;
            }
        }
        assert!(spends <= most, "{spends} spends an hour for tokens of {life} s");
    }
}

#[test]
fn a_short_life_is_served_without_a_gap() {
    let mut bench = Bench::healthy();
    bench.next();
    bench.renew(5);
    for _ in 0..100 {
        let before = bench.served().0;
        bench.next();
        assert_eq!(bench.served().0, before);
        bench.renew(5);
    }
}

#[test]
fn an_answer_that_took_most_of_the_life_leaves_no_gap() {
    let mut bench = Bench::healthy();
    bench.next();
    bench.proved();
    let (spend, sent) = (Box::new(bench.spend()), bench.moment());
    bench.wait(50);
    bench.tell(Event::Answered { spend, sent, exchange: pair(6, 60) });
    bench.committed();
    // Ten seconds are left of it; a third of them is the lead.
    assert_eq!(bench.served(), ("A6".into(), 6));
}

#[test]
fn a_pair_that_arrives_expired_is_spent_once_more_and_then_backs_off() {
    for life in ["0", "-5", "null", "\"soon\"", "{}"] {
        let answer = |n: u64| {
            let body = format!(r#"{{"access_token":"A{n}","refresh_token":"R{n}","expires_in":{life}}}"#);
            crate::fixtures::reply(200, &body)
        };
        let mut bench = Bench::healthy();
        bench.next();
        bench.proved();
        bench.answer(answer(6));
        bench.committed();
        assert_eq!(bench.due_in(), Some(1), "{life}");
        bench.next();
        bench.proved();
        bench.answer(answer(7));
        bench.committed();
        assert_eq!(bench.state(), State::Backoff, "{life}");
        assert_eq!(bench.trouble(), Some(Trouble::ArrivedExpired));
        let mut spends = 0;
        let end = bench.boot + HOUR * 1000;
        bench.jitter = u32::MAX / 2;
        while bench.boot < end {
            bench.next();
            bench.proved();
            bench.answer(answer(8 + spends));
            bench.committed();
            spends += 1;
        }
        assert!(spends < 60, "{spends} an hour");
        bench.next();
        bench.renew(LIFE);
        assert_eq!(bench.state(), State::Healthy);
    }
}

#[test]
fn a_life_in_a_string_counts() {
    let mut bench = Bench::healthy();
    bench.next();
    bench.proved();
    let body = r#"{"access_token":"A6","refresh_token":"R6","expires_in":"4123","token_type":"Bearer"}"#;
    bench.answer(crate::fixtures::reply(200, body));
    bench.committed();
    assert_eq!(bench.served().1, 4123 - LEAD);
}

#[test]
fn warnings_come_once_each_at_fourteen_seven_and_one_days() {
    // Without anybody to ask, an account on demand in a reload loop never gets to its guard.
    let mut bench = Bench::with(Settings { binding: None, mode: Mode::OnDemand, ..settings() });
    bench.hush();
    let mut heard = Vec::new();
    for hour in 0..70 * 24 {
        bench.wait(HOUR);
        bench.tell(Event::Tick);
        let effects = bench.session.handle(bench.now(), Event::Tick);
        assert!(effects.is_empty(), "once each");
        if bench.take_warning() {
            heard.push(hour / 24);
        }
    }
    assert_eq!(heard, [45, 52, 58]);
}

#[test]
fn a_warning_is_due_by_itself() {
    let mut bench = Bench::with(Settings { binding: None, ..settings() });
    bench.tell(Event::Tick);
    bench.wait(40 * DAY);
    bench.tell(Event::Tick);
    bench.hush();
    assert_eq!(bench.due_in(), Some(6 * DAY));
    bench.next();
    bench.said(&["14 days left"]);
    assert_eq!(bench.next(), 7 * DAY);
    bench.said(&["7 days left"]);
    assert_eq!(bench.next(), 6 * DAY);
    bench.said(&["1 days left"]);
    assert_eq!(bench.due_in(), None);
}

#[test]
fn a_renewed_grant_is_warned_of_anew() {
    let mut bench = Bench::healthy();
    bench.wait(47 * DAY);
    bench.tell(Event::Tick);
    bench.renew(LIFE);
    bench.hush();
    bench.wait(47 * DAY);
    bench.tell(Event::Tick);
    bench.said(&["14 days left", "renewing: Schedule", "prove 6"]);
}

#[test]
fn a_session_is_small() {
    let size = std::mem::size_of::<boxd_engine::Session>() + std::mem::size_of::<boxd_engine::Record>();
    assert!(size < 1300, "{size} bytes for each account, and the tokens come on top");
}

#[test]
fn a_spend_counts_from_when_it_was_sent() {
    let mut bench = Bench::healthy();
    bench.next();
    bench.proved();
    let (spend, sent) = (Box::new(bench.spend()), bench.moment());
    bench.wait(50);
    bench.tell(Event::Answered { spend, sent, exchange: pair(6, LIFE) });
    bench.committed();
    assert_eq!(bench.session.snapshot().token.unwrap().expires, sent.boot.after(Duration::from_secs(LIFE)));
    assert_eq!(bench.due_in(), Some(LIFE - LEAD - 50));
    assert!(bench.due_in().unwrap() > 50 * MINUTE);
}
