//! Threads at one session, from its start to what must hold in the end.

use std::{pin::Pin, time::Duration};

use session_core::{Receipt, Result, SessionHandle};
use session_mock::MockClock;

use super::{
    checker::{block_on, spawn},
    manner::{Manner, poll_once},
    op::{Company, Deed, Op, authorize},
    tasks::{Fate, Tasks},
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
    /// Open for a block that the first thread leaves before all else, and to be renewed.
    LeftDue,
    LeftExpired,
}

/// What each thread does, in order, and what servers and executors do meanwhile.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) start: Start,
    pub(crate) threads: Vec<Vec<Op>>,
    /// How the server answers, before it grants.
    pub(crate) script: Vec<Outcome>,
    /// How often each call of the backend has to wait.
    pub(crate) waits: usize,
    /// What the executor does with the engine's tasks, before it runs them.
    pub(crate) fates: Vec<Fate>,
    /// Whether the backend has something to do once the session has opened.
    pub(crate) follows_up: bool,
}

/// A block in which somebody uses the session, from before the threads begin.
type Block = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

pub(crate) fn session(world: &World, clock: &MockClock, tasks: &Tasks) -> SessionHandle {
    SessionHandle::builder(world.clone())
        .clock(clock.clone())
        .executor(tasks.clone())
        .jitter(|| 1.0)
        .build()
}

impl Start {
    pub(crate) const ALL: [Self; 6] = [
        Self::Closed,
        Self::Open,
        Self::Due,
        Self::Expired,
        Self::LeftDue,
        Self::LeftExpired,
    ];

    /// Whether a block has it open that leaves while the threads act.
    pub(crate) fn is_left(self) -> bool {
        matches!(self, Self::LeftDue | Self::LeftExpired)
    }

    /// Whether somebody opened it to stay open.
    pub(crate) fn is_kept(self) -> bool {
        !self.is_left() && self != Self::Closed
    }

    fn age(self) -> Duration {
        match self {
            Self::Closed | Self::Open => Duration::ZERO,
            Self::Due | Self::LeftDue => LIFE * 3 / 4,
            Self::Expired | Self::LeftExpired => LIFE,
        }
    }
}

impl Scene {
    /// Plays it, and checks what must hold. To be called by a model checker, once for each schedule.
    pub(crate) fn play(self) {
        // On a thread of its own, for the one that the checker begins with has a small stack.
        spawn(move || self.direct()).join().unwrap();
    }

    fn direct(&self) {
        let (clock, tasks) = (MockClock::new(), Tasks::default());
        let world = World::new(tasks.door(), self.follows_up);
        let session = session(&world, &clock, &tasks);
        let (receipts, mut block) = self.prepare(&session, &clock, &tasks);
        world.script(&self.script, self.waits);
        tasks.fates(&self.fates);

        let company = self.company();
        let threads: Vec<_> = self
            .threads
            .iter()
            .zip(receipts)
            .map(|(ops, receipt)| {
                let (ops, session, world) = (ops.clone(), session.clone(), world.clone());
                let (tasks, block) = (tasks.clone(), block.take());
                spawn(move || {
                    // The first thread's, before all else that it does.
                    drop(block);
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
        world.script(&[], 0);
        tasks.fates(&[]);
        self.check_recovery(session, &world, &tasks);
    }

    /// Brings the session where it starts. A receipt for each thread, if there is a credential.
    fn prepare(
        &self,
        session: &SessionHandle,
        clock: &MockClock,
        tasks: &Tasks,
    ) -> (Vec<Option<Receipt>>, Option<Block>) {
        if self.start == Start::Closed {
            return (self.threads.iter().map(|_| None).collect(), None);
        }
        let block = if self.start.is_left() {
            let mut block: Block = Box::pin(session.enter(std::future::pending()));
            for _ in 0..2 {
                assert!(poll_once(block.as_mut()).is_pending());
                tasks.run_all();
            }
            Some(block)
        } else {
            tasks.drive(session.init()).unwrap();
            None
        };
        let receipt = |_| Some(tasks.drive(authorize(session)).unwrap());
        let receipts = self.threads.iter().map(receipt).collect();
        clock.advance(self.start.age());
        (receipts, block)
    }

    fn company(&self) -> Company {
        let closes = self.count(Deed::Close) > 0;
        let is_good = matches!(self.start, Start::Open | Start::Due);
        Company {
            closes,
            lapses: !self.start.is_kept(),
            fails: !self.all_goes_well(),
            is_good: is_good && !closes,
        }
    }

    pub(crate) fn all_goes_well(&self) -> bool {
        let grants = self
            .script
            .iter()
            .all(|outcome| *outcome == Outcome::Grants);
        grants && !self.drops_tasks()
    }

    pub(crate) fn drops_tasks(&self) -> bool {
        self.dropped_tasks() > 0
    }

    pub(crate) fn dropped_tasks(&self) -> usize {
        let fates = self.fates.iter();
        fates.filter(|fate| **fate != Fate::Runs).count()
    }

    /// How often this is begun, to whatever end.
    pub(crate) fn count(&self, deed: Deed) -> usize {
        self.begun().filter(|op| op.deed == deed).count()
    }

    /// Whether there is an `init` whose outcome nobody may be told.
    pub(crate) fn drops_an_init(&self) -> bool {
        let is_dropped = |op: &Op| matches!(op.manner, Manner::DroppedAt(_));
        self.begun()
            .any(|op| op.deed == Deed::Init && is_dropped(op))
    }

    fn begun(&self) -> impl Iterator<Item = &Op> {
        self.threads.iter().flatten().filter(|op| op.is_begun())
    }
}
