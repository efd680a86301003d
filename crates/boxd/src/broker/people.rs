//! How accounts stand, for those who tell people.

use boxd_engine::{Now, Trouble, trouble::Remedy};
use boxd_proto::Code;

use super::{Broker, problems, status};
use crate::{
    account_name::AccountName,
    config::Hook,
    notify::{Accounts, Fault, Nature, Standing},
};

impl Accounts for Broker {
    fn names(&self) -> Vec<AccountName> {
        self.all().iter().map(|account| account.name.clone()).collect()
    }

    fn standing(&self, name: &AccountName) -> Option<Standing> {
        let account = self.account(name)?;
        let grant = account.held().session.grant();
        let now = self.clock.now();
        let view = account.view.borrow();
        let deadline = view.login_deadline(now, self.clock.boot_id());
        Some(Standing {
            grant,
            generation: view.generation.0,
            state: view.state,
            shown_state: status::grant_state(view.state),
            // That nobody has logged in yet is known to who configured it.
            fault: view
                .trouble
                .as_ref()
                .filter(|trouble| **trouble != Trouble::Absent)
                .map(|it| fault(name, it)),
            deadline: deadline.map(boxd_engine::WallTime::unix_seconds),
            left: deadline.map(|deadline| deadline.millis_since(now.wall).div_euclid(1000)),
        })
    }

    fn hook(&self) -> Option<Hook> {
        self.config().hook().cloned()
    }

    fn now(&self) -> Now {
        self.clock.now()
    }
}

impl Broker {
    /// Tells people what they must do, for ever.
    pub async fn keep_people_informed(&self) {
        self.notifier.run(self.clone(), &self.places.state_dir).await;
    }

    pub(super) fn look_at_all(&self) {
        for account in self.all() {
            self.notifier.look_at(&account.name);
        }
    }
}

fn fault(account: &AccountName, trouble: &Trouble) -> Fault {
    let problem = problems::of_trouble(account, trouble);
    Fault {
        name: trouble.name(),
        code: Code::as_str(problem.code),
        detail: problem.detail,
        next_step: problem.next_step,
        command: problems::command(account, trouble),
        nature: nature(trouble),
    }
}

fn nature(trouble: &Trouble) -> Nature {
    match trouble {
        Trouble::NotProved(_) | Trouble::NotSaved(_) => Nature::OfStore,
        // A vault or keyring that is not open yet, as at the start of a session.
        Trouble::Unprepared(_) => Nature::Passing,
        Trouble::BindingDiffers { .. }
        | Trouble::AuthDiffers { .. }
        | Trouble::Orphaned
        | Trouble::AccessOnly
        | Trouble::ForeignMachine => Nature::Local,
        other if other.remedy() == Remedy::Wait => Nature::Passing,
        _ => Nature::OfBox,
    }
}
