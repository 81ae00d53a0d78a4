//! What must hold when all threads of a scene are done.

use session_core::{SessionHandle, State};

use super::{
    op::{Deed, authorize},
    scene::Scene,
    tasks::Tasks,
    world::{Outcome, World},
};

impl Scene {
    pub(crate) fn check(&self, session: &SessionHandle, world: &World) {
        let state = session.status().state;
        let inits = self.count(Deed::Init);
        let is_settled = matches!(state, State::Closed | State::Open | State::Expired);
        let is_renewing = session.status().is_renewing;
        assert!(
            is_settled && !is_renewing,
            "{self:?}: all have left, and it is {state}"
        );
        // Or one that is dropped, and never told.
        let is_kept = self.start.is_kept() || world.was_opened() || self.drops_an_init();
        if !is_kept {
            assert_eq!(state, State::Closed, "{self:?}: nobody keeps it open");
        }
        if self.all_goes_well() && self.count(Deed::Close) == 0 && inits > 0 {
            assert_ne!(state, State::Closed, "{self:?}: `init` keeps it open");
        }
        self.check_server(state, world);
        let (made, most) = (world.authentications(), self.most_calls());
        assert!(made <= most, "{self:?}: {made} calls, not {most}");
    }

    /// What is left at the server.
    fn check_server(&self, state: State, world: &World) {
        let alive = world.alive().len();
        if self.drops_tasks() {
            // What a dropped task was about to end lives on.
            return;
        }
        match state {
            State::Closed => assert_eq!(alive, 0, "{self:?}: closed, and nothing is left"),
            _ if self.all_goes_well() => assert_eq!(alive, 1, "{self:?}"),
            // What it holds may be one that the server would not renew.
            _ => assert!(alive <= 1, "{self:?}: {alive} are alive"),
        }
    }

    /// How often the backend may be asked to authenticate.
    fn most_calls(&self) -> usize {
        let (inits, blocks) = (self.count(Deed::Init), self.count(Deed::Enter));
        let closes = self.count(Deed::Close);
        let is_granted = |outcome: &Outcome| *outcome == Outcome::Grants;
        let granted = self.script.iter().take_while(|o| is_granted(o)).count();
        let fails = granted < self.script.len();
        if fails && inits == 0 && closes == 0 && !self.drops_tasks() {
            // Nobody asks on his own during the pause after the first failure.
            return granted + 1;
        }
        // Once for the start, and once more where somebody closed it since. A session that is closed is opened by
        // each block too that does not find it open.
        let is_closed_at_times = !self.start.is_kept() || closes > 0;
        let left = usize::from(self.start.is_left());
        let asked = 1 + left + closes + if is_closed_at_times { blocks } else { 0 };
        // An `init` tries what failed once more, and starts over where a renewal is denied.
        let again = if self.all_goes_well() { 0 } else { inits };
        let denies = self.script.contains(&Outcome::Denies);
        asked + again + self.dropped_tasks() + if denies { inits } else { 0 }
    }

    /// The session works as if nothing had happened, and nobody is counted who is gone.
    pub(crate) fn check_recovery(&self, session: SessionHandle, world: &World, tasks: &Tasks) {
        if !self.all_goes_well() {
            tasks.drive(session.init()).unwrap();
            let is_good = tasks.drive(authorize(&session)).is_ok();
            assert!(is_good, "{self:?}: after an `init` it works");
        }
        tasks.drive(session.close()).unwrap();
        assert_eq!(session.status().state, State::Closed, "{self:?}");
        let state = tasks.drive(session.enter(async { session.status().state }));
        assert_eq!(state.unwrap(), State::Open, "{self:?}");
        let state = session.status().state;
        assert_eq!(state, State::Closed, "{self:?}: the last block closes it");
        drop(session);
        tasks.run_all();
        if !self.drops_tasks() {
            assert_eq!(world.alive(), [], "{self:?}: nothing is left at the server");
        }
        assert_eq!(world.faults(), [""; 0], "{self:?}");
    }
}
