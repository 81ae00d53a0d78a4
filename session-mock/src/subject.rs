//! A backend under test.

use std::{fmt::Debug, time::Duration};

use session_core::{Credential, SessionHandle};

/// A backend under test, and the counterpart that it talks to: what [`conformance!`](crate::conformance!) and
/// [`leak_check!`](crate::leak_check!) need to know of it.
///
/// Three methods are enough to begin with. Each of the others lets the kits show more; what they cannot show is reported
/// as skipped, by name and with the reason. Where a backend gets
/// its tokens by OAuth 2, `Counterpart`, by feature `server`, is a provider that is driven already.
///
/// ```
/// use session_core::SessionHandle;
/// use session_mock::{Answer, MockSession, Subject, Unable};
///
/// struct Keys(MockSession);
///
/// impl Subject for Keys {
///     fn start() -> Self {
///         Self(MockSession::bearer("k-123"))
///     }
///
///     fn session(&self) -> SessionHandle {
///         self.0.handle()
///     }
///
///     fn answer(&self, _: Answer<'_>) -> Result<(), Unable> {
///         Err(Unable::because("nobody is asked about these keys"))
///     }
/// }
/// ```
///
/// The kits open none of the handles: they take the backend out of it, and run that by a [`MockClock`](crate::MockClock),
/// which shows the real time of day when it starts, on a thread of its own.
pub trait Subject: Send + Sync + Sized + 'static {
    /// How long something may stand still, in real time, before it counts as hung. Nothing waits for it to pass but
    /// a test that fails.
    const PATIENCE: Duration = Duration::from_secs(60);

    /// Starts a counterpart of its own, which lets in everybody who has the right credentials.
    fn start() -> Self;

    /// A session with this counterpart, made as programs make it; each time of the same configuration.
    fn session(&self) -> SessionHandle;

    /// Has the counterpart answer like this whoever tries to authenticate from now on.
    ///
    /// # Errors
    ///
    /// When it cannot be made to. What would be shown by that is skipped.
    fn answer(&self, answer: Answer<'_>) -> Result<(), Unable>;

    /// How many authentications reached the counterpart, let in or not: one for each, however many requests that takes.
    ///
    /// # Errors
    ///
    /// When it does not count.
    fn authentications(&self) -> Result<usize, Unable> {
        Err(Unable::because("the subject has no `authentications`"))
    }

    /// How long the counterpart says that a credential is valid, to the second, unless it was
    /// [told otherwise](Self::set_lifetime); `None`: it does not say. A minute or more: where a counterpart says it in
    /// whole seconds, half of what is short cannot be told from the whole.
    ///
    /// # Errors
    ///
    /// When that is not known.
    fn lifetime(&self) -> Result<Option<Duration>, Unable> {
        Err(Unable::because("the subject has no `lifetime`"))
    }

    /// Has the counterpart give credentials that are valid for as long as this, from now on.
    ///
    /// # Errors
    ///
    /// When it cannot be made to.
    fn set_lifetime(&self, lifetime: Duration) -> Result<(), Unable> {
        let _ = lifetime;
        Err(Unable::because("the subject has no `set_lifetime`"))
    }

    /// How often a person was asked to do something, such as to log in: 0 for schemes that never ask.
    ///
    /// # Errors
    ///
    /// When nobody counts.
    fn interactions(&self) -> Result<usize, Unable> {
        Err(Unable::because("the subject has no `interactions`"))
    }

    /// Sends a request of this session to the API, and tells whether it was let in. The session is open.
    ///
    /// # Errors
    ///
    /// When there is no API to ask.
    fn admits(&self, session: &SessionHandle) -> impl Future<Output = Result<bool, Unable>> + Send {
        let _ = session;
        async { Err(Unable::because("the subject has no `admits`")) }
    }

    /// That `close` ends the credential at the counterpart, which no longer [`admits`](Self::admits) it.
    ///
    /// # Errors
    ///
    /// When the scheme has no way to do that.
    fn ends(&self) -> Result<(), Unable> {
        Err(Unable::because("the subject has no `ends`"))
    }

    /// Whether the counterpart still takes what this credential [keeps](Credential::keep), such as a refresh token. Asked
    /// last of all: finding out may use it up.
    ///
    /// # Errors
    ///
    /// When that cannot be found out.
    fn honours(
        &self,
        credential: &Credential,
    ) -> impl Future<Output = Result<bool, Unable>> + Send {
        let _ = credential;
        async { Err(Unable::because("the subject has no `honours`")) }
    }

    /// Sessions that differ from [`session`](Self::session), and from each other, in one thing that tells two
    /// credentials apart: client, user, server, scopes.
    fn others(&self) -> Vec<SessionHandle> {
        Vec::new()
    }

    /// The secrets of the configuration, and those that the counterpart gave out so far. What credentials send or keep
    /// need not be among them; what is in the state of a [per-request](Credential::per_request) one does, for nobody else can
    /// look inside. Make them with [`canary`](crate::canary): they are searched for in all that is seen.
    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whatever else of the backend can be looked at, such as its builder. For [`leak_check!`](crate::leak_check!).
    fn visible(&self) -> Vec<Box<dyn Debug>> {
        Vec::new()
    }
}

/// How a counterpart answers who tries to authenticate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer<'a> {
    /// Lets in who has the right credentials. What was held goes on.
    Accept,
    /// Says no, as to somebody who has wrong credentials.
    Refuse,
    /// Cannot do anything for anybody now, nor end what was given out: it is down, or overloaded.
    Fail,
    /// Answers what makes no sense.
    Garble,
    /// Does not answer, until the next call of [`Subject::answer`].
    Hold,
    /// Says no, and repeats this text wherever an answer has room for one.
    Echo(&'a str),
}

/// Why something cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unable(String);

impl Unable {
    /// For this reason.
    pub fn because(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    /// The reason.
    pub fn reason(&self) -> &str {
        &self.0
    }
}
