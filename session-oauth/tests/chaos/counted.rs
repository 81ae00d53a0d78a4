//! An executor that counts its tasks.

use std::sync::Arc;

use session_core::{BoxFuture, Executor};
use session_mock::{MockClock, MockExecutor};
use std::time::Duration;
use tokio::sync::watch;

/// Runs tasks as a [`MockExecutor`], and knows how many have not ended.
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    inner: MockExecutor,
    running: Arc<watch::Sender<usize>>,
}

impl Counted {
    pub(crate) fn new(clock: &MockClock) -> Self {
        Self {
            inner: MockExecutor::new(clock),
            running: Arc::default(),
        }
    }

    /// Completes once no task is left.
    pub(crate) async fn idle(&self) {
        let mut running = self.running.subscribe();
        running.wait_for(|running| *running == 0).await.unwrap();
    }
}

impl Executor for Counted {
    fn spawn(&self, task: BoxFuture<()>) {
        self.running.send_modify(|running| *running += 1);
        let end = End(Arc::clone(&self.running));
        self.inner.spawn(Box::pin(async move {
            let _end = end;
            task.await;
        }));
    }

    fn sleep(&self, time: Duration) -> BoxFuture<()> {
        self.inner.sleep(time)
    }
}

/// The end of a task, also of one that panics or is dropped.
struct End(Arc<watch::Sender<usize>>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.send_modify(|running| *running -= 1);
    }
}
