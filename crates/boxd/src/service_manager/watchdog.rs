//! Pings for as long as boxd makes progress, which its loops and its threads prove by answering.
//!
//! A timer alone would go on in a daemon that serves and renews nothing. But a daemon that is merely busy, or turns
//! clients away because there are too many, must not be ended: so no client's way is taken, and every part is
//! asked for itself.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};

use super::Notices;
use crate::pulse::{Ended, Probe};

/// The loops that must turn.
#[derive(Debug)]
pub struct Loops {
    /// Takes clients in; it ends first when boxd stops.
    pub accept: Probe,
    /// Starts what is due.
    pub timekeeper: Probe,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Serving,
    Stopping,
}

/// What did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Stall {
    #[error("no clients are taken in")]
    Accept,
    #[error("nothing is done when it is due")]
    Timekeeper,
    #[error("no thread is left for blocking work")]
    Threads,
}

/// Pings three times in each period at most; never again once a loop has ended that should not.
pub(super) async fn keep_pinging(notices: &Notices, period: Duration, loops: Loops) {
    // Two in a row must be missed before the manager acts.
    let pace = period / 3;
    let mut ticks = interval(pace);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stage = Stage::Serving;
    loop {
        ticks.tick().await;
        match progress(&loops, &mut stage, pace / 2).await {
            Ok(()) => notices.tell("WATCHDOG=1").await,
            Err(stall) => tracing::error!(%stall, "boxd stands still; if it goes on, it will be ended"),
        }
    }
}

async fn progress(loops: &Loops, stage: &mut Stage, within: Duration) -> Result<(), Stall> {
    if *stage == Stage::Serving {
        match timeout(within, loops.accept.ask()).await {
            Ok(Ok(())) => match timeout(within, loops.timekeeper.ask()).await {
                Ok(Ok(())) => {}
                Ok(Err(Ended)) | Err(_) => return Err(Stall::Timekeeper),
            },
            Ok(Err(Ended)) => *stage = Stage::Stopping,
            Err(_elapsed) => return Err(Stall::Accept),
        }
    }
    match timeout(within, tokio::task::spawn_blocking(|| ())).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Stall::Threads),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pulse::{Pulse, pulse};

    const WITHIN: Duration = Duration::from_secs(40);

    fn parts() -> (Loops, Pulse, Pulse) {
        let ((accept_end, accept), (time_end, timekeeper)) = (pulse(), pulse());
        (Loops { accept, timekeeper }, accept_end, time_end)
    }

    async fn turn(mut pulse: Pulse) {
        loop {
            pulse.answer().await;
        }
    }

    #[tokio::test]
    async fn progress_is_when_everybody_answers() {
        let (loops, accept, timekeeper) = parts();
        tokio::spawn(turn(accept));
        tokio::spawn(turn(timekeeper));
        let mut stage = Stage::Serving;
        assert_eq!(progress(&loops, &mut stage, WITHIN).await, Ok(()));
        assert_eq!(stage, Stage::Serving);
    }

    #[tokio::test(start_paused = true)]
    async fn one_loop_that_stands_still_is_enough() {
        let (loops, accept, timekeeper) = parts();
        let turning = tokio::spawn(turn(timekeeper));
        assert_eq!(progress(&loops, &mut Stage::Serving, WITHIN).await, Err(Stall::Accept));
        tokio::spawn(turn(accept));
        assert_eq!(progress(&loops, &mut Stage::Serving, WITHIN).await, Ok(()));
        // A loop that ended without being asked to is no better.
        turning.abort();
        assert_eq!(progress(&loops, &mut Stage::Serving, WITHIN).await, Err(Stall::Timekeeper));
    }

    #[tokio::test]
    async fn a_stop_is_no_stall() {
        let (loops, accept, timekeeper) = parts();
        drop((accept, timekeeper));
        let mut stage = Stage::Serving;
        assert_eq!(progress(&loops, &mut stage, WITHIN).await, Ok(()));
        assert_eq!(stage, Stage::Stopping);
        assert_eq!(progress(&loops, &mut stage, WITHIN).await, Ok(()));
    }

    #[test]
    fn threads_that_all_hang_are_a_stall() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .max_blocking_threads(1)
            .start_paused(true)
            .build()
            .unwrap();
        let (release, held) = std::sync::mpsc::channel::<()>();
        runtime.block_on(async {
            let hung = tokio::task::spawn_blocking(move || held.recv());
            let (loops, accept, timekeeper) = parts();
            drop((accept, timekeeper));
            // The clock that is paused stands still while a thread works: it is moved by hand.
            let mut stage = Stage::Stopping;
            let asked = progress(&loops, &mut stage, WITHIN);
            let (stalled, ()) = tokio::join!(asked, tokio::time::advance(WITHIN * 2));
            assert_eq!(stalled, Err(Stall::Threads));
            release.send(()).unwrap();
            hung.await.unwrap().unwrap();
        });
    }
}
