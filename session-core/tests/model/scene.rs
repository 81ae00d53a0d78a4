//! Threads at one session, from its start to what must hold in the end.

use std::time::Duration;

use session_core::{Receipt, SessionHandle, State};
use session_mock::MockClock;

use super::{
    checker::{block_on, spawn},
    op::{Company, Op, authorize},
    tasks::Tasks,
    world::{LIFE, Outcome, World},
};

/// Where a session is when the threads begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Start {
    Closed,
    Open,
    /// To be renewed, while it is still good.
    Due,
    Expired,
}

/// What each thread does, in order, and how the server answers meanwhile.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) start: Start,
    pub(crate) threads: Vec<Vec<Op>>,
    pub(crate) script: Vec<Outcome>,
}

pub(crate) fn session(world: &World, clock: &MockClock, tasks: &Tasks) -> SessionHandle {
    SessionHandle::builder(world.clone())
        .clock(clock.clone())
        .executor(tasks.clone())
        .jitter(|| 1.0)
        .build()
}

impl Scene {
    /// Plays it, and checks what must hold. To be called by a model checker, once for each schedule.
    pub(crate) fn play(self) {
        // On a thread of its own, for the one that the checker begins with has a small stack.
        spawn(move || self.direct()).join().unwrap();
    }

    fn direct(&self) {
        let (world, clock, tasks) = (World::new(), MockClock::new(), Tasks::default());
        let session = session(&world, &clock, &tasks);
        let receipts = self.prepare(&session, &clock, &tasks);
        world.script(&self.script);

        let company = self.company();
        let threads: Vec<_> = self
            .threads
            .iter()
            .zip(receipts)
            .map(|(ops, receipt)| {
                let (ops, session, world) = (ops.clone(), session.clone(), world.clone());
                let tasks = tasks.clone();
                spawn(move || {
                    for op in ops {
                        block_on(op.run(&session, &world, receipt.as_ref(), company));
                    }
                    drop(session);
                    tasks.leave();
                })
            })
            .collect();
        tasks.work(threads.len());
        for thread in threads {
            thread.join().unwrap();
        }
        tasks.run_all();
        self.check(&session, &world);

        tasks.drive(session.close()).unwrap();
        assert_eq!(session.status().state, State::Closed, "{self:?}");
        drop(session);
        tasks.run_all();
        assert_eq!(world.alive(), [], "{self:?}: nothing is left at the server");
        assert_eq!(world.faults(), [""; 0], "{self:?}");
    }

    /// Brings the session where it starts. A receipt for each thread, if there is a credential.
    fn prepare(
        &self,
        session: &SessionHandle,
        clock: &MockClock,
        tasks: &Tasks,
    ) -> Vec<Option<Receipt>> {
        if self.start == Start::Closed {
            return self.threads.iter().map(|_| None).collect();
        }
        tasks.drive(session.init()).unwrap();
        let receipt = |_| Some(tasks.drive(authorize(session)).unwrap());
        let receipts = self.threads.iter().map(receipt).collect();
        clock.advance(match self.start {
            Start::Due => LIFE * 3 / 4,
            Start::Expired => LIFE,
            _ => Duration::ZERO,
        });
        receipts
    }

    fn company(&self) -> Company {
        let any = |wanted: &[Op]| self.ops().any(|op| wanted.contains(op));
        // A session that was not open before is closed by the last block that leaves, and then requests of others
        // find it closed.
        let blocks_close = self.start == Start::Closed;
        let closes = any(&[Op::Close]);
        let is_good = matches!(self.start, Start::Open | Start::Due);
        Company {
            closes: closes || blocks_close && any(&[Op::Request, Op::Refuse]),
            fails: self
                .script
                .iter()
                .any(|outcome| *outcome != Outcome::Grants),
            is_good: is_good && !closes,
        }
    }

    fn ops(&self) -> impl Iterator<Item = &Op> {
        self.threads.iter().flatten()
    }

    fn check(&self, session: &SessionHandle, world: &World) {
        let (state, alive) = (session.status().state, world.alive().len());
        let all_grant = self.script.is_empty();
        let may_stay = self.start != Start::Closed
            || world.was_opened()
            || self.ops().any(|op| *op == Op::InitAbandoned);
        if !may_stay {
            assert_eq!(state, State::Closed, "{self:?}: nobody keeps it open");
        }
        match state {
            State::Closed => assert_eq!(alive, 0, "{self:?}: closed, and nothing is left"),
            // What it holds may be one that the server would not renew.
            State::Open | State::Expired if all_grant => assert_eq!(alive, 1, "{self:?}"),
            State::Open | State::Expired => assert!(alive <= 1, "{self:?}: {alive} are alive"),
            state => panic!("{self:?}: nobody is left, and the session is {state}"),
        }
        if !all_grant {
            return;
        }
        let count = |wanted: &[Op]| self.ops().filter(|op| wanted.contains(op)).count();
        let (closes, blocks) = (count(&[Op::Close]), count(&[Op::Enter, Op::EnterAbandoned]));
        // A session that is closed is opened again, by each block too that does not find it open.
        let is_closed_at_times = self.start == Start::Closed || closes > 0;
        let most = 1 + closes + if is_closed_at_times { blocks } else { 0 };
        let made = world.authentications();
        assert!(made <= most, "{self:?}: {made} authentications");
        if closes == 0 && count(&[Op::Init]) > 0 {
            assert_ne!(state, State::Closed, "{self:?}: `init` keeps it open");
        }
    }
}
