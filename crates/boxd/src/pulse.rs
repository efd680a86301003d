//! Proof that a loop still turns: the loop itself answers, between two pieces of its work.

use tokio::sync::{mpsc, oneshot};

/// The loop's end.
#[derive(Debug)]
pub struct Pulse(mpsc::Receiver<oneshot::Sender<()>>);

/// The end of who wants to know.
#[derive(Clone, Debug)]
pub struct Probe(mpsc::Sender<oneshot::Sender<()>>);

/// The loop has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended;

/// The two ends for one loop.
pub fn pulse() -> (Pulse, Probe) {
    let (sender, receiver) = mpsc::channel(1);
    (Pulse(receiver), Probe(sender))
}

impl Pulse {
    /// Answers the next question; for a loop to select on. Pending for ever where nobody can ask any more.
    pub(crate) async fn answer(&mut self) {
        match self.0.recv().await {
            // Who asked may have given up.
            Some(answer) => answer.send(()).unwrap_or_default(),
            None => std::future::pending().await,
        }
    }
}

impl Probe {
    /// Returns once the loop has turned.
    pub(crate) async fn ask(&self) -> Result<(), Ended> {
        let (answer, answered) = oneshot::channel();
        self.0.send(answer).await.map_err(|_unsent| Ended)?;
        answered.await.map_err(|_gone| Ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_loop_that_turns_answers_and_one_that_ended_is_known_to() {
        let (mut pulse, probe) = pulse();
        let (answered, ()) = tokio::join!(probe.ask(), pulse.answer());
        assert_eq!(answered, Ok(()));
        drop(pulse);
        assert_eq!(probe.ask().await, Err(Ended));
    }

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_stands_still_does_not() {
        let (_pulse, probe) = pulse();
        let waited = tokio::time::timeout(std::time::Duration::from_hours(1), probe.ask()).await;
        assert!(waited.is_err());
    }
}
