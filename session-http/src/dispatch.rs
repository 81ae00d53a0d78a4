//! A request on its way: authorizations, repetitions, redirects.

use std::{mem, sync::Arc};

use http::{
    HeaderMap, HeaderName, Method, StatusCode, Uri,
    header::{EXPECT, TRANSFER_ENCODING},
    request::Parts,
};
use session_core::{Error, ErrorKind, Incoming, Outgoing, Receipt, Result, SessionHandle, Verdict};
use url::Url;

use crate::{
    Connections,
    body::Body,
    challenges, read,
    redirect::{self, Hop, MOST_REDIRECTS, Sent},
    target, transport_error,
    watch::{Elapsed, Watch},
};

/// How often an exchange may have one request sent.
const MOST_LEGS: usize = 8;

/// A request, and what it takes to get it answered.
pub(crate) struct Dispatch {
    pub(crate) session: SessionHandle,
    pub(crate) connections: Arc<Connections>,
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// The same, for the head of the first request to it.
    pub(crate) uri: Option<Uri>,
    /// The caller's; the session's come on a copy of them, anew for each attempt.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    pub(crate) watch: Watch,
    pub(crate) progress: Progress,
}

/// What has happened to it so far.
#[derive(Default)]
pub(crate) struct Progress {
    /// A redirect has led to another origin. From then on it is a stranger's request, even if another
    /// redirect leads back: whoever sent it there chose the URL.
    strayed: bool,
    /// The credential was refused and replaced: once is enough.
    renewed: bool,
    /// Headers that no other origin gets: those that the session put on, and secrets of the caller's.
    withheld: Vec<HeaderName>,
}

impl Dispatch {
    /// Sends it until there is an answer for the caller, who also gets the watch over its body, and learns
    /// whether it had strayed by then.
    pub(crate) async fn run(mut self) -> Result<(reqwest::Response, Watch, bool)> {
        for _ in 0..=MOST_REDIRECTS {
            let answer = if self.progress.strayed {
                self.transmit(self.headers.clone()).await?
            } else {
                self.authorized().await?
            };
            let sent = Sent {
                url: &self.url,
                method: &self.method,
                body: self.body.again(),
            };
            match redirect::next(sent, answer.status(), answer.headers())? {
                Some(hop) => {
                    self.drain(answer).await?;
                    self.follow(hop);
                }
                None => return Ok((answer, self.watch, self.progress.strayed)),
            }
        }
        Err(redirect::too_many(&self.url))
    }

    /// The answer to one authorized request; a credential that is refused is replaced once.
    async fn authorized(&mut self) -> Result<reqwest::Response> {
        loop {
            let (answer, refused) = self.attempt().await?;
            let Some(receipt) = refused else {
                return Ok(answer);
            };
            if self.progress.renewed {
                return Ok(answer);
            }
            self.progress.renewed = true;
            let asked_for = challenges(answer.headers());
            tracing::debug!(session = self.session.name(), "the credential was refused");
            let renewal = self.session.report_refusal(&receipt, &asked_for);
            let renewal = in_time(self.watch.wait(renewal).await, &self.url)?;
            if !self.body.is_repeatable() {
                // The next request has a credential that is good, or learns why there is none.
                return Ok(answer);
            }
            renewal?;
            self.drain(answer).await?;
        }
    }

    /// Sends the request with one authorization, in as many legs as the scheme needs. Gives back the
    /// receipt when the server refused the credential.
    async fn attempt(&mut self) -> Result<(reqwest::Response, Option<Receipt>)> {
        let mut head = self.head()?;
        let receipt = self.session.authorize(Outgoing::new(&self.url, &mut head));
        let mut receipt = in_time(self.watch.wait(receipt).await, &self.url)??;
        for _ in 0..MOST_LEGS {
            self.withhold(&head.headers);
            let headers = match receipt.exchange() {
                Some(_) => head.headers.clone(),
                None => mem::take(&mut head.headers),
            };
            let answer = self.transmit(headers).await?;
            let verdict = match receipt.exchange() {
                Some(exchange) => {
                    let incoming = Incoming::new(answer.status(), answer.headers());
                    let verdict = exchange.received(incoming, &mut head);
                    in_time(self.watch.wait(verdict).await, &self.url)??
                }
                None if answer.status() == StatusCode::UNAUTHORIZED => Verdict::Refused,
                None => Verdict::Done,
            };
            match verdict {
                Verdict::Resend if self.body.is_repeatable() => self.drain(answer).await?,
                Verdict::Refused => return Ok((answer, Some(receipt))),
                _ => return Ok((answer, None)),
            }
        }
        Err(Error::new(
            ErrorKind::Protocol,
            format!(
                "`{}` and the session do not come to an end: {MOST_LEGS} requests, and neither of them is satisfied",
                self.url.host_str().unwrap_or_default()
            ),
        ))
    }

    /// The request's head as the caller gave it.
    fn head(&mut self) -> Result<Parts> {
        let (mut head, ()) = http::Request::new(()).into_parts();
        head.method = self.method.clone();
        head.uri = match self.uri.take() {
            Some(uri) => uri,
            None => target::uri(&self.url)?,
        };
        head.headers = self.headers.clone();
        Ok(head)
    }

    async fn transmit(&mut self, headers: HeaderMap) -> Result<reqwest::Response> {
        let client = if self.progress.strayed {
            self.connections.foreign_client(&self.url)?
        } else {
            self.connections.client(&self.url)?
        };
        let mut request = reqwest::Request::new(self.method.clone(), self.url.clone());
        *request.headers_mut() = headers;
        *request.body_mut() = self.body.send();
        if self.connections.watched_silence().is_none() {
            // In place of what the caller's own client may say.
            *request.timeout_mut() = self.watch.left();
        }
        let answer = self.watch.hear(client.execute(request)).await;
        in_time(answer, &self.url)?.map_err(|error| transport_error(&error, &self.url))
    }

    async fn drain(&mut self, answer: reqwest::Response) -> Result<()> {
        in_time(self.watch.wait(read::drain(answer)).await, &self.url)
    }

    fn follow(&mut self, hop: Hop) {
        if !hop.keeps_body {
            self.body = Body::None;
            remove(&mut self.headers, describes_body);
        }
        if !hop.same_origin {
            self.progress.strayed = true;
            let withheld = mem::take(&mut self.progress.withheld);
            remove(&mut self.headers, |name| withheld.contains(name));
        }
        self.method = hop.method;
        self.url = hop.url;
        self.uri = None;
    }

    /// By name, because the caller may have put on what the session then replaced.
    fn withhold(&mut self, sent: &HeaderMap) {
        for (name, value) in sent {
            let withheld = &mut self.progress.withheld;
            let is_callers = || self.headers.get_all(name).iter().any(|own| own == value);
            if (value.is_sensitive() || !is_callers()) && !withheld.contains(name) {
                withheld.push(name.clone());
            }
        }
    }
}

fn in_time<T>(outcome: Result<T, Elapsed>, url: &Url) -> Result<T> {
    outcome.map_err(|Elapsed| transport_error::timed_out(url))
}

fn remove(headers: &mut HeaderMap, is_it: impl Fn(&HeaderName) -> bool) {
    let names: Vec<_> = headers.keys().filter(|name| is_it(name)).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

fn describes_body(name: &HeaderName) -> bool {
    name.as_str().starts_with("content-") || *name == TRANSFER_ENCODING || *name == EXPECT
}
