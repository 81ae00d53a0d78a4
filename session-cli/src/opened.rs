//! How long a session stays open.

use std::mem;

use session_kit::{Result, SessionHandle};

use crate::{failure::Failure, moment::rfc3339, output};

/// Opens the session, uses it, and closes it.
pub(crate) async fn for_now(
    session: SessionHandle,
    work: impl AsyncFnOnce(&SessionHandle) -> Result<(), Failure>,
) -> Result<(), Failure> {
    open(&session).await?;
    let outcome = work(&session).await;
    close(&session).await;
    outcome
}

/// Opens the session and leaves it open at the server: what was printed is the reader's now. Where printing failed,
/// nobody has it, and the session is closed.
pub(crate) async fn for_keeps(
    session: SessionHandle,
    print: impl AsyncFnOnce(&SessionHandle) -> Result<(), Failure>,
) -> Result<(), Failure> {
    open(&session).await?;
    let printed = print(&session).await;
    match printed {
        // A session that is dropped open is closed.
        Ok(()) => mem::forget(session),
        Err(_) => close(&session).await,
    }
    printed
}

async fn open(session: &SessionHandle) -> Result<()> {
    session.init().await?;
    let status = session.status();
    tracing::info!(
        session = status.name,
        environment = status.environment,
        expires_at = status.expires_at.map(rfc3339),
        "authenticated"
    );
    Ok(())
}

/// What was asked for is done by now, whatever comes of this.
async fn close(session: &SessionHandle) {
    match session.close().await {
        Ok(()) => tracing::info!(session = session.name(), "closed"),
        Err(error) => output::warning(format_args!(
            "session `{}` could not be closed at the server: {error}",
            session.name()
        )),
    }
}

#[cfg(test)]
mod tests {
    use session_kit::{
        ErrorKind,
        mock::{Call, MockSession, Step},
    };
    use tokio::{runtime::Handle, task::yield_now};

    use super::*;

    /// A session whose work is done on the one thread of its test.
    fn session(mock: &MockSession) -> SessionHandle {
        mock.builder().executor(Handle::current()).build()
    }

    /// What was asked of it, also by tasks that nobody waits for.
    async fn calls(mock: &MockSession) -> Vec<Call> {
        for _ in 0..10 {
            yield_now().await;
        }
        mock.calls()
    }

    fn failed() -> Failure {
        Failure::Unexpected("as told".into())
    }

    #[tokio::test]
    async fn what_was_printed_stays_valid() {
        let mock = MockSession::bearer("t0k3n");
        for_keeps(session(&mock), async |_| Ok(())).await.unwrap();
        assert_eq!(calls(&mock).await, [Call::Init]);
    }

    #[tokio::test]
    async fn what_could_not_be_printed_is_closed() {
        let mock = MockSession::bearer("t0k3n");
        let outcome = for_keeps(session(&mock), async |_| Err(failed())).await;
        assert!(matches!(outcome, Err(Failure::Unexpected(_))));
        assert_eq!(mock.calls(), [Call::Init, Call::Close]);
    }

    #[tokio::test]
    async fn what_was_used_is_closed_whatever_came_of_it() {
        for outcome in [Ok(()), Err(failed())] {
            let mock = MockSession::bearer("t0k3n");
            let expected = outcome.is_ok();
            let outcome = for_now(session(&mock), async |_| outcome).await;
            assert_eq!(outcome.is_ok(), expected);
            assert_eq!(mock.calls(), [Call::Init, Call::Close]);
        }
    }

    #[tokio::test]
    async fn what_did_not_open_is_not_used() {
        let mock = MockSession::scripted([Step::fail(ErrorKind::Denied)]);
        let outcome = for_now(session(&mock), async |_| panic!("used")).await;
        assert!(
            matches!(outcome, Err(Failure::Session(error)) if error.kind() == ErrorKind::Denied)
        );
    }
}
