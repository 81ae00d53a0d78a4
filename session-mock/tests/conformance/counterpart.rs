//! A server in memory that gives out tokens.

use std::{
    collections::HashSet,
    sync::{Arc, Condvar, Mutex, MutexGuard},
};

use session_core::{Error, ErrorKind, Result};
use tokio::sync::watch;

/// How it treats who authenticates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Friendly,
    Strict,
    Down,
    Confused,
    Slow,
}

/// A server in memory. Clones are the same server.
#[derive(Clone, Debug)]
pub(crate) struct Counterpart {
    mood: Arc<watch::Sender<Mood>>,
    books: Arc<Mutex<Books>>,
    changed: Arc<Condvar>,
}

#[derive(Debug, Default)]
struct Books {
    asked: usize,
    valid: HashSet<String>,
}

impl Counterpart {
    pub(crate) fn new() -> Self {
        Self {
            mood: Arc::new(watch::Sender::new(Mood::Friendly)),
            books: Arc::default(),
            changed: Arc::default(),
        }
    }

    pub(crate) fn be(&self, mood: Mood) {
        self.mood.send_replace(mood);
        let books = self.books();
        self.changed.notify_all();
        drop(books);
    }

    pub(crate) fn asked(&self) -> usize {
        self.books().asked
    }

    /// Somebody is there.
    pub(crate) fn count(&self) {
        self.books().asked += 1;
    }

    pub(crate) fn is_valid(&self, token: &str) -> bool {
        self.books().valid.contains(token)
    }

    pub(crate) fn revoke(&self, token: &str) {
        self.books().valid.remove(token);
    }

    pub(crate) async fn log_in(&self) -> Result<String> {
        self.books().asked += 1;
        let mut mood = self.mood.subscribe();
        let mood = *mood.wait_for(|mood| *mood != Mood::Slow).await.unwrap();
        self.answer(mood)
    }

    /// The same for who waits with the whole thread.
    pub(crate) fn blocking_log_in(&self) -> Result<String> {
        let mut books = self.books();
        books.asked += 1;
        while *self.mood.borrow() == Mood::Slow {
            books = self.changed.wait(books).unwrap();
        }
        drop(books);
        self.answer(*self.mood.borrow())
    }

    fn answer(&self, mood: Mood) -> Result<String> {
        match mood {
            Mood::Friendly | Mood::Slow => {
                let mut books = self.books();
                let token = format!("token-{}", books.asked);
                books.valid.insert(token.clone());
                Ok(token)
            }
            Mood::Strict => Err(Error::new(ErrorKind::Denied, "wrong credentials")),
            Mood::Down => Err(Error::new(ErrorKind::Unavailable, "out of order")),
            Mood::Confused => Err(Error::new(ErrorKind::Protocol, "42")),
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }
}
