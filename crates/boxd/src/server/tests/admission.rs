//! Who gets a connection when there are many.

use std::time::Duration;

use super::*;
use crate::server::admission::{Full, Seat};

fn admission(connections: usize) -> Arc<Admission> {
    Admission::new(Limits::for_connections(connections), Arc::default())
}

fn peer(uid: u32, pid: u32) -> Peer {
    Peer { uid, pid: Some(pid) }
}

fn busy(admission: &Arc<Admission>, peer: Peer) -> Seat {
    let seat = admission.admit(peer).unwrap();
    seat.busy();
    seat
}

/// A connection with a task of its own, which ends when its seat is taken away.
fn seated(admission: &Arc<Admission>, peer: Peer) -> Result<JoinHandle<()>, Full> {
    let seat = admission.admit(peer)?;
    let leash = seat.leash();
    let task = tokio::spawn(async move {
        let _seat = seat;
        std::future::pending::<()>().await;
    });
    leash.tie(task.abort_handle());
    Ok(task)
}

async fn settled() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_has_at_most_a_quarter() {
    let admission = admission(16);
    let held: Vec<Seat> = (0..4).map(|_| admission.admit(peer(1000, 1)).unwrap()).collect();
    assert_eq!(admission.admit(peer(1000, 1)).unwrap_err(), Full::Process);
    assert!(admission.admit(peer(1000, 2)).is_ok());
    drop(held);
    assert!(admission.admit(peer(1000, 1)).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_user_has_at_most_three_quarters() {
    let admission = admission(16);
    let _held: Vec<Seat> = (0..12).map(|number| busy(&admission, peer(1000, number / 4))).collect();
    assert_eq!(admission.admit(peer(1000, 9)).unwrap_err(), Full::User);
    let _root = busy(&admission, peer(0, 10));
}

#[tokio::test(start_paused = true)]
async fn nobody_who_is_being_answered_has_to_go() {
    let admission = admission(16);
    let _held: Vec<Seat> = (0..16).map(|number| busy(&admission, peer(number / 4, number))).collect();
    assert_eq!(admission.admit(peer(7, 99)).unwrap_err(), Full::All);
}

#[tokio::test(start_paused = true)]
async fn a_process_without_a_known_pid_has_its_users_bound() {
    let admission = admission(16);
    let unknown = Peer { uid: 1000, pid: None };
    let _held: Vec<Seat> = (0..12).map(|_| busy(&admission, unknown)).collect();
    assert_eq!(admission.admit(unknown).unwrap_err(), Full::User);
}

#[tokio::test(start_paused = true)]
async fn when_full_the_one_idle_longest_goes_if_idle_for_ten_minutes() {
    let admission = admission(16);
    let first = seated(&admission, peer(1, 1)).unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    let second = seated(&admission, peer(2, 2)).unwrap();
    tokio::time::advance(Duration::from_mins(11)).await;
    let _others: Vec<Seat> =
        (0..14).map(|number| admission.admit(peer(3 + number / 4, number / 4 + 3)).unwrap()).collect();
    let _newcomer = admission.admit(peer(9, 9)).unwrap();
    settled().await;
    assert!(first.is_finished());
    assert!(!second.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_flood_displaces_itself_and_not_the_others() {
    let admission = admission(16);
    let quiet = seated(&admission, peer(1000, 1)).unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    // Three processes of the same user, each as much as it gets, again and again.
    let mut flood = Vec::new();
    for round in 0..1000_u32 {
        flood.extend(seated(&admission, peer(1000, 100 + round % 3)).ok());
        settled().await;
    }
    assert!(!quiet.is_finished(), "a quiet client lost its connection");
    // And a newcomer is let in.
    let newcomer = seated(&admission, peer(1000, 2)).unwrap();
    settled().await;
    assert!(!newcomer.is_finished());
    assert!(!quiet.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_process_at_its_bound_may_trade_a_connection_that_is_long_idle() {
    let admission = admission(16);
    let first = seated(&admission, peer(1, 1)).unwrap();
    let rest: Vec<JoinHandle<()>> = (0..3).map(|_| seated(&admission, peer(1, 1)).unwrap()).collect();
    assert_eq!(admission.admit(peer(1, 1)).unwrap_err(), Full::Process);
    tokio::time::advance(Duration::from_mins(10)).await;
    let _next = admission.admit(peer(1, 1)).unwrap();
    settled().await;
    let gone = [first].iter().chain(&rest).filter(|task| task.is_finished()).count();
    assert_eq!(gone, 1);
}
