//! Where authentication runs.

use std::{
    fmt::Debug,
    pin::Pin,
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

use tokio::runtime::{Builder, Handle};

/// A boxed future that may move between threads.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Where authentication runs: never on a caller's task, so that no caller's cancellation and no
/// runtime's end can strand it.
///
/// The default is [`BackgroundThread`]. A [`tokio::runtime::Handle`] is one too, for programs that want
/// authentication on a runtime of theirs; blocking calls must then not be made on that runtime's
/// only thread.
pub trait Executor: Debug + Send + Sync + 'static {
    /// Runs a task to its end, without blocking the caller. An executor that cannot, drops it: whoever waits
    /// for it then gets an `Unavailable` error.
    fn spawn(&self, task: BoxFuture<()>);

    /// Completes after `time`. Polled only by tasks given to [`spawn`](Self::spawn).
    fn sleep(&self, time: Duration) -> BoxFuture<()>;
}

/// One thread for all sessions of the process, with a tokio runtime of its own, started at first use.
#[derive(Clone, Copy, Debug, Default)]
pub struct BackgroundThread;

impl Executor for BackgroundThread {
    fn spawn(&self, task: BoxFuture<()>) {
        if let Some(runtime) = background_runtime() {
            drop(runtime.spawn(task));
        }
    }

    fn sleep(&self, time: Duration) -> BoxFuture<()> {
        Box::pin(async move { tokio::time::sleep(time).await })
    }
}

impl Executor for Handle {
    fn spawn(&self, task: BoxFuture<()>) {
        drop(Handle::spawn(self, task));
    }

    fn sleep(&self, time: Duration) -> BoxFuture<()> {
        Box::pin(async move { tokio::time::sleep(time).await })
    }
}

/// The runtime of the background thread; `None` when the system refuses the thread, which the next
/// call tries again.
fn background_runtime() -> Option<Handle> {
    static RUNTIME: Mutex<Option<Handle>> = Mutex::new(None);
    let mut runtime = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    if runtime.is_none() {
        *runtime = start().inspect_err(report).ok();
    }
    runtime.clone()
}

fn start() -> std::io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name("session-kit".into())
        .spawn(move || runtime.block_on(std::future::pending::<()>()))?;
    Ok(handle)
}

fn report(error: &std::io::Error) {
    tracing::error!(%error, "the thread that sessions authenticate on cannot be started");
}
