//! Planned renewals of many accounts are spread, and no promise is taken back by that.

use std::time::Duration;

use boxd_engine::{Event, Settings};

use crate::{
    bench::Bench,
    fixtures::{LEAD, LIFE, MINUTE, settings},
};

const SPREAD: u64 = 10 * MINUTE;

fn spread() -> Settings {
    Settings { spread: Duration::from_secs(SPREAD), ..settings() }
}

/// A renewal that was planned, with this draw.
fn renewed(jitter: u32) -> Bench {
    let mut bench = Bench::with(spread());
    bench.jitter = jitter;
    bench.next();
    bench.renew(LIFE);
    bench
}

#[test]
fn a_planned_renewal_is_earlier_by_its_draw_and_so_is_the_promise() {
    for (jitter, early) in [(0, 0), (u32::MAX, SPREAD)] {
        let mut bench = renewed(jitter);
        assert_eq!(bench.due_in(), Some(LIFE - LEAD - early));
        assert_eq!(bench.served().1, LIFE - LEAD - early);
    }
}

#[test]
fn the_draw_stays_whatever_is_configured_later() {
    let mut bench = renewed(0);
    let promised = bench.served().1;
    bench.jitter = u32::MAX;
    bench.tell(Event::Configured(Settings { spread: Duration::from_secs(2 * SPREAD), ..settings() }));
    bench.tell(Event::Tick);
    assert_eq!(bench.served().1, promised);
    assert_eq!(bench.due_in(), Some(promised));
}

#[test]
fn a_token_of_another_process_is_kept_as_long_as_that_one_may_have_promised() {
    let mut bench = Bench::with(spread());
    assert_eq!(bench.served().1, LIFE - LEAD);
}

#[test]
fn what_a_caller_brought_lives_as_long_as_is_attainable() {
    let mut bench = renewed(u32::MAX);
    let attainable = LIFE - LEAD;
    assert!(bench.served().1 < attainable);
    bench.ask(attainable, None);
    bench.renew(LIFE);
    assert_eq!(bench.served().1, attainable);
    bench.refresh().unwrap();
    bench.renew(LIFE);
    assert_eq!(bench.served().1, attainable);
}
