//! Looking at a session, on its executor.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::{Error, ErrorKind, Finding, driver::limit, engine::Engine};

/// What the name of a finding is that is about none of the backend's parts.
const EXAMINATION: &str = "examination";

/// Has the backend examine itself, with the credential in use if there is one.
pub(crate) async fn examine(engine: &Engine) -> Vec<Finding> {
    let (session, settings) = (Arc::clone(&engine.session), Arc::clone(&engine.settings));
    let held = engine.held();
    let (tell, told) = oneshot::channel();
    engine.spawn(async move {
        let credential = held.as_deref().map(|held| &held.credential);
        let examine = || async { Ok(session.examine(credential).await) };
        let (mut timer, most) = (settings.timer(), settings.time_limit);
        let outcome = limit(&mut timer, most, "backend", "examine", examine).await;
        let findings = outcome.unwrap_or_else(|error| vec![Finding::failed(EXAMINATION, &error)]);
        // Nobody has to wait for it.
        let _ = tell.send(findings);
    });
    told.await.unwrap_or_else(|_| {
        let error = Error::new(
            ErrorKind::Unavailable,
            "the executor dropped the examination; is its runtime shut down?",
        );
        vec![Finding::failed(EXAMINATION, &error)]
    })
}
