//! Random histories of one grant: what is promised is kept, what is in doubt is not hurried, and something is
//! always planned.

use boxd_engine::{Answer, Event, Exchange, Settings, State, schedule::Mode};
use proptest::prelude::*;

use crate::{
    bench::Bench,
    fixtures::{HOUR, LEAD, LIFE, error, full, later, lost, reply, settings, unreachable},
};

#[derive(Clone, Debug)]
enum Step {
    Pass(u64),
    Sleep(u64),
    End(Ending),
    Ask { min_ttl: u64, rejected: Option<u64> },
    Refresh,
    Clock(i64),
}

/// How what is under way ends.
#[derive(Clone, Copy, Debug)]
enum Ending {
    Well,
    Full,
    Unreachable,
    Lost,
    Garbled,
    Unavailable,
    Throttled(u64),
    BadSecret,
}

impl Ending {
    fn exchange(self) -> Option<Exchange> {
        match self {
            Self::Well | Self::Full => None,
            Self::Unreachable => Some(unreachable()),
            Self::Lost => Some(lost()),
            Self::Garbled => Some(reply(200, "<html>")),
            Self::Unavailable => Some(reply(503, "")),
            Self::Throttled(seconds) => Some(later(429, seconds)),
            Self::BadSecret => Some(error("invalid_client")),
        }
    }

    fn leaves_doubt(self) -> bool {
        matches!(self, Self::Lost | Self::Garbled | Self::Unavailable)
    }
}

/// The bench with a memory of what callers were told.
struct Watched {
    bench: Bench,
    /// Until when the token handed out last was promised, on the boot clock.
    promised: u64,
    /// Somebody with the right to it, or a clock, asked for an earlier change.
    excused: bool,
    in_doubt: bool,
    last_send: Option<u64>,
    spends: u64,
}

impl Watched {
    fn new(mode: Mode) -> Self {
        let bench = Bench::with(Settings { mode, ..settings() });
        Self { bench, promised: 0, excused: false, in_doubt: false, last_send: None, spends: 0 }
    }

    fn listen(&mut self) {
        self.bench.jitter = self.bench.jitter.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let now = self.bench.boot;
        for said in self.bench.heard() {
            let kept = self.excused || now >= self.promised;
            if said == "renewing: Schedule" || said == "renewing: Retry" {
                assert!(kept, "{said}, {} ms before the promise ends", self.promised - now);
            } else if said.starts_with("renewing") {
                self.excused = true;
            } else if said.starts_with("renewed") {
                assert!(kept, "published {} ms before the promise ends", self.promised - now);
                (self.promised, self.excused) = (0, false);
            } else if said.starts_with("spend") {
                self.spends += 1;
                let since = self.last_send.map_or(u64::MAX, |last| now - last);
                assert!(!self.in_doubt || since >= 5_000, "in doubt, and sent again after {since} ms");
                self.last_send = Some(now);
            }
        }
        let planned = self.bench.due().is_some() || !self.bench.idle();
        assert!(planned, "nothing is planned in {:?}", self.bench.state());
    }

    fn end(&mut self, ending: Ending) {
        let answered = self.bench.spending();
        let stored = if matches!(ending, Ending::Full) { full() } else { Ok(()) };
        if answered {
            self.in_doubt = ending.leaves_doubt() || (self.in_doubt && ending.exchange().is_some());
        }
        self.bench.end(ending.exchange(), stored);
        self.listen();
    }

    /// Time passes and what falls due is told, until something is under way.
    fn pass(&mut self, seconds: u64) {
        let end = self.bench.boot + seconds * 1000;
        while self.bench.idle() && self.bench.due().is_some_and(|due| self.bench.boot + due <= end) {
            self.bench.next();
            self.listen();
        }
        self.bench.wait(end.saturating_sub(self.bench.boot) / 1000);
    }

    fn ask(&mut self, min_ttl: u64, rejected: Option<u64>) {
        let current = self.bench.generation();
        let rejected = rejected.map(|back| current.saturating_sub(back));
        let now = self.bench.boot;
        let token = self.bench.session.snapshot().token;
        let valid = token.is_some_and(|token| token.expires.0 > now);
        // What this call starts is announced after it, but the answer is of the moment before.
        let answer = self.bench.ask(min_ttl, rejected);
        self.listen();
        match answer {
            Answer::Serve(served) => {
                assert!(served.promised_for.as_secs() >= min_ttl);
                assert!(served.promised_for <= served.box_for);
                let until = now + u64::try_from(served.promised_for.as_millis()).unwrap();
                self.promised = self.promised.max(until);
            }
            other => {
                let plain = min_ttl == 0 && rejected != Some(current);
                assert!(!(plain && valid), "withheld: {other:?}");
            }
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Pass(seconds) => self.pass(*seconds),
            Step::Sleep(seconds) => self.bench.wait(*seconds),
            Step::End(ending) => self.end(*ending),
            Step::Ask { min_ttl, rejected } => self.ask(*min_ttl, *rejected),
            Step::Refresh => {
                self.excused = true;
                let _outcome = self.bench.refresh();
                self.listen();
            }
            Step::Clock(by) => {
                self.excused = true;
                self.bench.wall += by;
                self.bench.tell(Event::Tick);
                self.listen();
            }
        }
    }

    /// Nothing fails any more: the grant is healthy again within a bounded time.
    fn recovers(&mut self) {
        let end = self.bench.boot + 25 * HOUR * 1000;
        while self.bench.boot < end {
            self.end(Ending::Well);
            if self.bench.idle() {
                if self.bench.state() == State::Healthy {
                    return;
                }
                self.bench.next();
                self.listen();
            }
        }
        panic!("still {:?}", self.bench.state());
    }
}

fn endings() -> impl Strategy<Value = Ending> {
    prop_oneof![
        6 => Just(Ending::Well),
        2 => Just(Ending::Full),
        1 => Just(Ending::Unreachable),
        2 => Just(Ending::Lost),
        1 => Just(Ending::Garbled),
        1 => Just(Ending::Unavailable),
        1 => (0..700_u64).prop_map(Ending::Throttled),
        1 => Just(Ending::BadSecret),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let seconds = || prop_oneof![0..10_u64, 10..400_u64, 400..8_000_u64, 1..3_000_000_u64];
    let rejected = prop_oneof![4 => Just(None), 1 => Just(Some(0)), 1 => Just(Some(1))];
    let min_ttl = prop_oneof![3 => Just(0), 1 => 0..LIFE - LEAD + 10];
    let step = prop_oneof![
        5 => seconds().prop_map(Step::Pass),
        1 => seconds().prop_map(Step::Sleep),
        8 => endings().prop_map(Step::End),
        5 => (min_ttl, rejected).prop_map(|(min_ttl, rejected)| Step::Ask { min_ttl, rejected }),
        1 => Just(Step::Refresh),
        1 => prop_oneof![Just(-1_790_000_000_000_i64), Just(31_536_000_000), -100_000..100_000_i64]
            .prop_map(Step::Clock),
    ];
    prop::collection::vec(step, 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn promises_are_kept_and_every_trouble_passes(
        mode in prop_oneof![Just(Mode::Scheduled), Just(Mode::OnDemand)],
        steps in steps(),
    ) {
        let mut watched = Watched::new(mode);
        for step in &steps {
            watched.step(step);
        }
        watched.recovers();
    }

    /// Whatever callers want and however Box fails, an hour sees a bounded number of requests.
    #[test]
    fn callers_and_failures_do_not_hammer_box(
        mode in prop_oneof![Just(Mode::Scheduled), Just(Mode::OnDemand)],
        endings in prop::collection::vec(endings(), 1..12),
        asks in prop::collection::vec((0..LIFE - LEAD, prop_oneof![Just(None), Just(Some(0))]), 1..12),
        pause in 1..30_u64,
    ) {
        let mut watched = Watched::new(mode);
        watched.pass(HOUR);
        let (start, mut n) = (watched.bench.boot, 0);
        watched.spends = 0;
        while watched.bench.boot < start + HOUR * 1000 {
            let (min_ttl, rejected) = asks[n % asks.len()];
            watched.ask(min_ttl, rejected);
            while !watched.bench.idle() {
                watched.end(endings[n % endings.len()]);
                n += 1;
            }
            watched.pass(pause);
        }
        // One in ten seconds of need, one a minute of wishes, and the first retries of each backoff.
        prop_assert!(watched.spends <= 600, "{} in an hour", watched.spends);
    }
}
