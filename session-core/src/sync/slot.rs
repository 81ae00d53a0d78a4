//! A place for a value that is read without waiting.

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
