//! How long a session stays open.

use std::mem;

use session_kit::SessionHandle;

use crate::{failure::Failure, output};

/// Opens the session, uses it, and closes it.
pub(crate) async fn for_now(
    session: SessionHandle,
    uses: impl AsyncFnOnce(&SessionHandle) -> Result<(), Failure>,
) -> Result<(), Failure> {
    session.init().await?;
    let used = uses(&session).await;
    close(&session).await;
    used
}

/// Opens the session and leaves it open at the server: what was printed is the reader's now. Where printing failed,
/// nobody has it, and the session is closed.
pub(crate) async fn for_keeps(
    session: SessionHandle,
    print: impl AsyncFnOnce(&SessionHandle) -> Result<(), Failure>,
) -> Result<(), Failure> {
    session.init().await?;
    let printed = print(&session).await;
    match printed {
        // A session that is dropped open is closed.
        Ok(()) => mem::forget(session),
        Err(_) => close(&session).await,
    }
    printed
}

/// What was asked for is done by now, whatever comes of this.
async fn close(session: &SessionHandle) {
    if let Err(error) = session.close().await {
        output::warning(format_args!(
            "session `{}` could not be closed at the server: {error}",
            session.name()
        ));
    }
}
