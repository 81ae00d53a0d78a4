//! What the provider's log says of refresh tokens.

use http::StatusCode;
use session_mock::{Entry, Kind};

/// Looks through the log: each refresh presents the one that was received last, and what need not be asked for anew is
/// not. Says how often one was found to be used up, and the session started over.
pub(crate) fn check(log: &[Entry]) -> usize {
    // By the numbers of the access tokens with which they came.
    let mut received = None;
    let mut starts_over = true;
    let mut started_over = 0;
    for entry in log {
        match (entry.kind(), entry.grant()) {
            (Kind::Revoke, _) => {
                // Closed: the next to open it has nothing to renew with.
                (received, starts_over) = (None, true);
                continue;
            }
            (Kind::Token, Some("refresh_token")) => {
                assert!(!starts_over, "after a refusal, it starts over: {entry:?}");
                assert_eq!(
                    entry.refresh_token(),
                    received,
                    "not the one received last: {entry:?}"
                );
                // Used up by a refresh of which no answer came.
                let is_refused = entry.status() == Some(StatusCode::BAD_REQUEST);
                started_over += usize::from(is_refused);
                starts_over = is_refused || entry.status() == Some(StatusCode::FORBIDDEN);
            }
            (Kind::Token, _) => {
                assert!(
                    starts_over || received.is_none(),
                    "there was a refresh token to present: {entry:?}"
                );
                starts_over = received.is_none();
            }
            _ => continue,
        }
        if entry.status() == Some(StatusCode::OK) && entry.token().is_some() {
            (received, starts_over) = (entry.token(), false);
        }
    }
    started_over
}
