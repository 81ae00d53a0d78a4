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
