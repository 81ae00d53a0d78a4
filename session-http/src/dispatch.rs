//! A request on its way: authorizations, repetitions, redirects.

use http::{
    HeaderMap, HeaderName, StatusCode,
    header::{EXPECT, TRANSFER_ENCODING},
    request::Parts,
};
use session_core::{Incoming, Result, SessionHandle};
use url::Url;

use crate::{
    Dialogue, Next, Response,
    body::Body,
    recipe::Purpose,
    redirect::{self, Hop, MOST_REDIRECTS, Sent},
    wire::{Way, Wire},
};

/// A request, and what it takes to get it answered.
pub(crate) struct Dispatch<'a> {
    session: &'a SessionHandle,
    wire: Wire<'a>,
    url: Url,
    /// The caller's; the session's headers come on a copy of it, anew for each attempt.
    head: &'a mut Parts,
    body: &'a mut Body,
    purpose: Purpose,
    progress: Progress,
}

/// What has happened to it so far.
#[derive(Default)]
struct Progress {
    /// A redirect has led to another origin. From then on it is a stranger's request, even if another
    /// redirect leads back: whoever sent it there chose the URL.
    strayed: bool,
    /// A credential was refused and replaced: once is enough, on however many hops.
    renewed: bool,
    /// A connection broke off, and the request was sent once more.
    repeated: bool,
    /// Headers of the caller's that no other origin gets: secrets, and those in whose place the session put its own.
    withheld: Vec<HeaderName>,
}

impl<'a> Dispatch<'a> {
    pub(crate) fn new(
        session: &'a SessionHandle,
        wire: Wire<'a>,
        url: Url,
        head: &'a mut Parts,
        body: &'a mut Body,
        purpose: Purpose,
    ) -> Self {
        Self {
            session,
            wire,
            url,
            head,
            body,
            purpose,
            progress: Progress::default(),
        }
    }

    /// Sends it until there is an answer for the caller, of which so much is held in memory.
    #[expect(
        clippy::manual_async_fn,
        reason = "the future of an `async fn` has room for two of what it is given"
    )]
    pub(crate) fn run(
        mut self,
        limit: usize,
    ) -> impl Future<Output = Result<Response>> + Send + use<'a> {
        async move {
            let answer = self.last_answer().await?;
            let (watch, strayed) = (self.wire.watch, self.progress.strayed);
            Ok(Response::new(answer, watch, limit, strayed))
        }
    }

    async fn last_answer(&mut self) -> Result<reqwest::Response> {
        for _ in 0..=MOST_REDIRECTS {
            let answer = loop {
                match self.answer().await {
                    // What was not sent, has no effect, or the same the second time, can do no harm (RFC 9110 §9.2.2); if it
                    // breaks off again it is not by chance. An exchange begins anew.
                    Err(_) if self.wire.broke_off && self.may_repeat() => {
                        self.progress.repeated = true;
                        (self.wire.broke_off, self.wire.is_unsent) = (false, false);
                    }
                    answer => break answer?,
                }
            };
            let sent = Sent {
                url: &self.url,
                method: &self.head.method,
                body: self.body.again(),
            };
            match redirect::next(sent, answer.status(), answer.headers())? {
                #[cfg(feature = "websocket")]
                Some(hop) if self.purpose == Purpose::Upgrade && !hop.same_origin => {
                    return Err(redirect::astray(&self.url));
                }
                Some(hop) => {
                    self.wire.drain(answer, &self.url).await?;
                    self.follow(hop);
                }
                None => return Ok(answer),
            }
        }
        Err(redirect::too_many(&self.url))
    }

    async fn answer(&mut self) -> Result<reqwest::Response> {
        if self.progress.strayed {
            self.unauthorized().await
        } else {
            self.authorized().await
        }
    }

    fn may_repeat(&self) -> bool {
        let is_harmless = self.wire.is_unsent || self.head.method.is_idempotent();
        !self.progress.repeated && is_harmless && self.body.is_repeatable()
    }

    /// The answer to a request with all that the session has to say.
    async fn authorized(&mut self) -> Result<reqwest::Response> {
        let (url, head, wire) = (&self.url, &*self.head, &mut self.wire);
        let mut dialogue =
            Dialogue::new(self.session, url, head).repeatable(self.body.is_repeatable());
        if self.progress.renewed {
            dialogue = dialogue.without_renewal();
        }
        #[cfg(feature = "websocket")]
        if self.purpose == Purpose::Upgrade {
            dialogue = dialogue.bare();
        }
        let mut headers = match dialogue.authorize_now()? {
            Some(headers) => headers,
            // What is rare has no room in the futures of all requests.
            None => Box::pin(authorize(&mut dialogue, wire, url)).await?,
        };
        loop {
            self.progress.withhold(&head.headers, &headers);
            let way = match dialogue.leg() {
                Some(leg) if wire.connections.pins() => Way::Own { midway: leg > 1 },
                _ => Way::Shared(self.purpose),
            };
            let mut answer = wire
                .transmit(url, &head.method, headers, self.body, way)
                .await?;
            if dialogue.is_done_by(answer.status()) {
                return Ok(answer);
            }
            let certificate = wire.connections.learn(url, &answer);
            let mut incoming = Incoming::new(answer.status(), answer.headers());
            incoming.peer_certificate = certificate.as_deref();
            let next = wire
                .in_time(Box::pin(dialogue.received(incoming)), url)
                .await?;
            self.progress.renewed = dialogue.has_renewed();
            match next? {
                Next::Done => {
                    // A connection that becomes something else does not come back.
                    let comes_back = answer.status() != StatusCode::SWITCHING_PROTOCOLS;
                    wire.end_loan(&mut answer, comes_back && dialogue.leg().is_some());
                    return Ok(answer);
                }
                Next::Resend(anew) => headers = anew,
            }
            wire.drain(answer, url).await?;
        }
    }

    /// The answer to a request that the session has nothing to do with.
    async fn unauthorized(&mut self) -> Result<reqwest::Response> {
        let (head, headers) = (&*self.head, self.head.headers.clone());
        self.wire
            .transmit(
                &self.url,
                &head.method,
                headers,
                self.body,
                Way::Shared(Purpose::Foreign),
            )
            .await
    }

    fn follow(&mut self, hop: Hop) {
        let headers = &mut self.head.headers;
        if !hop.keeps_body {
            *self.body = Body::None;
            remove(headers, describes_body);
        }
        if !hop.same_origin {
            self.progress.strayed = true;
            let withheld = std::mem::take(&mut self.progress.withheld);
            remove(headers, |name| withheld.contains(name));
        }
        self.head.method = hop.method;
        self.url = hop.url;
    }
}

/// What goes on a request, of a session that has to be waited for.
async fn authorize(
    dialogue: &mut Dialogue<'_>,
    wire: &mut Wire<'_>,
    url: &Url,
) -> Result<HeaderMap> {
    let certificate = wire.certificate(url).await?;
    let authorization = dialogue.authorize_later(certificate.as_deref());
    wire.in_time(authorization, url).await?
}

impl Progress {
    /// Notes which of the caller's headers are to go nowhere else: it may have put on what the session then replaced.
    fn withhold(&mut self, own: &HeaderMap, sent: &HeaderMap) {
        for name in own.keys() {
            let is_own = |value| own.get_all(name).iter().any(|own| own == value);
            let mut values = sent.get_all(name).iter();
            let is_secret = values.any(|value| value.is_sensitive() || !is_own(value));
            if is_secret && !self.withheld.contains(name) {
                self.withheld.push(name.clone());
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
