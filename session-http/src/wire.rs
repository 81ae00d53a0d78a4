//! Requests out, answers back.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

#[cfg(feature = "websocket")]
use http::header::USER_AGENT;
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{CONNECTION, CONTENT_LENGTH},
};
use session_core::{Error, ErrorKind, Receipt, Result, SessionHandle};
use url::Url;

use crate::{
    ClientBuilder, Connections,
    body::Body,
    certificates::Certificate,
    gate,
    loan::Loan,
    pools::Era,
    read,
    recipe::Purpose,
    target, transport_error,
    tunnel::TunnelError,
    upload::Upload,
    watch::{Elapsed, Watch},
    words::lists,
};
#[cfg(feature = "websocket")]
use crate::{recipe, websocket::Interception};

/// What takes a request to its server, as long as there is time.
pub(crate) struct Wire<'a> {
    session: &'a SessionHandle,
    pub(crate) connections: &'a Connections,
    pub(crate) watch: Watch,
    /// The time limit is one that was asked for: it counts in place of what the caller's own client may say.
    overrules: bool,
    /// The connection of the last request broke before there was any answer.
    pub(crate) broke_off: bool,
    /// It broke before anything of that request was sent.
    pub(crate) is_unsent: bool,
    /// When it began.
    era: Era,
    /// The connection of an exchange that is under way.
    loan: Option<Loan>,
}

/// On which connection a request travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// On any.
    Shared(Purpose),
    /// On one that nobody else has: of an exchange that is midway, the one that it is on.
    Own { midway: bool },
}

impl<'a> Wire<'a> {
    /// With this long for the whole request, if that was said.
    pub(crate) fn new(
        session: &'a SessionHandle,
        connections: &'a Connections,
        limit: Option<Duration>,
    ) -> Self {
        Self {
            session,
            connections,
            watch: Watch::new(
                Some(limit.unwrap_or(ClientBuilder::TIME_LIMIT)),
                connections.watched_silence(),
            ),
            overrules: limit.is_some(),
            broke_off: false,
            is_unsent: false,
            era: connections.era(),
            loan: None,
        }
    }

    /// Sends a request.
    pub(crate) async fn transmit(
        &mut self,
        url: &Url,
        method: &Method,
        headers: HeaderMap,
        body: &mut Body,
        way: Way,
    ) -> Result<reqwest::Response> {
        // What is rare has no room in the futures of all requests.
        let purpose = match way {
            Way::Shared(purpose) if self.connections.are_single(url) => {
                let (purpose, midway) = (purpose, false);
                let sent = self.transmit_alone(url, method, headers, body, purpose, midway);
                let mut answer = Box::pin(sent).await?;
                // A connection that becomes something else does not come back.
                let comes_back = answer.status() != StatusCode::SWITCHING_PROTOCOLS;
                self.end_loan(&mut answer, comes_back);
                return Ok(answer);
            }
            #[cfg(feature = "websocket")]
            Way::Shared(Purpose::Upgrade) if self.connections.recipe().may_be_intercepted() => {
                return Box::pin(self.transmit_bare(url, headers)).await;
            }
            Way::Shared(purpose) => purpose,
            Way::Own { midway } => {
                let purpose = Purpose::Session;
                let sent = self.transmit_alone(url, method, headers, body, purpose, midway);
                return Box::pin(sent).await;
            }
        };
        let mut answer = self.execute(url, method, headers, body, purpose)?;
        let heard = self.watch.hear(&mut answer).await;
        self.judged(heard.map_err(|Elapsed| answer.is_late(url))??, url)
    }

    /// Sends a request for a connection, with these headers and what program it is.
    #[cfg(feature = "websocket")]
    async fn transmit_bare(
        &mut self,
        url: &Url,
        mut headers: HeaderMap,
    ) -> Result<reqwest::Response> {
        headers.entry(USER_AGENT).or_insert(recipe::USER_AGENT);
        let interception = Interception::default();
        let client = self.connections.opening(url, &interception);
        let client = self.watch.wait(client).await;
        let client = client.map_err(|Elapsed| transport_error::proxy_password_late())??;
        // It is never sent: there is no connection for it.
        let opening = client.execute(reqwest::Request::new(Method::GET, url.clone()));
        let opened = self.hear(opening, url).await?;
        let Some(connection) = interception.take() else {
            return self.judged(opened, url);
        };
        let answer = self.hear(connection.send(url, headers), url).await?;
        answer.map_err(|error| {
            self.broke_off = transport_error::is_breaking(&error);
            transport_error::talking_error(&error, url)
        })
    }

    /// Ends the loan of a connection, to somebody else as soon as this answer is dropped if the exchange went well.
    pub(crate) fn end_loan(&mut self, answer: &mut reqwest::Response, well: bool) {
        if let Some(loan) = self.loan.take().filter(|_| well) {
            loan.end_with(answer);
        }
    }

    /// The server's certificate, as far as the session wants to know.
    pub(crate) async fn certificate(&mut self, url: &Url) -> Result<Option<Certificate>> {
        self.hear(self.connections.certificate(url), url).await?
    }

    async fn transmit_alone(
        &mut self,
        url: &Url,
        method: &Method,
        headers: HeaderMap,
        body: &mut Body,
        purpose: Purpose,
        midway: bool,
    ) -> Result<reqwest::Response> {
        // Which connection is as good as closed shows when it is needed, and then a streamed body is gone.
        let mut idle_will_do = body.is_repeatable();
        let mut may_renew = true;
        loop {
            let (loan, login) = match self.loan.take() {
                Some(loan) if midway => {
                    loan.set_awaited(true);
                    (loan, None)
                }
                None if midway => {
                    (self.broke_off, self.is_unsent) = (true, true);
                    return Err(transport_error::connection_lost(url));
                }
                _ => self.lend(url, purpose, idle_will_do).await?,
            };
            let request = self.request(url, method, headers.clone(), body);
            let answer = self.hear(loan.client().execute(request), url).await?;
            loan.set_awaited(false);
            match (answer, login) {
                (Err(error), _) if !midway && !loan.is_fresh && gate::is_lost(&error) => {
                    idle_will_do = false;
                }
                (Err(error), Some(login)) if may_renew && is_login_refused(&error) => {
                    may_renew = false;
                    let is_renewed = self.renew(login, url).await?;
                    if !is_renewed || !body.is_repeatable() {
                        return self.judged(Err(error), url);
                    }
                }
                (answer, _) => {
                    self.loan = Some(loan);
                    return self.judged(answer, url);
                }
            }
        }
    }

    /// Has the session get another credential in place of one that the proxy refuses; not if it did so just now.
    async fn renew(&mut self, login: Receipt, url: &Url) -> Result<bool> {
        let session = self.session.name();
        tracing::debug!(session, "the proxy refused the credential");
        let renewal = self.session.report_refusal(&login, &[]);
        drop(login);
        match self.in_time(renewal, url).await? {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::Denied => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn lend(
        &mut self,
        url: &Url,
        purpose: Purpose,
        idle_will_do: bool,
    ) -> Result<(Loan, Option<Receipt>)> {
        let (session, era) = (self.session, self.era);
        let loan = self
            .connections
            .lend(session, url, purpose, idle_will_do, era);
        let loan = self.watch.wait(loan).await;
        loan.map_err(|Elapsed| {
            if self.connections.are_single(url) {
                transport_error::session_timed_out(url)
            } else {
                transport_error::proxy_password_late()
            }
        })?
    }

    fn judged(
        &mut self,
        answer: reqwest::Result<reqwest::Response>,
        url: &Url,
    ) -> Result<reqwest::Response> {
        answer.map_err(|error| {
            // What we could not send is not the server's fault.
            if let Some(problem) = self.watch.upload().and_then(Upload::problem) {
                return problem;
            }
            self.is_unsent = gate::is_lost(&error);
            self.broke_off = self.is_unsent || transport_error::broke_off(&error);
            // What cannot be sent there is not the client's fault.
            let unfit = error.is_builder().then(|| target::uri(url).err()).flatten();
            unfit.unwrap_or_else(|| transport_error(&error, url))
        })
    }

    fn request(
        &mut self,
        url: &Url,
        method: &Method,
        headers: HeaderMap,
        body: &mut Body,
    ) -> reqwest::Request {
        let mut request = reqwest::Request::new(method.clone(), url.clone());
        *request.headers_mut() = headers;
        // The HTTP library leaves it out, and some servers insist on a length (RFC 9110 §8.6).
        if matches!(body, Body::Bytes(bytes) if bytes.is_empty()) {
            let headers = request.headers_mut();
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let (body, upload) = body.send();
        *request.body_mut() = body;
        self.watch.set_upload(upload);
        if self.overrules && self.connections.watched_silence().is_none() {
            *request.timeout_mut() = self.watch.left();
        }
        request
    }

    /// Waits for something that the server sends.
    async fn hear<T>(&mut self, event: impl Future<Output = T>, url: &Url) -> Result<T> {
        let outcome = self.watch.hear(event).await;
        outcome.map_err(|Elapsed| transport_error::timed_out(url))
    }

    /// The part of it that does not wait, and leaves no trace in the future.
    fn execute(
        &mut self,
        url: &Url,
        method: &Method,
        headers: HeaderMap,
        body: &mut Body,
        purpose: Purpose,
    ) -> Result<
        Executing<'a, impl Future<Output = reqwest::Result<reqwest::Response>> + Unpin + use<>>,
    > {
        let request = self.request(url, method, headers, body);
        let (connections, era) = (self.connections, self.era);
        let known = connections.known(url, purpose, request, |client, request| {
            client.execute(request)
        })?;
        Ok(match known {
            Ok(answer) => Executing::Now(answer),
            Err(request) => Executing::later(connections, url, purpose, era, request),
        })
    }

    /// Reads an answer that nobody wants.
    pub(crate) async fn drain(&mut self, answer: reqwest::Response, url: &Url) -> Result<()> {
        if self.loan.is_some() {
            // Its server closes the connection after it (RFC 9112 §9.6).
            if lists(answer.headers(), &CONNECTION, "close") {
                self.loan = None;
            }
            return Box::pin(self.hear(read::drain_pinned(answer), url)).await;
        }
        // What is rare has no room in the futures of all requests.
        let outcome = self.watch.wait(Box::pin(read::drain(answer))).await;
        outcome.map_err(|Elapsed| transport_error::timed_out(url))
    }

    /// Waits for the session.
    pub(crate) async fn in_time<T>(
        &mut self,
        event: impl Future<Output = T>,
        url: &Url,
    ) -> Result<T> {
        let outcome = self.watch.wait(event).await;
        outcome.map_err(|Elapsed| transport_error::session_timed_out(url))
    }
}

fn is_login_refused(error: &reqwest::Error) -> bool {
    transport_error::found::<TunnelError>(error).is_some_and(TunnelError::is_login_refused)
}

/// A request that is sent now, or when there is a client for it.
enum Executing<'a, F> {
    Now(F),
    Later {
        answer:
            Pin<Box<dyn Future<Output = Result<reqwest::Result<reqwest::Response>>> + Send + 'a>>,
        /// Whether there is a client.
        is_made: Arc<AtomicBool>,
    },
}

impl<'a, F> Executing<'a, F> {
    /// Once there is a client. Apart, for what is rare has no room on the stack of all requests.
    #[cold]
    fn later(
        connections: &'a Connections,
        url: &Url,
        purpose: Purpose,
        era: Era,
        request: reqwest::Request,
    ) -> Self {
        let url = url.clone();
        let is_made = Arc::new(AtomicBool::new(false));
        let made = Arc::clone(&is_made);
        let answer = Box::pin(async move {
            let client = connections.make(&url, purpose, era).await?;
            made.store(true, Ordering::Relaxed);
            Ok(client.execute(request).await)
        });
        Self::Later { answer, is_made }
    }

    /// What it was that took too long.
    fn is_late(&self, url: &Url) -> Error {
        match self {
            // For a client nothing else is waited for.
            Self::Later { is_made, .. } if !is_made.load(Ordering::Relaxed) => {
                transport_error::proxy_password_late()
            }
            _ => transport_error::timed_out(url),
        }
    }
}

impl<F> Future for Executing<'_, F>
where
    F: Future<Output = reqwest::Result<reqwest::Response>> + Unpin,
{
    type Output = Result<reqwest::Result<reqwest::Response>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Now(answer) => Pin::new(answer).poll(context).map(Ok),
            Self::Later { answer, .. } => answer.as_mut().poll(context),
        }
    }
}
