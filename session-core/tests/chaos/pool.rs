//! An executor that does nothing by itself.

use std::{
    collections::BTreeMap,
    fmt,
    future::poll_fn,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use fastrand::Rng;
use session_core::{BoxFuture, Executor};
use session_mock::MockClock;

/// Tasks of which one at a time is polled, when the walk says so, and only if it was woken.
#[derive(Clone)]
pub(crate) struct Pool {
    clock: MockClock,
    tasks: Arc<Mutex<Tasks>>,
}

#[derive(Default)]
struct Tasks {
    all: BTreeMap<u64, (Woken, Option<BoxFuture<()>>)>,
    next: u64,
}

impl Pool {
    pub(crate) fn new(clock: &MockClock) -> Self {
        Self {
            clock: clock.clone(),
            tasks: Arc::default(),
        }
    }

    /// Polls some task that was woken; `false`, if none was.
    pub(crate) fn run_one(&self, rng: &mut Rng) -> bool {
        let picked = {
            let mut tasks = self.tasks.lock().unwrap();
            let woken: Vec<_> = tasks
                .all
                .iter()
                .filter(|(_, (woken, _))| woken.is_set())
                .map(|(key, _)| *key)
                .collect();
            let Some(key) = rng.choice(woken) else {
                return false;
            };
            let (woken, task) = tasks.all.get_mut(&key).unwrap();
            (key, woken.clone(), task.take().unwrap())
        };
        let (key, woken, mut task) = picked;
        let is_over = woken.poll(&mut task).is_ready();
        let mut tasks = self.tasks.lock().unwrap();
        if is_over {
            tasks.all.remove(&key);
        } else {
            tasks.all.get_mut(&key).unwrap().1 = Some(task);
        }
        true
    }

    /// How many tasks have not ended.
    pub(crate) fn len(&self) -> usize {
        self.tasks.lock().unwrap().all.len()
    }
}

impl Executor for Pool {
    fn spawn(&self, task: BoxFuture<()>) {
        let mut tasks = self.tasks.lock().unwrap();
        let key = tasks.next;
        tasks.next += 1;
        tasks.all.insert(key, (Woken::new(), Some(task)));
    }

    fn sleep(&self, time: Duration) -> BoxFuture<()> {
        self.clock.sleep(time)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

/// Whether a future is to be polled.
#[derive(Clone)]
pub(crate) struct Woken(Arc<Flag>);

struct Flag(AtomicBool);

impl Woken {
    /// At first it is.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Flag(AtomicBool::new(true))))
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.0.load(Ordering::SeqCst)
    }

    pub(crate) fn poll<T>(&self, future: &mut BoxFuture<T>) -> Poll<T> {
        self.0.0.store(false, Ordering::SeqCst);
        let waker = Waker::from(Arc::clone(&self.0));
        future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    /// Whether anybody else could still wake it.
    pub(crate) fn is_forgotten(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Lets others go first, so often.
pub(crate) async fn stand_back(mut times: usize) {
    poll_fn(|cx| {
        if times == 0 {
            return Poll::Ready(());
        }
        times -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
