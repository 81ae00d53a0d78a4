//! What several tests share.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use http::{HeaderMap, request::Parts};
use session_core::{Outgoing, Receipt, Result, SessionHandle};
use url::Url;

/// An address in the mock's environment.
pub(crate) const API: &str = "https://api.mock.test/orders";

pub(crate) fn parts() -> Parts {
    http::Request::new(()).into_parts().0
}

/// Authorizes a request without headers of its own.
pub(crate) async fn authorize(session: &SessionHandle, url: &str) -> Result<(HeaderMap, Receipt)> {
    authorize_with(session, url, HeaderMap::new()).await
}

pub(crate) async fn authorize_with(
    session: &SessionHandle,
    url: &str,
    headers: HeaderMap,
) -> Result<(HeaderMap, Receipt)> {
    let url = Url::parse(url).expect("the test's URL is one");
    let mut parts = parts();
    parts.headers = headers;
    let receipt = session.authorize(Outgoing::new(&url, &mut parts)).await?;
    Ok((parts.headers, receipt))
}

/// The `Authorization` header that a request of this session carries.
pub(crate) async fn bearer(session: &SessionHandle) -> Result<String> {
    let (headers, _) = authorize(session, API).await?;
    Ok(text(&headers, "authorization"))
}

pub(crate) fn text(headers: &HeaderMap, name: &str) -> String {
    headers[name]
        .to_str()
        .expect("the value is text")
        .to_owned()
}

/// Polls a future once.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}
