//! One request's dialogue with its server, as far as the session has a say in it.

use std::fmt;

use http::{HeaderMap, StatusCode, request::Parts};
use session_core::{Error, ErrorKind, Incoming, Outgoing, Receipt, Result, SessionHandle, Verdict};
use url::Url;

use crate::{Refusal, challenges, target};

/// Decides what the session puts on a request, and what is done about each answer to it. Sends nothing: that is up to
/// the carrier, whose only decision is where to connect. It waits for the session, when that has to authenticate.
///
/// ```
/// # use http::{HeaderMap, StatusCode, request::Parts};
/// # use session_core::{Incoming, Result, SessionHandle};
/// # use url::Url;
/// use session_http::{Dialogue, Next};
///
/// # async fn transmit(_: &Url, _: &Parts, _: HeaderMap) -> Result<(StatusCode, HeaderMap)> {
/// #     Ok((StatusCode::OK, HeaderMap::new()))
/// # }
/// /// `head` is the request's as its caller gave it; what goes on the wire are the headers that the dialogue gives.
/// async fn send(session: &SessionHandle, url: &Url, head: &Parts) -> Result<(StatusCode, HeaderMap)> {
///     let mut dialogue = Dialogue::new(session, url, head);
///     let mut headers = dialogue.authorize(None).await?;
///     loop {
///         let (status, answer) = transmit(url, head, headers).await?;
///         match dialogue.received(Incoming::new(status, &answer)).await? {
///             Next::Resend(anew) => headers = anew,
///             _ => return Ok((status, answer)),
///         }
///     }
/// }
/// ```
///
/// Have it see each answer before its body is read: also one that is a success, for a scheme may find that it is not
/// the server's, or learn a nonce from it.
///
/// # What comes of an answer
///
/// An authorization is either the session's headers, the same for all requests, or one that the backend makes for
/// [each request](session_core::Credential::per_request), maybe with an [exchange](session_core::Exchange).
///
/// | authorization | answer | the body can be sent again | it cannot |
/// |---|---|---|---|
/// | the session's headers, or without exchange | any but 401 | is the caller's | |
/// | | 403 with `insufficient_scope` (RFC 6750 §3.1) | is the caller's: a renewal would bring the same scope | |
/// | | 401: `invalid_token`, no reason, an unknown scheme, no challenge | credential renewed, request sent once more | credential renewed, answer is the caller's |
/// | | 401 with `insufficient_user_authentication` (RFC 9470) | the same: the backend gets the challenges, and may know how to step up | the same |
/// | | 401, and the renewal fails | that error, with a [`Refusal`] | answer is the caller's |
/// | | 401 after a renewal | is the caller's | |
/// | with an exchange | it is done with it, whatever the status | is the caller's | |
/// | | it fails, also on a 200 | that error | that error |
/// | | it has another leg | request sent once more, [`MOST_LEGS`](Self::MOST_LEGS) times in all; then it is `Protocol` | answer is the caller's |
/// | | it is refused | as for a 401: credential renewed, and a new exchange | as for a 401 |
/// | | it is refused after a renewal | is the caller's; or the [error](session_core::Exchange::refusal) that the exchange has for it | |
/// | for one request | refused by a server with another certificate than it was made for | made anew for that certificate and sent once more; nothing renewed | answer is the caller's |
/// | | that has happened before | is the caller's; nothing renewed | the same |
/// | any | 407 | is the caller's: what a proxy wants, [the connection](crate::Connections) has seen to | |
///
/// A credential is renewed once, and an authorization made for another certificate once; so a request is sent three
/// times at most, or three times the legs of an exchange.
///
/// An exchange sees a 407 too, and its error fails the request, but its verdict does not count.
pub struct Dialogue<'a> {
    session: &'a SessionHandle,
    url: &'a Url,
    head: &'a Parts,
    /// What the session's requests say beside that.
    besides: Option<&'a HeaderMap>,
    is_repeatable: bool,
    may_renew: bool,
    may_rebind: bool,
    receipt: Option<Receipt>,
    /// Only of an authorization for this request alone.
    attempt: Option<Box<Attempt>>,
}

/// A request with an authorization of its own.
struct Attempt {
    /// As it was sent last; an exchange changes it.
    head: Parts,
    legs: usize,
    /// That of the server that it was made for.
    certificate: Option<Box<[u8]>>,
}

/// What is to be done after an answer.
#[derive(Debug)]
#[non_exhaustive]
#[must_use]
pub enum Next {
    /// Nothing: the answer is the caller's.
    Done,
    /// Send the request once more, with these headers in place of all that it had.
    Resend(HeaderMap),
}

impl<'a> Dialogue<'a> {
    /// How often an exchange may have a request sent.
    pub const MOST_LEGS: usize = 8;

    /// About a request to `url`, which is absolute, with this head as its caller gave it. Backends see its method and
    /// headers; its `uri` is not looked at. Its body can be sent again.
    pub fn new(session: &'a SessionHandle, url: &'a Url, head: &'a Parts) -> Self {
        Self {
            session,
            url,
            head,
            besides: session.session().request_headers(),
            is_repeatable: true,
            may_renew: true,
            may_rebind: true,
            receipt: None,
            attempt: None,
        }
    }

    /// Whether the body can be sent again. If not, neither is the request.
    #[must_use]
    pub fn repeatable(self, is_repeatable: bool) -> Self {
        Self {
            is_repeatable,
            ..self
        }
    }

    /// With what authenticates the request, and nothing [besides](session_core::Session::request_headers).
    #[must_use]
    pub fn bare(self) -> Self {
        Self {
            besides: None,
            ..self
        }
    }

    /// Renews no credential: for a request that follows a redirect, when one was renewed on the way.
    #[must_use]
    pub fn without_renewal(self) -> Self {
        Self {
            may_renew: false,
            ..self
        }
    }

    /// Whether a credential was renewed, or that was tried.
    pub fn has_renewed(&self) -> bool {
        !self.may_renew
    }

    /// All headers to send the request with: the caller's, the session's, and, unless the caller has them, what its
    /// [requests say besides](session_core::Session::request_headers). `peer_certificate` is the server's (DER),
    /// where the carrier knows it, for schemes that bind their authorizations to it.
    ///
    /// # Errors
    ///
    /// As [`SessionHandle::authorize`], and `Config` when a backend is to authorize a request to a URL that none can
    /// carry. Nothing must be sent then.
    pub async fn authorize(&mut self, peer_certificate: Option<&[u8]>) -> Result<HeaderMap> {
        match self.authorize_now()? {
            Some(headers) => Ok(headers),
            // What is rare has no room in the futures of all requests.
            None => Box::pin(self.authorize_later(peer_certificate)).await,
        }
    }

    /// What is to be done about an answer.
    ///
    /// # Errors
    ///
    /// Whatever the exchange, or a renewal, failed with; `Protocol` when the exchange does not come to an end. The answer
    /// must not reach the caller then.
    pub async fn received(&mut self, answer: Incoming<'_>) -> Result<Next> {
        if self.is_done_by(answer.status) {
            return Ok(Next::Done);
        }
        Box::pin(self.judge(answer)).await
    }

    /// As [`authorize`](Self::authorize), if that needs no waiting.
    pub(crate) fn authorize_now(&mut self) -> Result<Option<HeaderMap>> {
        let mut headers = self.said();
        self.attempt = None;
        self.receipt = self.session.authorize_now(self.url, &mut headers)?;
        Ok(self.receipt.is_some().then_some(headers))
    }

    /// Whether there is nothing to be done about an answer with this status.
    pub(crate) fn is_done_by(&self, status: StatusCode) -> bool {
        self.attempt.is_none() && status != StatusCode::UNAUTHORIZED
    }

    /// How often the exchange that is under way has had the request sent, or is about to; `None` without one.
    pub(crate) fn leg(&mut self) -> Option<usize> {
        let attempt = self.attempt.as_ref()?;
        self.receipt.as_mut()?.exchange()?;
        Some(attempt.legs)
    }

    /// As [`authorize`](Self::authorize), which needs waiting.
    pub(crate) async fn authorize_later(
        &mut self,
        peer_certificate: Option<&[u8]>,
    ) -> Result<HeaderMap> {
        let mut head = self.head.clone();
        head.headers = self.said();
        head.uri = target::uri(self.url)?;
        let mut outgoing = Outgoing::new(self.url, &mut head);
        outgoing.peer_certificate = peer_certificate;
        let receipt = self.session.authorize(outgoing).await?;
        let headers = marked(&head.headers, &self.head.headers);
        self.attempt = receipt.is_of_one_request().then(|| {
            Box::new(Attempt {
                head,
                legs: 1,
                certificate: peer_certificate.map(Box::from),
            })
        });
        self.receipt = Some(receipt);
        Ok(headers)
    }

    /// What the request says before it is authorized.
    fn said(&self) -> HeaderMap {
        let mut headers = self.head.headers.clone();
        for (name, value) in self.besides.into_iter().flatten() {
            if !headers.contains_key(name) {
                headers.insert(name.clone(), value.clone());
            }
        }
        headers
    }

    /// As [`received`](Self::received), about an answer about which there is something to be done.
    pub(crate) async fn judge(&mut self, answer: Incoming<'_>) -> Result<Next> {
        let exchange = self.receipt.as_mut().and_then(Receipt::exchange);
        let verdict = match (exchange, &mut self.attempt) {
            (Some(exchange), Some(attempt)) => exchange.received(answer, &mut attempt.head).await?,
            _ if answer.status == StatusCode::UNAUTHORIZED => Verdict::Refused,
            _ => Verdict::Done,
        };
        match verdict {
            _ if answer.status == StatusCode::PROXY_AUTHENTICATION_REQUIRED => Ok(Next::Done),
            Verdict::Resend if self.is_repeatable => self.next_leg(),
            Verdict::Refused => self.refused(answer).await,
            _ => Ok(Next::Done),
        }
    }

    fn next_leg(&mut self) -> Result<Next> {
        match &mut self.attempt {
            Some(attempt) if attempt.legs < Self::MOST_LEGS => {
                attempt.legs += 1;
                let headers = marked(&attempt.head.headers, &self.head.headers);
                Ok(Next::Resend(headers))
            }
            _ => Err(Error::new(
                ErrorKind::Protocol,
                format!(
                    "`{}` and the session do not come to an end: {} requests, and neither of them is satisfied",
                    self.url.host_str().unwrap_or_default(),
                    Self::MOST_LEGS
                ),
            )),
        }
    }

    async fn refused(&mut self, answer: Incoming<'_>) -> Result<Next> {
        let why = self.receipt.as_mut().and_then(Receipt::exchange);
        let why = why.and_then(session_core::Exchange::refusal);
        let Some(receipt) = &self.receipt else {
            return Ok(Next::Done);
        };
        let attempt = self.attempt.take();
        let made_for = attempt.as_ref().map(|it| it.certificate.as_deref());
        let certificate = answer.peer_certificate.or(made_for.flatten());
        let is_misbound = made_for.is_some_and(|made_for| made_for != certificate);
        if is_misbound {
            // It says nothing about the credential.
            if !std::mem::take(&mut self.may_rebind) {
                return why.map_or(Ok(Next::Done), Err);
            }
        } else if self.may_renew {
            self.may_renew = false;
            tracing::debug!(session = self.session.name(), "the credential was refused");
            let asked_for = challenges(answer.headers);
            let renewal = self.session.report_refusal(receipt, &asked_for).await;
            if self.is_repeatable {
                renewal.map_err(|error| Refusal::told(best(error, why), answer))?;
            }
            // Else the next request has a credential that is good, or learns why there is none.
        } else {
            return why.map_or(Ok(Next::Done), Err);
        }
        if !self.is_repeatable {
            return Ok(Next::Done);
        }
        let headers = self.authorize(certificate).await?;
        Ok(Next::Resend(headers))
    }
}

/// Where a renewal fails because there was one just now (then it has what the server asked for), the server's own reason says more.
fn best(failed: Error, why: Option<Error>) -> Error {
    match why {
        Some(why) if !failed.challenges().is_empty() => why,
        _ => failed,
    }
}

/// A backend's headers for a request, with all that is not its caller's marked sensitive: backends need not think of it.
fn marked(headers: &HeaderMap, own: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for (name, value) in &mut headers {
        let is_own = own.get_all(name).iter().any(|own| own == value);
        if !is_own {
            value.set_sensitive(true);
        }
    }
    headers
}

impl fmt::Debug for Dialogue<'_> {
    /// URL and headers are left out: they may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialogue")
            .field("session", &self.session.name())
            .field("host", &self.url.host_str().unwrap_or_default())
            .field("is_repeatable", &self.is_repeatable)
            .field("has_renewed", &self.has_renewed())
            .finish_non_exhaustive()
    }
}
