//! The contract of a backend.

use std::{any::Any, fmt::Debug};

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue};
use url::Url;

use crate::{
    BoxFuture, Challenge, Credential, Environment, Exchange, Finding, Identity, Outgoing, Result,
};

/// How to authenticate against one external API.
///
/// A backend says *how*; [`SessionHandle`](crate::SessionHandle) owns *when*: life cycle, caching,
/// expiry, renewal and scopes are the engine's, once, for every backend. So a backend keeps no
/// state between calls but its configuration, and a simple one writes three methods.
///
/// `init`, `renew` and `close` run on the [`Executor`](crate::Executor), one at a time for each session, and
/// always to their end: no caller's cancellation reaches them. `examine` runs there too, at any time, and what
/// `follow_up` gives, at any time but that of `close`. They must not block the thread.
///
/// Who knows which backend a session has finds it again: [`SessionHandle::session`](crate::SessionHandle::session) is an
/// [`Any`].
///
/// The trait is one of `async_trait`: depend on that crate, and put `#[async_trait]` on the impl.
///
/// ```
/// use async_trait::async_trait;
/// use session_core::{BasicEnvironment, Credential, Environment, Result, Session, SessionHandle};
///
/// #[derive(Debug)]
/// struct ApiKey(BasicEnvironment);
///
/// #[async_trait]
/// impl Session for ApiKey {
///     fn scheme(&self) -> &'static str { "api-key" }
///     fn environment(&self) -> &dyn Environment { &self.0 }
///     async fn init(&self) -> Result<Credential> { Ok(Credential::bearer("k-123")) }
/// }
///
/// let qa = BasicEnvironment::new("qa").service("api", "https://api.qa.example.com/")?;
/// let session = SessionHandle::new(ApiKey(qa));
/// # Ok::<(), session_core::Error>(())
/// ```
#[async_trait]
pub trait Session: Any + Debug + Send + Sync {
    /// What kind of authentication it is, such as `oauth`: the default name, and a label in logs.
    fn scheme(&self) -> &str;

    /// Where it authenticates and where its credential may go.
    fn environment(&self) -> &dyn Environment;

    /// Who this is, as the key under which a credential may be stored. `None`: it never is.
    fn identity(&self) -> Option<Identity> {
        None
    }

    /// What all requests with its credential say besides, unless they say it themselves: such as which program asks. It authenticates
    /// nobody and is no secret: that is the credential's. Carriers leave it off what goes to another origin, and off the handshake
    /// of a websocket, which has nothing but what it is given.
    fn request_headers(&self) -> Option<&HeaderMap> {
        None
    }

    /// Authenticates. The engine never runs it twice at once for a session.
    ///
    /// # Errors
    ///
    /// `Denied` when the server refused, `Unavailable` when trying again may help.
    async fn init(&self) -> Result<Credential>;

    /// Replaces a credential that expires or was refused. Never interacts with a person; where
    /// that is the only way, it fails with `Interaction`.
    ///
    /// # Errors
    ///
    /// As [`init`](Self::init).
    async fn renew(&self, stale: &Credential, why: Cause<'_>) -> Result<Credential> {
        let _ = (stale, why);
        self.init().await
    }

    /// What there is to do once the session has opened, with its first credential: telling the service of it, say. `None`, as
    /// here: nothing. A credential that is renewed opens nothing.
    ///
    /// The session is in use by then, and nobody waits. What this gives runs on the executor, beside requests and
    /// renewals. It is dropped when it takes as long as an authentication [may](crate::SessionBuilder::time_limit),
    /// and when the session closes, before [`close`](Self::close) is asked; it may be dropped before it is polled at all. A
    /// failure, or a panic, is told of as any call's, and concerns nobody else.
    fn follow_up(&self, credential: &Credential) -> Option<BoxFuture<Result<()>>> {
        let _ = credential;
        None
    }

    /// Authorizes one request; asked only for credentials made with [`Credential::per_request`].
    ///
    /// It replaces no credential: whoever asks may give up at any time, and many ask at once. Where it finds that this one has ended
    /// before its time, it says so [in its error](crate::Error::with_ended_credential). The engine then has it [renewed](Self::renew),
    /// once for all who find that, as one that [expires](Cause::Expiring), and asks again with the new one, once. That error is the
    /// caller's only if the new credential has ended too.
    ///
    /// # Errors
    ///
    /// When no authorization can be made; the request is not sent.
    async fn authorize(
        &self,
        credential: &Credential,
        request: Outgoing<'_>,
    ) -> Result<Option<Box<dyn Exchange>>> {
        let _ = (credential, request);
        Ok(None)
    }

    /// Logs in to a proxy, for one connection through it: what goes into `Proxy-Authorization` (RFC 9110 §11.7.2). Asked only for
    /// proxies of the environment that are to be [logged in to by the session](crate::Proxy::with_session_login). `None`: this
    /// backend cannot. A credential that has ended is a matter of the engine's, as [there](Self::authorize).
    ///
    /// # Errors
    ///
    /// When no authorization can be made; there is no connection then.
    async fn authorize_proxy(
        &self,
        credential: &Credential,
        proxy: &Url,
    ) -> Result<Option<HeaderValue>> {
        let _ = (credential, proxy);
        Ok(None)
    }

    /// Whether authorizations are bound to the server's certificate (channel binding, RFC 5929): carriers then learn it
    /// before they have a request authorized, and hand it to [`authorize`](Self::authorize) and the
    /// [`Exchange`].
    fn binds_to_peer(&self) -> bool {
        false
    }

    /// Whether what is authenticated is the connection: carriers then send all requests of one [`Exchange`] on one
    /// connection, over HTTP/1.1, and no other request meanwhile.
    fn pins_connection(&self) -> bool {
        false
    }

    /// Examines what authentication depends on, for people who look for what is wrong: without a credential what it takes to get one,
    /// with the one in use what it is worth.
    ///
    /// It changes nothing: it does not authenticate, and never counts as a failed attempt. What it finds holds no secret, and is in
    /// the order in which the parts depend on each other.
    async fn examine(&self, credential: Option<&Credential>) -> Vec<Finding> {
        let _ = credential;
        Vec::new()
    }

    /// Ends the credential at the server: revokes it, logs out.
    ///
    /// # Errors
    ///
    /// When the server did not confirm that. The session counts as closed all the same.
    async fn close(&self, credential: &Credential) -> Result<()> {
        let _ = credential;
        Ok(())
    }
}

/// Why a credential is to be replaced.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Cause<'a> {
    /// It expires, or has expired; or has ended before its time, as [`Session::authorize`] has found.
    Expiring,
    /// A server refused it, with these challenges.
    Refused(&'a [Challenge]),
}
