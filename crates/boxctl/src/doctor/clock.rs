//! Check `clock`: this machine's clock against Box's.

use boxd_client::Reached;

use super::{finding::Finding, scene::Scene};
use crate::duration::roughly;

const NAME: &str = "clock";

/// From so many seconds on a person should know: dates that boxd shows are off by as much.
const NOTICEABLE: u64 = 30;
/// From so many on certificates and promised ends stop making sense.
const HARMFUL: u64 = 3600;

pub(super) fn check(scene: &Scene) -> Vec<Finding> {
    let ways = scene.answering().and_then(|answering| answering.ways.as_ref().ok());
    vec![judge(ways.map(Vec::as_slice).unwrap_or_default())]
}

/// The smallest difference counts: a single host, or a proxy that answers in Box's name, may have a wrong clock too.
fn judge(ways: &[Reached]) -> Finding {
    let differences = ways.iter().filter_map(|way| Some((way, way.clock_ahead_seconds?)));
    let Some((way, ahead)) = differences.min_by_key(|(_way, ahead)| ahead.unsigned_abs()) else {
        return Finding::skipped(NAME, "nobody told the time: Box was not reached");
    };
    let off = ahead.unsigned_abs();
    if off < NOTICEABLE {
        return Finding::ok(NAME, format!("it agrees with that of {}", way.origin));
    }
    let direction = if ahead > 0 { "behind" } else { "ahead of" };
    let off_in_words = roughly(i64::try_from(off).unwrap_or(i64::MAX));
    let evidence = format!("this machine's clock is {off_in_words} {direction} that of {}", way.origin);
    let remedy = "timedatectl set-ntp true, or set the clock by hand";
    if off < HARMFUL { Finding::warn(NAME, evidence, remedy) } else { Finding::fail(NAME, evidence, remedy) }
}

#[cfg(test)]
mod tests {
    use super::{super::finding::State, *};

    fn ways(ahead: &[Option<i64>]) -> Vec<Reached> {
        let way = |ahead: &Option<i64>| Reached { clock_ahead_seconds: *ahead, ..Reached::default() };
        ahead.iter().map(way).collect()
    }

    #[test]
    fn the_clock_that_agrees_best_is_believed() {
        assert_eq!(judge(&ways(&[Some(4000), Some(-2)])).state, State::Ok);
        assert_eq!(judge(&ways(&[None, Some(90)])).state, State::Warn);
        assert_eq!(judge(&ways(&[None])).state, State::Skipped);
    }

    #[test]
    fn it_says_who_is_ahead() {
        let behind = judge(&ways(&[Some(7200)]));
        assert_eq!(behind.state, State::Fail);
        assert!(behind.evidence.contains("2 h behind"), "{behind:?}");
        assert!(judge(&ways(&[Some(-7200)])).evidence.contains("2 h ahead of"));
    }
}
