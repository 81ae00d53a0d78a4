//! A request on its way: authorizations, repetitions, redirects.

use std::sync::Arc;

use http::{
    HeaderMap, HeaderName, Method, StatusCode,
    header::{EXPECT, TRANSFER_ENCODING},
    request::Parts,
};
use session_core::{Error, ErrorKind, Incoming, Outgoing, Receipt, Result, SessionHandle, Verdict};
use tokio::time::Instant;
use url::Url;

use crate::{
    Connections,
    body::Body,
    challenges, read,
    redirect::{self, Hop, MOST_REDIRECTS, Sent},
    transport_error,
};

/// How often an exchange may have one request sent.
const MOST_LEGS: usize = 8;

/// A request, and what it takes to get it answered.
pub(crate) struct Dispatch {
    pub(crate) session: SessionHandle,
    pub(crate) connections: Arc<Connections>,
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// The caller's; the session's come on a copy of them, anew for each attempt.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    /// When the last byte of the answer is due.
    pub(crate) deadline: Option<Instant>,
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
    /// Sends it until there is an answer for the caller, who also learns whether it had strayed by then.
    pub(crate) async fn run(mut self) -> Result<(reqwest::Response, bool)> {
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
                    read::drain(answer).await;
                    self.follow(hop);
                }
                None => return Ok((answer, self.progress.strayed)),
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
            let renewal = self.session.report_refusal(&receipt, &asked_for).await;
            if !self.body.is_repeatable() {
                // The next request has a credential that is good, or learns why there is none.
                return Ok(answer);
            }
            renewal?;
            read::drain(answer).await;
        }
    }

    /// Sends the request with one authorization, in as many legs as the scheme needs. Gives back the
    /// receipt when the server refused the credential.
    async fn attempt(&mut self) -> Result<(reqwest::Response, Option<Receipt>)> {
        let mut head = self.head()?;
        let outgoing = Outgoing::new(&self.url, &mut head);
        let mut receipt = self.session.authorize(outgoing).await?;
        for _ in 0..MOST_LEGS {
            self.withhold(&head.headers);
            let answer = self.transmit(head.headers.clone()).await?;
            let verdict = match receipt.exchange() {
                Some(exchange) => {
                    let incoming = Incoming::new(answer.status(), answer.headers());
                    exchange.received(incoming, &mut head).await?
                }
                None if answer.status() == StatusCode::UNAUTHORIZED => Verdict::Refused,
                None => Verdict::Done,
            };
            match verdict {
                Verdict::Resend if self.body.is_repeatable() => read::drain(answer).await,
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
    fn head(&self) -> Result<Parts> {
        let request = http::Request::builder()
            .method(self.method.clone())
            .uri(self.url.as_str())
            .body(());
        let (mut head, ()) = request
            .map_err(|_| {
                Error::new(
                    ErrorKind::Config,
                    "the URL has characters that no request can carry; percent-encode them",
                )
            })?
            .into_parts();
        head.headers.clone_from(&self.headers);
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
        if let Some(deadline) = self.deadline {
            // Counts until the body has been read, which happens after we are done.
            *request.timeout_mut() = Some(deadline.saturating_duration_since(Instant::now()));
        }
        client
            .execute(request)
            .await
            .map_err(|error| transport_error(&error, &self.url))
    }

    fn follow(&mut self, hop: Hop) {
        if !hop.keeps_body {
            self.body = Body::None;
            remove(&mut self.headers, describes_body);
        }
        if !hop.same_origin {
            self.progress.strayed = true;
            let withheld = std::mem::take(&mut self.progress.withheld);
            remove(&mut self.headers, |name| withheld.contains(name));
        }
        self.method = hop.method;
        self.url = hop.url;
    }

    /// By name, because the caller may have put on what the session then replaced.
    fn withhold(&mut self, sent: &HeaderMap) {
        for (name, value) in sent {
            let withheld = &mut self.progress.withheld;
            let is_callers = self.headers.get_all(name).iter().any(|own| own == value);
            if (value.is_sensitive() || !is_callers) && !withheld.contains(name) {
                withheld.push(name.clone());
            }
        }
    }
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
