//! Expiry in spite of what clocks do.

use std::time::{Duration, SystemTime};

use crate::support::bearer;
use session_core::{Clock, Coarse, Credential, SessionHandle, State, SystemClock};
use session_mock::{Call, MockClock, MockSession, Step};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

async fn open(clock: &MockClock, step: Step) -> (MockSession, SessionHandle) {
    let mock = MockSession::scripted([step]).by_clock(clock);
    let session = mock.handle();
    session.init().await.unwrap();
    (mock, session)
}

#[tokio::test]
async fn a_step_of_the_wall_clock_expires_nothing_and_saves_nothing() {
    for step in [DAY, Duration::from_millis(600)] {
        for back in [true, false] {
            let clock = MockClock::new();
            let (mock, session) = open(&clock, Step::bearer("a").expires_in(4 * MINUTE)).await;
            assert_eq!(bearer(&session).await.unwrap(), "Bearer a");
            clock.set_wall(if back {
                clock.wall() - step
            } else {
                clock.wall() + step
            });
            assert_eq!(bearer(&session).await.unwrap(), "Bearer a");
            assert_eq!(mock.calls(), [Call::Init]);
            clock.advance(4 * MINUTE);
            assert_eq!(session.status().state, State::Expired);
            bearer(&session).await.unwrap();
            assert_eq!(mock.calls(), [Call::Init, Call::Renew]);
        }
    }
}

#[tokio::test]
async fn the_time_in_suspend_counts() {
    let clock = MockClock::new();
    let (mock, session) = open(&clock, Step::bearer("a").expires_in(60 * MINUTE)).await;
    clock.suspend(10 * MINUTE);
    assert_eq!(bearer(&session).await.unwrap(), "Bearer a");
    assert_eq!(mock.calls(), [Call::Init]);
    clock.suspend(50 * MINUTE);
    assert_eq!(session.status().state, State::Expired);
    bearer(&session).await.unwrap();
    assert_eq!(mock.calls(), [Call::Init, Call::Renew]);
}

#[tokio::test]
async fn half_a_second_in_suspend_is_noticed() {
    let (clock, lifetime) = (MockClock::new(), Duration::from_millis(450));
    let (mock, session) = open(&clock, Step::bearer("a").expires_in(lifetime)).await;
    clock.suspend(Duration::from_millis(500));
    bearer(&session).await.unwrap();
    assert_eq!(mock.calls(), [Call::Init, Call::Renew]);
}

#[tokio::test]
async fn many_short_suspends_add_up() {
    let clock = MockClock::new();
    let (mock, session) = open(&clock, Step::bearer("a").expires_in(MINUTE)).await;
    for _ in 0..200 {
        clock.suspend(Duration::from_millis(300));
        bearer(&session).await.unwrap();
    }
    // A minute has passed, and the cheap clock has seen nothing of it.
    let renewed = mock.count(Call::Renew);
    assert!((1..=2).contains(&renewed), "{renewed}");
}

#[tokio::test]
async fn a_servers_wrong_clock_does_not_matter() {
    for wrong in [10 * MINUTE, DAY] {
        for behind in [true, false] {
            let clock = MockClock::new();
            let server = if behind {
                clock.wall() - wrong
            } else {
                clock.wall() + wrong
            };
            let credential = Credential::bearer("a")
                .expires_at(server + 5 * MINUTE)
                .issued_at(server);
            let (_, session) = open(&clock, Step::credential(credential)).await;
            assert_eq!(session.status().expires_at, Some(clock.wall() + 5 * MINUTE));
            clock.advance(5 * MINUTE - Duration::from_secs(1));
            assert_eq!(session.status().state, State::Open);
            clock.advance(Duration::from_secs(1));
            assert_eq!(session.status().state, State::Expired);
        }
    }
}

#[test]
fn the_systems_cheap_clock_shows_the_time_and_never_steps_back() {
    let (before, mut last) = (SystemClock.wall(), SystemClock.coarse());
    // A cheap reading is up to a tick old; no kernel ticks slower than 10 ms.
    let reading = SystemTime::UNIX_EPOCH + last.wall();
    assert!(reading >= before - Duration::from_millis(50) && reading <= SystemClock.wall());
    let first = last;
    while last.ticking() == first.ticking() {
        let next = SystemClock.coarse();
        assert!(next.ticking() >= last.ticking());
        last = next;
    }
}

#[test]
fn a_clock_need_not_have_a_cheap_reading() {
    #[derive(Debug)]
    struct Plain;
    impl Clock for Plain {
        fn monotonic(&self) -> Duration {
            MINUTE
        }
        fn wall(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH + DAY
        }
    }
    assert_eq!(Plain.coarse(), Coarse::new(MINUTE, DAY));
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "compares with what the clock is made of"
)]
fn the_systems_clock_goes_forward_and_knows_the_year() {
    let (before, first) = (SystemTime::now(), SystemClock.monotonic());
    assert!(SystemClock.wall() >= before);
    while SystemClock.monotonic() == first {
        std::hint::spin_loop();
    }
    assert!(SystemClock.monotonic() > first);
}
