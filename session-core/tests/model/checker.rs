//! What both model checkers have, under one name.

#[cfg(model_loom)]
pub(crate) use loom::{
    future::block_on,
    sync::{Condvar, Mutex, MutexGuard, atomic},
    thread::{JoinHandle, yield_now as let_others_act},
};

#[cfg(model_shuttle)]
pub(crate) use shuttle::{
    future::block_on,
    sync::{Condvar, Mutex, MutexGuard, atomic},
    thread::{JoinHandle, yield_now as let_others_act},
};

/// A thread with a stack that builds for tests get along with.
#[cfg(model_loom)]
pub(crate) fn spawn(work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    const WORDS: usize = 0x8000;
    let builder = loom::thread::Builder::new().stack_size(WORDS);
    builder.spawn(work).unwrap()
}

#[cfg(model_shuttle)]
pub(crate) fn spawn(work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    shuttle::thread::spawn(work)
}
