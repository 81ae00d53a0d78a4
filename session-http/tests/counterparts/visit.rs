//! One request by any of the clients, and what its sender sees.

use bytes::Bytes;
use session_core::{Result, SessionHandle};
use session_http::{Client, blocking};

use crate::support::block_on;

/// Who sends it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum By {
    Async,
    Blocking,
}

/// The status, if there was an answer, and what came of asking for success and body.
pub(crate) type Seen = (Option<u16>, Result<Bytes>);

impl By {
    pub(crate) const ALL: [Self; 2] = [Self::Async, Self::Blocking];

    /// Gets this, with no more than a MiB of body, and a cookie of the caller's.
    pub(crate) fn get(self, session: &SessionHandle, target: &str) -> Seen {
        self.send(session, "GET", target, None)
    }

    pub(crate) fn send(
        self,
        session: &SessionHandle,
        method: &str,
        target: &str,
        body: Option<Bytes>,
    ) -> Seen {
        let method = method.parse().unwrap();
        match self {
            Self::Async => block_on(async {
                let request = Client::new(session).request(method, target);
                let request = request.header("cookie", "sid=s3cr3t");
                let request = match body {
                    Some(body) => request.body(body),
                    None => request,
                };
                let answer = match request.send().await {
                    Ok(answer) => answer.limit(1 << 20),
                    Err(error) => return (None, Err(error)),
                };
                let status = answer.status().as_u16();
                let body = match answer.error_for_status() {
                    Ok(answer) => answer.bytes().await,
                    Err(error) => Err(error),
                };
                (Some(status), body)
            }),
            Self::Blocking => {
                let request = blocking::Client::new(session).request(method, target);
                let request = request.header("cookie", "sid=s3cr3t");
                let request = match body {
                    Some(body) => request.body(body),
                    None => request,
                };
                let answer = match request.send() {
                    Ok(answer) => answer.limit(1 << 20),
                    Err(error) => return (None, Err(error)),
                };
                let status = answer.status().as_u16();
                let body = answer
                    .error_for_status()
                    .and_then(blocking::Response::bytes);
                (Some(status), body)
            }
        }
    }
}
