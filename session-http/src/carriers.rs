//! Which connections belong to which session.

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use session_core::{Result, SessionHandle, current};

use crate::{Connections, client::OwnBuilder};

/// A client's sessions, each with connections that are dropped when it closes.
///
/// Sessions share none, even of one environment: some schemes authenticate the connection.
pub(crate) enum Carriers {
    Fixed(SessionHandle, Arc<Connections>),
    Current {
        builder: Option<Arc<OwnBuilder>>,
        /// The one used last is last.
        known: Mutex<Vec<Known>>,
    },
}

/// The connections of a session. It is not kept alive by them.
pub(crate) struct Known {
    session: u64,
    connections: Arc<Connections>,
}

impl Carriers {
    /// How many sessions' connections are kept at most.
    const MOST_SESSIONS: usize = 256;

    pub(crate) fn new(session: Option<SessionHandle>, builder: Option<Arc<OwnBuilder>>) -> Self {
        match session {
            Some(session) => {
                let connections = attached(&session, builder.as_ref());
                Self::Fixed(session, connections)
            }
            None => Self::Current {
                builder,
                known: Mutex::default(),
            },
        }
    }

    /// The session to use now, and its connections. Those of a client with a session of its own are only lent: their
    /// counts are memory that all threads would write.
    pub(crate) fn session(&self) -> Result<(Cow<'_, SessionHandle>, Cow<'_, Arc<Connections>>)> {
        match self {
            Self::Fixed(session, connections) => {
                Ok((Cow::Borrowed(session), Cow::Borrowed(connections)))
            }
            Self::Current { builder, known } => {
                let session = current()?;
                let connections = find(known, builder.as_ref(), &session);
                Ok((Cow::Owned(session), Cow::Owned(connections)))
            }
        }
    }
}

fn find(
    known: &Mutex<Vec<Known>>,
    builder: Option<&Arc<OwnBuilder>>,
    session: &SessionHandle,
) -> Arc<Connections> {
    if let Some(connections) = used(known, session.id(), None) {
        return connections;
    }
    // The backend and the caller's builder have a say in them: neither is called under the lock.
    let new = attached(session, builder);
    used(known, session.id(), Some(&new)).unwrap_or(new)
}

/// The connections of a session that is known, which it is from now on if `new` ones are given; they count only where there
/// are no others.
fn used(
    known: &Mutex<Vec<Known>>,
    session: u64,
    new: Option<&Arc<Connections>>,
) -> Option<Arc<Connections>> {
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    // A session's weak hold on its connections ends with it.
    let gone: Vec<_> = known
        .extract_if(.., |known| Arc::weak_count(&known.connections) == 0)
        .collect();
    let found = known.iter().position(|known| known.session == session);
    let entry = match (found, new) {
        (Some(at), _) => Some(known.remove(at)),
        (None, Some(new)) => Some(Known {
            session,
            connections: Arc::clone(new),
        }),
        (None, None) => None,
    };
    let connections = entry.as_ref().map(|known| Arc::clone(&known.connections));
    let is_full = known.len() >= Carriers::MOST_SESSIONS;
    let evicted = (is_full && entry.is_some()).then(|| known.remove(0));
    known.extend(entry);
    drop(known);
    drop((gone, evicted));
    connections
}

/// New connections, dropped when the session closes.
fn attached(session: &SessionHandle, builder: Option<&Arc<OwnBuilder>>) -> Arc<Connections> {
    let builder = builder.cloned().map(|builder| move || builder());
    let connections = Arc::new(Connections::for_session(session, builder));
    session.attach(&connections);
    connections
}

impl fmt::Debug for Carriers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(session, _) => session.fmt(f),
            Self::Current { .. } => f.write_str("current"),
        }
    }
}
