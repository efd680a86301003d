//! Histories that once broke a promise, as the property tests found them.

use crate::{
    box_model::Mood,
    disk::Fault,
    properties::{Step, run},
    world::{Network, World},
};

const STRICT: Mood = Mood { replay: false, old_lives_on: false };

fn replay(life: u64, steps: &[Step]) {
    run(&mut World::new(STRICT, life), steps);
}

#[test]
fn a_stepped_clock_keeps_the_pause_while_an_answer_is_missing() {
    let works = || Step::Complete(Network::Works, Fault::None);
    replay(
        5,
        &[
            Step::Advance(5000),
            works(),
            Step::LogIn,
            Step::Crash,
            Step::Settle,
            Step::Clock(-1_700_000_000_000),
        ],
    );
}

#[test]
fn an_edited_config_keeps_the_pause_while_an_answer_is_missing() {
    let steps = [
        Step::Refresh,
        Step::Complete(Network::Works, Fault::None),
        Step::Complete(Network::LostBefore, Fault::None),
        Step::Configure(true),
        Step::Configure(false),
    ];
    replay(3600, &steps);
}

#[test]
fn a_failed_login_leaves_nothing_proved() {
    let steps = [
        Step::Advance(1000),
        Step::Complete(Network::Works, Fault::None),
        Step::Complete(Network::LostBefore, Fault::None),
        Step::LogIn,
        Step::Complete(Network::Works, Fault::After),
        Step::LogOut,
        Step::Advance(5000),
    ];
    replay(0, &steps);
}
