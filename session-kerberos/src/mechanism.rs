//! What makes tokens: a Kerberos library, or in tests something that stands in for it.

use std::{fmt::Debug, sync::Arc, time::Duration};

use session_core::{Finding, Result, Secret};
use zeroize::Zeroizing;

/// Gets credentials. Blocks.
pub(crate) trait Mechanism: Debug + Send + Sync + 'static {
    fn acquire(&self, wanted: &Wanted) -> Result<Acquired>;

    /// The same, after one was refused: with nothing of what was got for services before, which may be why.
    fn acquire_anew(&self, wanted: &Wanted) -> Result<Acquired> {
        self.acquire(wanted)
    }

    /// Looks at what that takes on this machine, for people; and whose credential it will be, where that is known.
    fn examine(&self, wanted: &Wanted) -> (Vec<Finding>, Option<String>);

    /// Looks whether there is a KDC for this principal, for people. Blocks, and gets nothing.
    fn examine_kdc(&self, wanted: &Wanted, principal: &str) -> Finding;
}

/// Whose credential is wanted, and what it is to come from.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Whoever the source belongs to, if absent.
    pub(crate) principal: Option<String>,
    pub(crate) from: Given,
}

impl Wanted {
    /// Whether it comes from tickets that are there.
    pub(crate) fn is_by_cache(&self) -> bool {
        matches!(self.from, Given::DefaultCache | Given::Ccache(_))
    }
}

/// Where a credential comes from, with its secret.
#[derive(Clone, Debug)]
pub(crate) enum Given {
    DefaultCache,
    Ccache(String),
    Keytab(String),
    Password(Secret),
}

/// A credential, just got.
pub(crate) struct Acquired {
    pub(crate) principal: Arc<dyn Principal>,
    /// For how long it is good; for ever if absent.
    pub(crate) lifetime: Option<Duration>,
}

/// Somebody whose credential we have: as long as this lives, and no longer.
pub(crate) trait Principal: Send + Sync + 'static {
    /// As the realm calls it.
    fn name(&self) -> &str;

    /// Has its tickets renewed, without the secret that they were got with. Blocks. None where that gains nothing: then they are to be
    /// got anew.
    fn renew(&self) -> Result<Option<Acquired>>;

    /// Begins to authenticate to a service. Blocks, unless there is a ticket for it yet. `worker` is the number of the thread.
    fn initiate(&self, worker: usize, request: &Initiation) -> Result<Begun>;

    /// The same, if it can be done without asking anybody: it may take as long as a signature does, and no longer.
    fn initiate_now(&self, request: &Initiation) -> Option<Begun>;

    /// The services that there are tickets for, with which that can be done.
    fn ready(&self) -> Vec<String>;

    /// Looks at the credential, and at whether there are tokens for these requests, for people. Blocks.
    fn examine(&self, worker: usize, requests: &[Initiation]) -> Vec<Finding>;
}

/// With whom to authenticate, and how.
#[derive(Clone, Debug)]
pub(crate) struct Initiation {
    /// `HTTP@host`, or a principal: `HTTP/host@REALM`.
    pub(crate) service: String,
    pub(crate) is_mutual: bool,
    pub(crate) delegation: crate::Delegation,
    pub(crate) channel_bindings: Option<Vec<u8>>,
}

/// A context that has begun, and its first token.
pub(crate) struct Begun {
    pub(crate) initiator: Box<dyn Initiator>,
    pub(crate) token: Zeroizing<Vec<u8>>,
}

/// Our end of a context.
pub(crate) trait Initiator: Send + 'static {
    /// Takes a token of the server. Asks nobody: it may take as long as a signature does, and no longer.
    fn step(&mut self, token: &[u8]) -> Result<Progress>;
}

/// How far a context has come.
pub(crate) enum Progress {
    /// The server must have this token.
    Continues(Zeroizing<Vec<u8>>),
    /// Both ends are done.
    Complete {
        /// The server has proven who it is.
        is_mutual: bool,
    },
}
