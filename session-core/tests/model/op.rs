//! What a thread does with a session.

use std::task::Poll;

use session_core::{Error, ErrorKind, Outgoing, Receipt, Result, SessionHandle, State};
use url::Url;

use super::{
    manner::{Manner, poll_once, yield_once},
    world::{SoFar, World},
};

/// One thing that a thread does with a session.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Deed {
    Init,
    /// A block, in which the session must stay open unless somebody closes it.
    Enter,
    /// Authorizes a request.
    Request,
    /// A server refused the credential that the session had at first.
    Refuse,
    Close,
}

/// What is done, and how far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Op {
    pub(crate) deed: Deed,
    pub(crate) manner: Manner,
}

/// What else goes on, and so what an operation may meet.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Company {
    /// Somebody may close the session.
    pub(crate) closes: bool,
    /// Nobody keeps the session open, unless an `init` does: its last user closes it.
    pub(crate) lapses: bool,
    /// The server, or the executor, may fail.
    pub(crate) fails: bool,
    /// The session is open, its credential good, and nobody takes that away.
    pub(crate) is_good: bool,
}

impl Deed {
    pub(crate) const ALL: [Self; 5] = [
        Self::Init,
        Self::Enter,
        Self::Request,
        Self::Refuse,
        Self::Close,
    ];

    /// How often it waits at most: a block for its session, for what it does inside, and for the end that its
    /// leaving causes.
    pub(crate) const fn waits(self) -> usize {
        match self {
            Self::Enter => 3,
            _ => 1,
        }
    }
}

#[cfg(model_loom)]
impl Deed {
    pub(crate) const fn to_its_end(self) -> Op {
        let manner = Manner::ToItsEnd;
        Op { deed: self, manner }
    }

    /// Begun by one task and awaited by another.
    pub(crate) const fn handed_over(self) -> Op {
        let manner = Manner::HandedOver;
        Op { deed: self, manner }
    }

    /// Dropped when it has to wait for the time with this number.
    pub(crate) const fn dropped_at(self, wait: usize) -> Op {
        let manner = Manner::DroppedAt(wait);
        Op { deed: self, manner }
    }
}

#[cfg(model_loom)]
impl Op {
    /// Each deed, to its end.
    pub(crate) fn whole() -> Vec<Self> {
        Deed::ALL.map(Deed::to_its_end).to_vec()
    }

    /// Each deed, dropped at each of its awaits.
    pub(crate) fn dropped() -> Vec<Self> {
        let at_each = |deed: Deed| (1..=deed.waits()).map(move |wait| deed.dropped_at(wait));
        Deed::ALL.into_iter().flat_map(at_each).collect()
    }
}

impl Op {
    /// Whether it is begun at all: a future does nothing before its first poll.
    pub(crate) fn is_begun(self) -> bool {
        self.manner != Manner::DroppedAt(0)
    }

    pub(crate) async fn run(
        self,
        session: &SessionHandle,
        world: &World,
        receipt: Option<&Receipt>,
        company: Company,
    ) {
        let (begun, before) = (world.authentications(), world.so_far());
        let manner = self.manner;
        let outcome = match self.deed {
            Deed::Init => manner.follow(session.init()).await.inspect(|outcome| {
                if outcome.is_ok() {
                    world.opened();
                }
            }),
            Deed::Enter => {
                let block = async {
                    use_it(session, world, company);
                    yield_once().await;
                    use_it(session, world, company);
                };
                manner.follow(session.enter(block)).await
            }
            Deed::Request if company.is_good => match poll_once(authorize(session)) {
                Poll::Ready(outcome) => Some(outcome.map(drop)),
                Poll::Pending => {
                    world.fault("a request waits while there is a good credential");
                    None
                }
            },
            Deed::Request => {
                let authorized = manner.follow(authorize(session)).await;
                authorized.map(|authorized| authorized.map(drop))
            }
            Deed::Refuse => match receipt {
                Some(receipt) => manner.follow(session.report_refusal(receipt, &[])).await,
                None => None,
            },
            Deed::Close => {
                let closed = manner.follow(session.close()).await;
                if self.is_begun() {
                    world.closed(begun);
                }
                closed
            }
        };
        if let Some(Err(error)) = outcome
            && let Some(fault) = self.misplaced(&error, world, before, company)
        {
            world.fault(format!("{self:?}: {fault}: {error}"));
        }
    }

    /// What is wrong with this error, if anything is.
    fn misplaced(
        self,
        error: &Error,
        world: &World,
        before: SoFar,
        company: Company,
    ) -> Option<&'static str> {
        let is_request = matches!(self.deed, Deed::Request | Deed::Refuse);
        let may_be = match error.kind() {
            ErrorKind::Closed => company.closes || company.lapses && is_request,
            _ => company.fails,
        };
        if !may_be {
            return Some("there is nothing that it can come from");
        }
        // That of an authentication which was under way, or was the last one.
        let call = World::failed_call(error)?;
        if call < before.answered || !world.has_failed(call) {
            return Some("it is not the last failure");
        }
        let is_forgotten = self.deed == Deed::Init && call <= before.closed;
        is_forgotten.then_some("it is that of a session that was closed since")
    }
}

/// What a block does: the session must be open in it.
fn use_it(session: &SessionHandle, world: &World, company: Company) {
    let state = session.status().state;
    if !company.closes && !matches!(state, State::Open | State::Expired) {
        world.fault(format!("the session is {state} inside a block"));
    }
}

pub(crate) async fn authorize(session: &SessionHandle) -> Result<Receipt> {
    let url = Url::parse("https://api.mock.test/").unwrap();
    let mut parts = http::Request::new(()).into_parts().0;
    session.authorize(Outgoing::new(&url, &mut parts)).await
}
