//! The hot path on a machine that sleeps: what a request sees of a credential's time, in any order in which memory
//! may show it.

use http::header::AUTHORIZATION;
use session_core::Clock;
use session_mock::MockClock;

use super::{
    checker::{block_on, spawn},
    op::authorize,
    scene::session,
    tasks::Tasks,
    world::{LIFE, World},
};

/// One thread sees that the machine slept, and the credential's new end on the clock that stood still; another reads
/// both on the hot path, and must never take a header after the end.
pub(crate) fn play() {
    spawn(direct).join().unwrap();
}

fn direct() {
    let (clock, tasks) = (MockClock::new(), Tasks::default());
    let world = World::new(tasks.door(), false);
    let session = session(&world, &clock, &tasks);
    tasks.drive(session.init()).unwrap();
    let looks = spawn({
        let (session, clock) = (session.clone(), clock.clone());
        move || {
            clock.suspend(LIFE / 2);
            block_on(authorize(&session)).unwrap();
            clock.advance(LIFE / 2);
        }
    });
    let requests = spawn({
        let (session, clock) = (session.clone(), clock.clone());
        move || {
            let is_over = clock.monotonic() >= LIFE;
            let header = session.header_now(&AUTHORIZATION);
            assert!(
                !is_over || header.is_none(),
                "a header of an expired credential"
            );
        }
    });
    looks.join().unwrap();
    requests.join().unwrap();
    assert!(session.header_now(&AUTHORIZATION).is_none());
    tasks.drive(session.close()).unwrap();
    drop(session);
    tasks.run_all();
}
