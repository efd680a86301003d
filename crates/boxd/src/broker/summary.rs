//! How all accounts are, in one line for people.

use boxd_engine::{BootTime, State, WallTime};

use super::{Broker, IN_ONE_GO};

/// What is counted of the accounts.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    all: usize,
    healthy: usize,
    /// Those that a person must do something for.
    need_person: usize,
    next_renewal: Option<BootTime>,
}

impl Broker {
    /// How all accounts are.
    pub(crate) async fn summary(&self) -> String {
        let mut tally = Tally::default();
        for some in self.all().chunks(IN_ONE_GO) {
            for account in some {
                let view = account.view.borrow();
                tally.add(view.state, view.next_renewal);
            }
            tokio::task::yield_now().await;
        }
        let now = self.clock.now();
        tally.told(|next| now.date_of(next))
    }

    /// Returns once something has happened to an account since the last call; for one caller.
    pub(crate) async fn changed(&self) {
        self.feed.rang.notified().await;
    }
}

impl Tally {
    fn add(&mut self, state: State, next_renewal: Option<BootTime>) {
        match state {
            State::Absent => return,
            // A renewal under way is what a healthy account does once an hour.
            State::Healthy | State::Spending => self.healthy += 1,
            State::LoginRequired | State::ActionRequired => self.need_person += 1,
            State::InDoubt | State::Unsaved | State::Backoff => {}
        }
        self.all += 1;
        self.next_renewal = [self.next_renewal, next_renewal].into_iter().flatten().min();
    }

    fn told(self, date_of: impl Fn(BootTime) -> WallTime) -> String {
        let Self { all, healthy, need_person, next_renewal } = self;
        let how = match (all, all - healthy) {
            (0, _) => return "no accounts yet: boxctl login".to_owned(),
            (1, 0) => "1 account healthy".to_owned(),
            (_, 0) => format!("{all} accounts healthy"),
            (1, _) => "the only account is in trouble".to_owned(),
            (_, troubled) => format!("{troubled} of {all} accounts in trouble"),
        };
        let who = match need_person {
            0 => None,
            1 => Some("one needs you: boxctl status".to_owned()),
            many => Some(format!("{many} need you: boxctl status")),
        };
        let next = next_renewal.and_then(|next| clock_time(date_of(next)));
        let next = next.map(|time| format!("next renewal {time}"));
        [Some(how), who, next].into_iter().flatten().collect::<Vec<_>>().join("; ")
    }
}

/// Hours and minutes: the next renewal is never far.
fn clock_time(date: WallTime) -> Option<String> {
    let time = jiff::Timestamp::from_second(date.unix_seconds()).ok()?;
    Some(time.strftime("%H:%M UTC").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(states: &[State]) -> String {
        let mut tally = Tally::default();
        for (hours, state) in states.iter().enumerate() {
            let later = u64::try_from(hours).unwrap() * 3_600_000;
            tally.add(*state, Some(BootTime(3_780_000 + later)));
        }
        // The boot was on 1970-01-02 at 13:00.
        tally.told(|time| WallTime(133_200_000 + i64::try_from(time.0).unwrap()))
    }

    #[test]
    fn says_how_many_are_well_and_who_is_needed() {
        use State::{Absent, Backoff, Healthy, LoginRequired, Spending};
        assert_eq!(told(&[]), "no accounts yet: boxctl login");
        assert_eq!(told(&[Healthy]), "1 account healthy; next renewal 14:03 UTC");
        assert_eq!(told(&[Healthy, Spending]), "2 accounts healthy; next renewal 14:03 UTC");
        assert_eq!(told(&[Absent, Healthy]), "1 account healthy; next renewal 15:03 UTC");
        assert_eq!(told(&[Backoff, Healthy]), "1 of 2 accounts in trouble; next renewal 14:03 UTC");
        assert_eq!(
            told(&[LoginRequired]),
            "the only account is in trouble; one needs you: boxctl status; next renewal 14:03 UTC"
        );
        assert_eq!(
            told(&[LoginRequired, LoginRequired, Healthy]),
            "2 of 3 accounts in trouble; 2 need you: boxctl status; next renewal 14:03 UTC"
        );
    }
}
