//! Time that a test moves.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use session_core::{BackgroundThread, BoxFuture, Clock, Coarse, Executor};
use tokio::sync::watch;

/// A clock that stands still until a test moves it. Clones are the same clock.
///
/// ```
/// use std::time::Duration;
/// use session_core::Clock;
/// use session_mock::MockClock;
///
/// let clock = MockClock::new();
/// let before = clock.monotonic();
/// clock.advance(Duration::from_secs(3600));
/// assert_eq!(clock.monotonic() - before, Duration::from_secs(3600));
/// ```
#[derive(Clone, Debug)]
pub struct MockClock {
    monotonic: Arc<watch::Sender<Duration>>,
    sleepers: Arc<watch::Sender<Vec<Duration>>>,
    rest: Arc<Mutex<Rest>>,
}

#[derive(Debug)]
struct Rest {
    wall: SystemTime,
    suspended: Duration,
    lag: Duration,
}

impl MockClock {
    /// A clock that shows 2030-01-01 00:00:00 UTC.
    pub fn new() -> Self {
        Self {
            monotonic: Arc::new(watch::Sender::new(Duration::ZERO)),
            sleepers: Arc::default(),
            rest: Arc::new(Mutex::new(Rest {
                wall: SystemTime::UNIX_EPOCH + Duration::from_secs(1_893_456_000),
                suspended: Duration::ZERO,
                lag: Duration::ZERO,
            })),
        }
    }

    /// Lets time pass.
    pub fn advance(&self, time: Duration) {
        self.rest().wall += time;
        self.monotonic.send_modify(|now| *now += time);
        let now = self.monotonic();
        self.sleepers
            .send_modify(|sleepers| sleepers.retain(|until| *until > now));
    }

    /// Lets time pass while the machine is suspended: the cheap clock stands still.
    pub fn suspend(&self, time: Duration) {
        self.rest().suspended += time;
        self.advance(time);
    }

    /// Lets the cheap reading of this clock lag behind from now on, as that of a real clock does by up to a tick.
    pub fn set_lag(&self, lag: Duration) {
        self.rest().lag = lag;
    }

    /// Sets the time of day, as an operator or a time server does: no time passes.
    pub fn set_wall(&self, time: SystemTime) {
        self.rest().wall = time;
    }

    /// Completes once that much time has passed on this clock.
    pub fn sleep(&self, time: Duration) -> BoxFuture<()> {
        let mut now = self.monotonic.subscribe();
        let until = now.borrow().saturating_add(time);
        self.sleepers.send_modify(|sleepers| sleepers.push(until));
        Box::pin(async move {
            if now.wait_for(|now| *now >= until).await.is_err() {
                // The clock is gone: its time never comes.
                std::future::pending::<()>().await;
            }
        })
    }

    /// Whether somebody waits who will wake when exactly that much time has passed from now.
    pub fn is_awaited(&self, time: Duration) -> bool {
        let until = self.monotonic() + time;
        self.sleepers.borrow().contains(&until)
    }

    /// Completes once somebody waits who will wake when that much time has passed from now: time can then be
    /// moved without leaving behind who is only about to wait.
    pub async fn sleeper(&self, time: Duration) {
        let until = self.monotonic() + time;
        let mut sleepers = self.sleepers.subscribe();
        let result = sleepers
            .wait_for(|sleepers| sleepers.contains(&until))
            .await;
        result.expect("the clock keeps its own sender");
    }

    fn rest(&self) -> MutexGuard<'_, Rest> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MockClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for MockClock {
    fn monotonic(&self) -> Duration {
        *self.monotonic.borrow()
    }

    fn wall(&self) -> SystemTime {
        self.rest().wall
    }

    fn coarse(&self) -> Coarse {
        let Rest {
            wall,
            suspended,
            lag,
        } = *self.rest();
        let wall = wall
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let ticking = self.monotonic().saturating_sub(suspended);
        Coarse::new(ticking.saturating_sub(lag), wall.saturating_sub(lag))
    }
}

/// Runs authentication like the default executor, and lets it wait by a [`MockClock`]. Clones are the same executor.
#[derive(Clone, Debug)]
pub struct MockExecutor {
    clock: MockClock,
    running: Arc<watch::Sender<usize>>,
}

impl MockExecutor {
    /// An executor that waits by this clock.
    pub fn new(clock: &MockClock) -> Self {
        Self {
            clock: clock.clone(),
            running: Arc::default(),
        }
    }

    /// Completes once every task that it was given has ended: a session that was closed has left nothing running.
    pub async fn idle(&self) {
        let mut running = self.running.subscribe();
        let result = running.wait_for(|running| *running == 0).await;
        result.expect("the executor keeps its own sender");
    }
}

impl Executor for MockExecutor {
    fn spawn(&self, task: BoxFuture<()>) {
        self.running.send_modify(|running| *running += 1);
        let end = End(Arc::clone(&self.running));
        BackgroundThread.spawn(Box::pin(async move {
            let _end = end;
            task.await;
        }));
    }

    fn sleep(&self, time: Duration) -> BoxFuture<()> {
        self.clock.sleep(time)
    }
}

/// The end of a task, also of one that panics or is dropped.
#[derive(Debug)]
struct End(Arc<watch::Sender<usize>>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.send_modify(|running| *running -= 1);
    }
}
