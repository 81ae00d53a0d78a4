//! Where the connections of blocking programs live.

use std::sync::{Mutex, PoisonError};

use session_core::{Error, ErrorKind, Result};
use tokio::{
    runtime::{Builder, Handle, Runtime},
    task::coop::unconstrained,
};

/// Has a future done on this thread, its connections and timers on the threads for all blocking clients of the process:
/// what makes a blocking client of an async one. Inside of a runtime it blocks the worker, and needs nothing of it.
///
/// The future must not need anything of the runtime that it is called in either: one that waits for a task, a channel or a timer of a runtime with
/// one thread, which this is, waits for ever. What it spawns itself is spawned on the threads of the blocking clients.
///
/// ```no_run
/// # fn example(session: session_core::SessionHandle) -> session_core::Result<()> {
/// use session_http::{Client, blocking::wait};
///
/// let answer = wait(Client::new(&session).get("/users/self").send())??;
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// `Unavailable` when the system refuses those threads, and on a thread that is about to end.
pub fn wait<F: Future>(future: F) -> Result<F::Output> {
    let runtime = runtime()?;
    // In the destructor of a thread's local, where to enter a runtime would be a panic.
    if Handle::try_current().is_err_and(|error| error.is_thread_local_destroyed()) {
        return Err(Error::new(
            ErrorKind::Unavailable,
            "this thread is about to end, too late for a request; send it earlier, or on another thread",
        ));
    }
    // Inside of another runtime this is the innermost one.
    let _context = runtime.enter();
    // Inside of a task it never gives up its turn: once used up, that would not come back.
    Ok(pollster::block_on(unconstrained(future)))
}

/// Started at first use, and tried again if that failed.
fn runtime() -> Result<Handle> {
    static RUNTIME: Mutex<Option<Runtime>> = Mutex::new(None);
    let mut known = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = match known.take() {
        Some(runtime) => runtime,
        None => start().map_err(|error| {
            Error::new(
                ErrorKind::Unavailable,
                "the threads for blocking requests cannot be started; the system's limits may be reached",
            )
            .with_source(error)
        })?,
    };
    Ok(known.insert(runtime).handle().clone())
}

fn start() -> std::io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("session-http")
        .enable_all()
        .build()
}
