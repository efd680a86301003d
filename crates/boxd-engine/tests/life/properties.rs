//! Random histories, and what must hold whatever happens.

use boxd_engine::State;
use proptest::prelude::*;

use crate::{
    box_model::Mood,
    disk::Fault,
    world::{Network, World},
};

/// One step of a history.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Advance(u64),
    Complete(Network, Fault),
    Settle,
    Ask { min_ttl: u64, rejected: Option<u64>, used: bool },
    Refresh,
    Crash,
    Reboot(u64),
    Clock(i64),
    LogIn,
    LogOut,
    Configure(bool),
}

fn moods() -> impl Strategy<Value = Mood> {
    (any::<bool>(), any::<bool>()).prop_map(|(replay, old_lives_on)| Mood { replay, old_lives_on })
}

fn networks() -> impl Strategy<Value = Network> {
    prop_oneof![
        6 => Just(Network::Works),
        1 => Just(Network::Unreachable),
        1 => Just(Network::LostBefore),
        2 => Just(Network::LostAfter),
        1 => Just(Network::GarbledAfter),
        1 => Just(Network::Status409),
        1 => Just(Network::Status429),
        1 => Just(Network::Status503),
        1 => Just(Network::InvalidClient),
        1 => Just(Network::PasswordReset),
        1 => Just(Network::Killed),
    ]
}

fn faults() -> impl Strategy<Value = Fault> {
    prop_oneof![
        10 => Just(Fault::None),
        1 => Just(Fault::Before),
        1 => Just(Fault::After),
        1 => Just(Fault::KillBefore),
        1 => Just(Fault::KillWithin),
        1 => Just(Fault::KillBetween),
        1 => Just(Fault::KillAfter),
    ]
}

fn steps(coming_and_going: bool) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => prop_oneof![1..5_000_u64, 5_000..400_000_u64, 400_000..8_000_000_u64, 1..100 * 86_400_000_u64]
            .prop_map(Step::Advance),
        8 => (networks(), faults()).prop_map(|(network, fault)| Step::Complete(network, fault)),
        4 => Just(Step::Settle),
        4 => (
            prop_oneof![3 => Just(0_u64), 1 => 0..4000_u64],
            prop_oneof![3 => Just(None), 1 => Just(Some(0_u64)), 1 => Just(Some(1))],
            any::<bool>()
        )
            .prop_map(|(min_ttl, rejected, used)| Step::Ask { min_ttl, rejected, used }),
        1 => Just(Step::Refresh),
        1 => Just(Step::Crash),
        1 => (1..90 * 86_400_000_u64).prop_map(Step::Reboot),
        1 => prop_oneof![Just(-1_700_000_000_000_i64), Just(31_536_000_000_i64), -100_000..100_000_i64]
            .prop_map(Step::Clock),
        1 => Just(Step::LogIn),
        1 => Just(Step::LogOut),
        1 => any::<bool>().prop_map(Step::Configure),
    ];
    let step = step.prop_map(move |step| match step {
        Step::LogIn | Step::LogOut | Step::Configure(_) if !coming_and_going => Step::Settle,
        step => step,
    });
    prop::collection::vec(step, 1..60)
}

pub(crate) fn run(world: &mut World, steps: &[Step]) {
    for step in steps {
        match step {
            Step::Advance(by) => world.advance(*by),
            Step::Complete(network, fault) => {
                world.complete_one(*network, *fault);
            }
            Step::Settle => world.settle(Network::Works, Fault::None),
            Step::Ask { min_ttl, rejected, used } => world.ask(*min_ttl, *rejected, *used),
            Step::Refresh => world.refresh(),
            Step::Crash => world.restart(),
            Step::Reboot(away) => world.reboot(*away),
            Step::Clock(by) => world.step_clock(*by),
            Step::LogIn => world.log_in(),
            Step::LogOut => world.log_out(),
            Step::Configure(differs) => world.configure(*differs),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens, a grant that Box has not ended comes back by itself, unless Box keeps no replay window
    /// and the one moment that nobody can protect was hit.
    #[test]
    fn no_grant_is_lost_that_could_have_been_saved(
        mood in moods(),
        life in prop_oneof![Just(5_u64), Just(60), Just(3600), Just(4175)],
        steps in steps(false),
    ) {
        let mut world = World::new(mood, life);
        run(&mut world, &steps);
        let excused = world.excused && !world.replays();
        let back = world.recovers();
        prop_assert!(back || excused, "lost in {:?}", world.state());
    }

    /// With logins, logouts and edited configurations in the middle nothing is promised about one grant, but
    /// every check of the world holds at every step.
    #[test]
    fn every_step_keeps_the_invariants(
        mood in moods(),
        life in prop_oneof![Just(0_u64), Just(5), Just(60), Just(3600)],
        steps in steps(true),
    ) {
        let mut world = World::new(mood, life);
        run(&mut world, &steps);
    }

    /// However short tokens live, and however much callers want, spends stay bounded.
    #[test]
    fn no_loop_of_spends(life in prop_oneof![Just(0_u64), Just(5), Just(60), Just(600)], eager in any::<bool>()) {
        let mut world = World::new(Mood { replay: true, old_lives_on: true }, life);
        let before = world.box_.spends.len();
        let start = world.boot;
        while world.boot < start + 3_600_000 {
            world.advance(500);
            world.settle(Network::Works, Fault::None);
            if eager {
                world.ask(1, Some(0), true);
                world.settle(Network::Works, Fault::None);
            }
        }
        let spends = u64::try_from(world.box_.spends.len() - before).unwrap();
        // Thrice a life by schedule, as often again because somebody insists; expired pairs meet the backoff.
        let per_hour = 3_600_u64.checked_div(life.min(60)).unwrap_or(60);
        let most = per_hour * 6 + 10;
        prop_assert!(spends <= most, "{spends} spends in an hour with a life of {life} s");
        prop_assert!(life == 0 || world.state() == State::Healthy);
    }
}

/// A refused logout must not make a successor that is only in memory look as if it were on the disk.
#[test]
fn a_refused_logout_leaves_an_unsaved_successor_unsaved() {
    let mut world = World::new(Mood { replay: false, old_lives_on: true }, 3600);
    world.refresh();
    world.complete_one(Network::Works, Fault::None);
    world.complete_one(Network::Works, Fault::None);
    world.configure(true);
    world.complete_one(Network::Works, Fault::Before);
    assert_eq!(world.state(), State::Unsaved);
    world.log_out();
    assert_eq!(world.state(), State::Unsaved);
}
