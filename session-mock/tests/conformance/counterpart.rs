//! A server in memory that gives out tokens.

use std::{
    collections::BTreeSet,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    time::Duration,
};

use session_core::{Error, ErrorKind, Result};
use tokio::sync::watch;

/// How long its tokens live, unless it is told otherwise.
pub(crate) const LIFETIME: Duration = Duration::from_secs(3600);

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
    interactions: usize,
    lifetime: Option<Duration>,
    given_out: Vec<String>,
    valid: BTreeSet<String>,
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

    /// Somebody is asked something.
    pub(crate) fn interact(&self) {
        self.books().interactions += 1;
    }

    pub(crate) fn interactions(&self) -> usize {
        self.books().interactions
    }

    pub(crate) fn lifetime(&self) -> Duration {
        self.books().lifetime.unwrap_or(LIFETIME)
    }

    pub(crate) fn set_lifetime(&self, lifetime: Duration) {
        self.books().lifetime = Some(lifetime);
    }

    pub(crate) fn given_out(&self) -> Vec<String> {
        self.books().given_out.clone()
    }

    /// An access token that is still good.
    pub(crate) fn latest(&self) -> Option<String> {
        let books = self.books();
        let mut latest = books.given_out.iter().rev();
        latest.find(|token| books.valid.contains(*token)).cloned()
    }

    pub(crate) fn is_valid(&self, token: &str) -> bool {
        self.books().valid.contains(token)
    }

    pub(crate) fn revoke(&self, token: &str) {
        self.books().valid.remove(token);
    }

    /// The same, if it is up.
    pub(crate) fn end(&self, token: &str) -> Result<()> {
        if *self.mood.borrow() == Mood::Down {
            return Err(Error::new(ErrorKind::Unavailable, "out of order"));
        }
        self.revoke(token);
        Ok(())
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
                let token = format!("token-{:08}", books.asked);
                books.given_out.push(token.clone());
                books.valid.insert(format!("refresh-{token}"));
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
