//! What threads of a session share: the real thing, or its double for a model checker.
//!
//! Builds with `--cfg model_loom` or `--cfg model_shuttle`, which only this crate's model tests are made with,
//! run the engine as it is on locks and atomics whose every interleaving the checker chooses.

#[cfg(not(any(model_loom, model_shuttle)))]
mod slot;
#[cfg(any(model_loom, model_shuttle))]
#[path = "sync/slot_double.rs"]
mod slot;

#[cfg(not(any(model_loom, model_shuttle)))]
pub(crate) use std::sync::{Mutex, MutexGuard, atomic};

#[cfg(model_loom)]
pub(crate) use loom::sync::{Mutex, MutexGuard, atomic};

#[cfg(model_shuttle)]
pub(crate) use shuttle::sync::{Mutex, MutexGuard, atomic};

pub(crate) use slot::{Loaded, Slot};

/// A value for each thread; the real one is there before a thread first asks for it.
macro_rules! per_thread {
    ($(#[$meta:meta])* static $name:ident: $kind:ty = $value:expr;) => {
        #[cfg(not(any(model_loom, model_shuttle)))]
        thread_local! {
            $(#[$meta])* static $name: $kind = const { $value };
        }
        #[cfg(model_loom)]
        loom::thread_local! {
            $(#[$meta])* static $name: $kind = $value;
        }
        #[cfg(model_shuttle)]
        shuttle::thread_local! {
            $(#[$meta])* static $name: $kind = $value;
        }
    };
}

pub(crate) use per_thread;
