//! What a connection's stream and its requests share.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use super::heads::Heads;
use super::state::lock;
#[cfg(feature = "websocket")]
use super::websocket::Conversation;

/// One connection, as its requests see it.
#[derive(Default)]
pub(super) struct Link {
    /// Which one it is: the first that brought a request is 1. 0: none came yet.
    number: AtomicUsize,
    pub(super) heads: Arc<Mutex<Heads>>,
    /// What is spoken when the connection is no longer HTTP.
    #[cfg(feature = "websocket")]
    next: Mutex<Option<Conversation>>,
}

impl Link {
    /// Which connection it is; `count` counts those that brought a request.
    pub(super) fn number(&self, count: &AtomicUsize) -> usize {
        match self.number.load(Ordering::Relaxed) {
            0 => {
                let number = count.fetch_add(1, Ordering::Relaxed) + 1;
                self.number.store(number, Ordering::Relaxed);
                number
            }
            number => number,
        }
    }

    pub(super) fn next_head(&self) -> Bytes {
        lock(&self.heads).next()
    }

    /// What follows the answer that switches protocols.
    #[cfg(feature = "websocket")]
    pub(super) fn switch_to(&self, conversation: Conversation) {
        *lock(&self.next) = Some(conversation);
    }

    #[cfg(feature = "websocket")]
    pub(super) fn conversation(&self) -> Option<Conversation> {
        lock(&self.next).take()
    }
}
