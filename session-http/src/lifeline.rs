//! Whether a runtime has ended.

use tokio::{runtime::Handle, sync::oneshot};

/// Tells whether its runtime has ended.
pub(crate) struct Lifeline(oneshot::Sender<()>);

impl Lifeline {
    pub(crate) fn of(runtime: &Handle) -> Self {
        // The other end belongs to a task of the runtime, which lives as long as both this one and the runtime do.
        let (alive, ended) = oneshot::channel();
        runtime.spawn(ended);
        Self(alive)
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.0.is_closed()
    }
}
