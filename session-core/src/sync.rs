//! What threads of a session share: the real thing, or its double for a model checker.
//!
//! Builds with `--cfg model_loom` or `--cfg model_shuttle`, which only this crate's model tests are made with,
//! run the engine as it is on locks and atomics whose every interleaving the checker chooses.

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

/// A place for a value that is read without waiting.
#[cfg(not(any(model_loom, model_shuttle)))]
mod slot {
    use std::sync::Arc;

    use arc_swap::{ArcSwapOption, Guard};

    pub(crate) type Loaded<T> = Guard<Option<Arc<T>>>;

    pub(crate) struct Slot<T>(ArcSwapOption<T>);

    impl<T> Slot<T> {
        pub(crate) fn empty() -> Self {
            Self(ArcSwapOption::empty())
        }

        pub(crate) fn load(&self) -> Loaded<T> {
            self.0.load()
        }

        pub(crate) fn load_full(&self) -> Option<Arc<T>> {
            self.0.load_full()
        }

        pub(crate) fn swap(&self, value: Option<Arc<T>>) -> Option<Arc<T>> {
            self.0.swap(value)
        }
    }
}

/// Its double: what it does is one step, and `arc_swap` is trusted to do it in one.
#[cfg(any(model_loom, model_shuttle))]
mod slot {
    use std::{
        ops::Deref,
        sync::{Arc, PoisonError},
    };

    use super::Mutex;

    pub(crate) struct Loaded<T>(Option<Arc<T>>);

    impl<T> Deref for Loaded<T> {
        type Target = Option<Arc<T>>;

        fn deref(&self) -> &Self::Target {
            &self.0
        }
    }

    pub(crate) struct Slot<T>(Mutex<Option<Arc<T>>>);

    impl<T> Slot<T> {
        pub(crate) fn empty() -> Self {
            Self(Mutex::new(None))
        }

        pub(crate) fn load(&self) -> Loaded<T> {
            Loaded(self.load_full())
        }

        pub(crate) fn load_full(&self) -> Option<Arc<T>> {
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone()
        }

        pub(crate) fn swap(&self, value: Option<Arc<T>>) -> Option<Arc<T>> {
            let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *slot, value)
        }
    }
}
