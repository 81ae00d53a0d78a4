//! Something that waits until a test lets it go on.

use std::sync::Arc;

use tokio::sync::watch;

/// Holds what arrives at it until it is opened, so that a test can act in between without guessing
/// at times. Clones are the same gate.
#[derive(Clone, Debug)]
pub struct Gate {
    arrived: Arc<watch::Sender<usize>>,
    open: Arc<watch::Sender<bool>>,
}

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self {
            arrived: Arc::new(watch::Sender::new(0)),
            open: Arc::new(watch::Sender::new(false)),
        }
    }

    /// Lets through whatever waits and whatever comes.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// Holds whatever comes from now on.
    pub fn shut(&self) {
        self.open.send_replace(false);
    }

    /// Completes once this many have arrived since the gate was made.
    pub async fn arrived(&self, count: usize) {
        let mut arrived = self.arrived.subscribe();
        let result = arrived.wait_for(|arrived| *arrived >= count).await;
        result.expect("the gate keeps its own sender");
    }

    /// Arrives, and goes on once the gate is open.
    pub async fn pass(&self) {
        let mut open = self.open.subscribe();
        self.arrived.send_modify(|arrived| *arrived += 1);
        let result = open.wait_for(|open| *open).await;
        result.expect("the gate keeps its own sender");
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}
