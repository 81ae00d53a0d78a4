//! Sessions for many identities.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    hash::Hash,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak},
    time::Duration,
};

use crate::{BackgroundThread, Clock, Executor, Result, SessionHandle, SystemClock};

/// Sessions by key, made on demand: for a server that acts for its users.
///
/// Each is a session as good as any. A family has one for each key, never more than a given number, and lets go
/// of those that nobody asks for. One that is let go closes as soon as nobody uses it any more; until then there may
/// be a successor beside it.
///
/// ```
/// # use session_core::{BasicEnvironment, Credential, Environment, Result, Session};
/// # #[derive(Debug)] struct User(String, BasicEnvironment);
/// # #[async_trait::async_trait] impl Session for User {
/// #     fn scheme(&self) -> &str { "user" }
/// #     fn environment(&self) -> &dyn Environment { &self.1 }
/// #     async fn init(&self) -> Result<Credential> { Ok(Credential::bearer(&self.0)) }
/// # }
/// use session_core::{Family, SessionHandle};
///
/// # let qa = BasicEnvironment::new("qa");
/// let users = Family::builder(move |name: &String| Ok(SessionHandle::new(User(name.clone(), qa.clone()))))
///     .capacity(10_000)
///     .build();
/// let alice = users.get(&"alice".to_owned())?;
/// assert!(users.get(&"alice".to_owned())?.is_same(&alice));
/// # Ok::<(), session_core::Error>(())
/// ```
pub struct Family<K>(Arc<Inner<K>>);

struct Inner<K> {
    make: Make<K>,
    capacity: usize,
    idle: Duration,
    clock: Arc<dyn Clock>,
    executor: Arc<dyn Executor>,
    members: Mutex<Members<K>>,
}

type Make<K> = Box<dyn Fn(&K) -> Result<SessionHandle> + Send + Sync>;

struct Members<K> {
    by_key: HashMap<K, Member>,
    /// The keys by when they were last asked for: numbered, for a time may be the same for several.
    by_use: BTreeMap<u64, K>,
    uses: u64,
    is_swept: bool,
}

struct Member {
    /// Locked while the session is made, so that others who ask for this key wait and those who ask
    /// for another do not.
    session: Arc<Mutex<Option<SessionHandle>>>,
    last_use: u64,
    last_used: Duration,
}

impl<K: Clone + Eq + Hash + Send + 'static> Family<K> {
    /// A family whose sessions this function makes. It sends nothing.
    pub fn builder(
        make: impl Fn(&K) -> Result<SessionHandle> + Send + Sync + 'static,
    ) -> FamilyBuilder<K> {
        FamilyBuilder(Inner {
            make: Box::new(make),
            capacity: FamilyBuilder::<K>::CAPACITY,
            idle: FamilyBuilder::<K>::IDLE,
            clock: Arc::new(SystemClock),
            executor: Arc::new(BackgroundThread),
            members: Mutex::new(Members {
                by_key: HashMap::new(),
                by_use: BTreeMap::new(),
                uses: 0,
                is_swept: false,
            }),
        })
    }

    /// The session for this key, made if there is none. The function that makes it must not ask for the same key.
    ///
    /// # Errors
    ///
    /// Whatever making it failed with; the next call tries again.
    pub fn get(&self, key: &K) -> Result<SessionHandle> {
        let place = self.0.place(key);
        let made = {
            let mut session = place.lock().unwrap_or_else(PoisonError::into_inner);
            match &*session {
                Some(session) => return Ok(session.clone()),
                None => (self.0.make)(key).inspect(|made| *session = Some(made.clone())),
            }
        };
        if made.is_err() {
            self.0.forget(key, &place);
        }
        made
    }

    /// Lets go of the session for this key, and gives it back; `None` if there is none, or it is being made.
    pub fn remove(&self, key: &K) -> Option<SessionHandle> {
        let removed = self.0.members().remove(key)?;
        removed.session()
    }

    /// How many sessions there are.
    pub fn len(&self) -> usize {
        self.0.members().by_key.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Lets go of all sessions, and closes each, whoever uses it. One that is just being made, which is not open yet, belongs
    /// to who asked for it.
    ///
    /// # Errors
    ///
    /// The first failure of a close; all are closed all the same.
    pub async fn close(&self) -> Result<()> {
        let members: Vec<_> = {
            let mut members = self.0.members();
            members.by_use.clear();
            members.by_key.drain().map(|(_, member)| member).collect()
        };
        let sessions: Vec<_> = members.iter().filter_map(Member::session).collect();
        // All at once: each waits for a server of its own.
        let closes: Vec<_> = sessions
            .iter()
            .map(|session| session.engine().close())
            .collect();
        let mut answer = Ok(());
        for close in closes {
            answer = answer.and(close.get().await);
        }
        answer
    }
}

impl<K: Clone + Eq + Hash + Send + 'static> Inner<K> {
    /// Where the session for this key is, or is to be put.
    fn place(self: &Arc<Self>, key: &K) -> Arc<Mutex<Option<SessionHandle>>> {
        let now = self.clock.monotonic();
        let mut members = self.members();
        if let Some(place) = members.touch(key, now) {
            return place;
        }
        let mut let_go = Vec::new();
        while members.by_key.len() >= self.capacity
            && let Some((_, oldest)) = members.by_use.pop_first()
        {
            let_go.extend(members.by_key.remove(&oldest));
        }
        let place = Arc::new(Mutex::new(None));
        members.insert(key, Arc::clone(&place), now);
        let sweep = !std::mem::replace(&mut members.is_swept, true);
        drop(members);
        if sweep {
            let (sweeper, executor) = (Sweeper::new(self), Arc::clone(&self.executor));
            let sweeping = sweeper.run(executor, self.idle);
            // One that panics drops the sweeper; the next session sends another.
            let _ = catch_unwind(AssertUnwindSafe(|| self.executor.spawn(Box::pin(sweeping))));
        }
        // Outside the lock: the end of a session runs foreign code.
        drop(let_go);
        place
    }

    /// Takes out what could not be made, if it is still there.
    fn forget(&self, key: &K, place: &Arc<Mutex<Option<SessionHandle>>>) {
        let mut members = self.members();
        let is_there = |member: &Member| Arc::ptr_eq(&member.session, place);
        if members.by_key.get(key).is_some_and(is_there) {
            let forgotten = members.remove(key);
            drop(members);
            drop(forgotten);
        }
    }

    /// Lets go of those that were not asked for in a while. Whether any are left.
    fn sweep(&self) -> bool {
        let now = self.clock.monotonic();
        let mut let_go = Vec::new();
        let mut members = self.members();
        while let Some((_, oldest)) = members.by_use.first_key_value() {
            let oldest = oldest.clone();
            let is_idle = |member: &Member| now.saturating_sub(member.last_used) >= self.idle;
            if !members.by_key.get(&oldest).is_some_and(is_idle) {
                break;
            }
            let_go.extend(members.remove(&oldest));
        }
        members.is_swept = !members.by_key.is_empty();
        members.is_swept
    }

    fn members(&self) -> MutexGuard<'_, Members<K>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash> Members<K> {
    /// Notes a use. The place of the session for this key, if it has one.
    fn touch(&mut self, key: &K, now: Duration) -> Option<Arc<Mutex<Option<SessionHandle>>>> {
        let member = self.by_key.get_mut(key)?;
        self.by_use.remove(&member.last_use);
        self.uses += 1;
        (member.last_use, member.last_used) = (self.uses, now);
        self.by_use.insert(self.uses, key.clone());
        Some(Arc::clone(&member.session))
    }

    fn insert(&mut self, key: &K, session: Arc<Mutex<Option<SessionHandle>>>, now: Duration) {
        self.uses += 1;
        let member = Member {
            session,
            last_use: self.uses,
            last_used: now,
        };
        self.by_key.insert(key.clone(), member);
        self.by_use.insert(self.uses, key.clone());
    }

    fn remove(&mut self, key: &K) -> Option<Member> {
        let member = self.by_key.remove(key)?;
        self.by_use.remove(&member.last_use);
        Some(member)
    }
}

impl Member {
    fn session(&self) -> Option<SessionHandle> {
        match self.session.try_lock() {
            Ok(session) => session.clone(),
            Err(TryLockError::Poisoned(session)) => session.into_inner().clone(),
            // It is being made, and nobody has it yet.
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// Looks from time to time for sessions that nobody asks for, while there are any.
struct Sweeper<K> {
    family: Weak<Inner<K>>,
    dismissed: bool,
}

impl<K: Clone + Eq + Hash + Send + 'static> Sweeper<K> {
    fn new(family: &Arc<Inner<K>>) -> Self {
        Self {
            family: Arc::downgrade(family),
            dismissed: false,
        }
    }

    async fn run(mut self, executor: Arc<dyn Executor>, idle: Duration) {
        loop {
            executor.sleep(idle).await;
            match self.family.upgrade() {
                Some(family) if family.sweep() => {}
                _ => break,
            }
        }
        self.dismissed = true;
    }
}

impl<K> Drop for Sweeper<K> {
    /// An executor that drops the task, or a panic, leaves room for another.
    fn drop(&mut self) {
        if !self.dismissed
            && let Some(family) = self.family.upgrade()
        {
            let mut members = family
                .members
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            members.is_swept = false;
        }
    }
}

/// Makes a [`Family`].
#[must_use]
pub struct FamilyBuilder<K>(Inner<K>);

impl<K> FamilyBuilder<K> {
    /// How many sessions a family has at most, unless it is told otherwise.
    pub const CAPACITY: usize = 1_000;

    /// How long a session is kept without being asked for, unless it is told otherwise.
    pub const IDLE: Duration = Duration::from_secs(3600);

    /// How many sessions there are at most; one more lets go of the one not asked for the longest. At least
    /// one. Default: [`CAPACITY`](Self::CAPACITY).
    pub fn capacity(mut self, sessions: usize) -> Self {
        self.0.capacity = sessions.max(1);
        self
    }

    /// How long a session is kept without being asked for; up to twice that, since it is looked for only so often.
    /// Default: [`IDLE`](Self::IDLE).
    pub fn idle(mut self, time: Duration) -> Self {
        self.0.idle = time;
        self
    }

    /// Where it gets the time from. Default: the [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.0.clock = Arc::new(clock);
        self
    }

    /// Where it looks for idle sessions. Default: the [`BackgroundThread`].
    pub fn executor(mut self, executor: impl Executor) -> Self {
        self.0.executor = Arc::new(executor);
        self
    }

    /// The family, without sessions yet.
    pub fn build(self) -> Family<K> {
        Family(Arc::new(self.0))
    }
}

impl<K> Clone for Family<K> {
    /// The same family.
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K> fmt::Debug for Family<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Family")
            .field("capacity", &self.0.capacity)
            .field("idle", &self.0.idle)
            .finish_non_exhaustive()
    }
}

impl<K> fmt::Debug for FamilyBuilder<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FamilyBuilder")
            .field("capacity", &self.0.capacity)
            .field("idle", &self.0.idle)
            .finish_non_exhaustive()
    }
}
