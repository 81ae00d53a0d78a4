//! What a thread does with a session.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use session_core::{ErrorKind, Outgoing, Receipt, Result, SessionHandle, State};
use url::Url;

use super::world::World;

/// One thing that a thread does with a session.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Op {
    Init,
    /// Dropped after its first poll.
    InitAbandoned,
    /// A block, in which the session must stay open unless somebody closes it.
    Enter,
    EnterAbandoned,
    /// Authorizes a request.
    Request,
    /// A server refused the credential that the session had at first.
    Refuse,
    Close,
}

/// What else goes on, and so what an operation may meet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Company {
    /// Somebody may close the session.
    pub(crate) closes: bool,
    /// The server may fail.
    pub(crate) fails: bool,
    /// The session is open, its credential good, and nobody takes that away.
    pub(crate) is_good: bool,
}

impl Op {
    pub(crate) const ALL: [Self; 7] = [
        Self::Init,
        Self::InitAbandoned,
        Self::Enter,
        Self::EnterAbandoned,
        Self::Request,
        Self::Refuse,
        Self::Close,
    ];

    pub(crate) async fn run(
        self,
        session: &SessionHandle,
        world: &World,
        receipt: Option<&Receipt>,
        company: Company,
    ) {
        let outcome = match self {
            Self::Init => session.init().await.inspect(|()| world.opened()),
            Self::InitAbandoned => {
                let _ = poll_once(session.init());
                Ok(())
            }
            Self::Enter => {
                session
                    .enter(async { use_it(session, world, company) })
                    .await
            }
            Self::EnterAbandoned => {
                let _ = poll_once(session.enter(async { use_it(session, world, company) }));
                Ok(())
            }
            Self::Request if company.is_good => match poll_once(authorize(session)) {
                Poll::Ready(outcome) => outcome.map(drop),
                Poll::Pending => {
                    world.fault("a request waits while there is a good credential");
                    Ok(())
                }
            },
            Self::Request => authorize(session).await.map(drop),
            Self::Refuse => match receipt {
                Some(receipt) => session.report_refusal(receipt, &[]).await,
                None => Ok(()),
            },
            Self::Close => session.close().await,
        };
        if let Err(error) = outcome {
            let may_be = match error.kind() {
                ErrorKind::Closed => company.closes,
                _ => company.fails,
            };
            if !may_be {
                world.fault(format!("{self:?}: {error}"));
            }
        }
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

pub(crate) fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}
