//! The same work on many items, on as many threads as there are processors.

use std::{num::NonZero, thread};

/// Fewer items than this are not worth a thread.
const WORTH_A_THREAD: usize = 128;
/// More threads than this do not make a disk faster.
const THREADS: usize = 8;

/// What `work` makes of each item, in order.
pub(super) fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = (items.len() / WORTH_A_THREAD).min(processors).min(THREADS);
    if threads < 2 {
        return items.iter().map(work).collect();
    }
    let work = &work;
    let mut shares = items.chunks(items.len().div_ceil(threads));
    let own = shares.next().unwrap_or_default();
    thread::scope(|scope| {
        let others: Vec<_> =
            shares.map(|share| scope.spawn(move || share.iter().map(work).collect::<Vec<_>>())).collect();
        let mut done: Vec<_> = own.iter().map(work).collect();
        for other in others {
            match other.join() {
                Ok(share) => done.extend(share),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_order_however_many_there_are() {
        for count in [0, 1, WORTH_A_THREAD - 1, WORTH_A_THREAD, 2 * WORTH_A_THREAD, 5003] {
            let items: Vec<_> = (0..count).collect();
            let doubled: Vec<_> = items.iter().map(|item| item * 2).collect();
            assert_eq!(map(&items, |item| item * 2), doubled, "{count}");
        }
    }
}
