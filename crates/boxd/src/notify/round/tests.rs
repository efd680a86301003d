//! Rounds with a command that works, fails or is missing, on paused time.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

use boxd_engine::{GrantId, Jitter, Now, State, WallTime};
use boxd_proto::GrantState;

use super::*;
use crate::{
    config::Hook,
    notify::{Fault, Nature, Standing},
};

#[derive(Clone)]
struct Few(Arc<Mutex<World>>);

struct World {
    standings: BTreeMap<AccountName, Standing>,
    hook: Option<Hook>,
    boot: BootTime,
}

impl Accounts for Few {
    fn names(&self) -> Vec<AccountName> {
        self.0.lock().unwrap().standings.keys().cloned().collect()
    }

    fn standing(&self, account: &AccountName) -> Option<Standing> {
        self.0.lock().unwrap().standings.get(account).cloned()
    }

    fn hook(&self) -> Option<Hook> {
        self.0.lock().unwrap().hook.clone()
    }

    fn now(&self) -> Now {
        let boot = self.0.lock().unwrap().boot;
        Now { boot, wall: WallTime(1_800_000_000_000), jitter: Jitter(0) }
    }
}

fn name(number: usize) -> AccountName {
    format!("a{number}").parse().unwrap()
}

fn dead() -> Standing {
    Standing {
        grant: Some(GrantId([7; 16])),
        generation: 5,
        state: State::LoginRequired,
        shown_state: GrantState::LoginRequired,
        fault: Some(Fault {
            name: "taken",
            code: "login_required",
            detail: "refused".into(),
            next_step: "boxctl login".into(),
            command: "boxctl login".into(),
            nature: Nature::OfBox,
        }),
        deadline: None,
        left: None,
    }
}

struct Bench {
    accounts: Few,
    place: tempfile::TempDir,
}

impl Bench {
    fn new(count: usize) -> Self {
        let standings = (0..count).map(|number| (name(number), dead())).collect();
        let world = World { standings, hook: None, boot: BootTime(1000) };
        Self { accounts: Few(Arc::new(Mutex::new(world))), place: tempfile::tempdir().unwrap() }
    }

    /// The command appends its input to a file, and ends so.
    fn hook(&self, status: u8) {
        let script = format!("cat >> {}; exit {status}", self.heard_in().display());
        let hook = Hook { program: "/bin/sh".into(), arguments: vec!["-c".into(), script] };
        self.accounts.0.lock().unwrap().hook = Some(hook);
    }

    fn heard_in(&self) -> PathBuf {
        self.place.path().join("heard")
    }

    /// The events that the command got since the last call.
    fn heard(&self) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(self.heard_in()).unwrap_or_default();
        std::fs::remove_file(self.heard_in()).ok();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn round(&self) -> Round<Few> {
        Round::begin(self.accounts.clone(), self.place.path())
    }

    fn pass(&self, span: Duration) {
        let mut world = self.accounts.0.lock().unwrap();
        world.boot = world.boot.after(span);
    }
}

#[tokio::test(start_paused = true)]
async fn each_event_goes_to_the_command_once_also_after_a_restart() {
    let bench = Bench::new(2);
    bench.hook(0);
    assert_eq!(bench.round().look(BTreeSet::new()).await, Some(Ok(())));
    let heard = bench.heard();
    assert_eq!(heard.len(), 2);
    assert_eq!(heard[0]["event"], "login_required");
    assert_eq!(heard[1]["account"], "a1");
    assert_eq!(bench.round().look(BTreeSet::new()).await, None, "the next process");
    assert!(bench.heard().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_command_that_fails_is_run_three_times_and_again_an_hour_later() {
    let bench = Bench::new(1);
    bench.hook(1);
    let mut round = bench.round();
    let outcome = round.look(BTreeSet::new()).await;
    assert!(outcome.unwrap().unwrap_err().contains("exit status: 1"));
    assert_eq!(bench.heard().len(), 3);
    // Changes meanwhile do not make it run again.
    assert_eq!(round.look([name(0)].into()).await, None);
    bench.pass(LATER);
    bench.hook(0);
    assert_eq!(round.look(BTreeSet::new()).await, Some(Ok(())));
    assert_eq!(bench.heard().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn many_at_once_are_one_event() {
    let bench = Bench::new(1000);
    bench.hook(0);
    let mut round = bench.round();
    round.look(BTreeSet::new()).await;
    let heard = bench.heard();
    assert_eq!(heard.len(), 1);
    assert_eq!((&heard[0]["event"], &heard[0]["count"]), (&"several".into(), &1000.into()));
    assert_eq!(heard[0]["accounts"].as_array().unwrap().len(), 20);
    assert_eq!(round.look(bench.accounts.names().into_iter().collect()).await, None);
}

#[tokio::test(start_paused = true)]
async fn without_a_command_it_is_logged_once_and_an_account_that_is_gone_is_forgotten() {
    let bench = Bench::new(1);
    let mut round = bench.round();
    assert_eq!(round.look(BTreeSet::new()).await, None);
    assert!(round.memory.of(&name(0)).is_some());
    bench.accounts.0.lock().unwrap().standings.clear();
    round.look([name(0)].into()).await;
    assert!(round.memory.of(&name(0)).is_none());
    assert!(bench.round().memory.of(&name(0)).is_none(), "also in the file");
}
