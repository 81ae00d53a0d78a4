//! A security context, as its initiator has it.

use std::{ptr, sync::Arc};

use zeroize::Zeroizing;

use super::{
    buffer::{Buffer, EMPTY, borrowed},
    credential::Credential,
    functions::{NONE, RawBindings, RawContext, RawName},
    library::Library,
    name::Name,
    oid::Oid,
    status::{Failure, check},
    thread_clock::ThreadClock,
};
use crate::kerberos_token::Answer;

/// What is asked of a context, or granted to it (RFC 2743 §1.2.1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags(u32);

impl Flags {
    /// Credentials are delegated to the server.
    pub(crate) const DELEGATION: Self = Self(1);
    /// The server proves who it is.
    pub(crate) const MUTUAL: Self = Self(2);
    /// Credentials are delegated to servers that the realm approves of (RFC 5896).
    pub(crate) const DELEGATION_BY_POLICY: Self = Self(0x8000);

    pub(crate) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

const CONTINUE_NEEDED: u32 = 1;
/// RFC 2744 §3.9.1
const CONTEXT_EXPIRED: u32 = 12 << 16;
const DEFAULT_QUALITY: u32 = 0;

/// A context with a server, from the first token on.
pub(crate) struct Context {
    credential: Arc<Credential>,
    target: Name,
    wanted: Flags,
    /// What both ends know of the channel between them.
    bindings: Option<Vec<u8>>,
    raw: RawContext,
    granted: u32,
    lifetime: u32,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    New,
    /// A token of the server is due.
    Begun,
    Complete,
    /// What the library makes of it then, nobody needs to know.
    Failed,
}

// SAFETY: a context belongs to no thread, as long as two do not use it at once: a context is not `Sync`.
unsafe impl Send for Context {}

impl Context {
    pub(crate) fn new(
        credential: Arc<Credential>,
        target: Name,
        wanted: Flags,
        bindings: Option<Vec<u8>>,
    ) -> Self {
        Self {
            credential,
            target,
            wanted,
            bindings,
            raw: NONE,
            granted: 0,
            lifetime: 0,
            stage: Stage::New,
        }
    }

    /// The first token.
    pub(crate) fn begin(&mut self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        self.library().ensure_same(self.target.library())?;
        if self.stage != Stage::New {
            return Err(Failure::of_nobody("the context has begun before"));
        }
        self.call(None)
    }

    /// Takes the server's token, and gives the next one for it: empty if none is due. Neither library locks the credential for that,
    /// which may be in use by a call that waits for a KDC.
    ///
    /// The library never sees anything but a reply. Heimdal's (7.8) reads memory that nobody has written where a token is neither a
    /// reply nor an error, and of an error that is about clocks it writes to a cache that it has closed.
    pub(crate) fn step(&mut self, token: &[u8]) -> Result<Zeroizing<Vec<u8>>, Failure> {
        if self.stage != Stage::Begun {
            return Err(Failure::of_nobody("no token of the server is due"));
        }
        if Answer::of(token) != Some(Answer::Reply) {
            self.stage = Stage::Failed;
            return Err(Failure::of_nobody("its token is no reply of Kerberos"));
        }
        self.call(Some(token))
    }

    fn call(&mut self, token: Option<&[u8]>) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let library = self.library();
        let mechanism = Oid::KRB5.raw();
        let input = borrowed(token.unwrap_or_default());
        let bindings = self.bindings.as_deref().map(|data| RawBindings {
            initiator_type: 0,
            initiator: EMPTY,
            acceptor_type: 0,
            acceptor: EMPTY,
            application: borrowed(data),
        });
        let mut output = Buffer::new(library);
        let mut minor = 0;
        let clock = ThreadClock::ahead(library, self.credential.ahead());
        // SAFETY: credential, context and target are of this library; all pointers are to values that live until after the call, or
        // null where they may be. The context is none at first, and later one that waits for a token. `output` is empty, and
        // for output.
        let major = unsafe {
            (library.gss.gss_init_sec_context)(
                &raw mut minor,
                self.credential.raw(),
                &raw mut self.raw,
                self.target.raw(),
                &raw const mechanism,
                self.wanted.0,
                0, // for as long as it can be
                bindings.as_ref().map_or(ptr::null(), ptr::from_ref),
                if token.is_some() {
                    &raw const input
                } else {
                    ptr::null()
                },
                ptr::null_mut(),
                output.as_mut_ptr(),
                &raw mut self.granted,
                &raw mut self.lifetime,
            )
        };
        self.stage = Stage::Failed;
        let major = check(library, Oid::KRB5, major, minor);
        drop(clock);
        let major = major?;
        self.stage = if major & CONTINUE_NEEDED == 0 {
            Stage::Complete
        } else {
            Stage::Begun
        };
        Ok(output.to_vec())
    }

    /// Whether no token of the server is due any more.
    pub(crate) fn is_complete(&self) -> bool {
        self.stage == Stage::Complete
    }

    /// What was granted so far; final once it is complete.
    pub(crate) fn granted(&self) -> Flags {
        Flags(self.granted)
    }

    /// With whom it is.
    pub(crate) fn target(&self) -> &Name {
        &self.target
    }

    /// For how many seconds its ticket is good: [`INDEFINITE`](super::INDEFINITE) if without end, 0 if that is not known.
    pub(crate) fn lifetime(&self) -> u32 {
        self.lifetime
    }

    /// Who we are to the server. Only known of a complete context; none if its ticket has ended since.
    pub(crate) fn initiator(&self) -> Result<Option<Name>, Failure> {
        self.ensure_complete()?;
        // Of one that has ended MIT's library tells nothing, and loses the name that it was going to: so none is asked for.
        match self.inquire(ptr::null_mut()) {
            Ok(()) => {}
            Err(failure) if failure.major == CONTEXT_EXPIRED => return Ok(None),
            Err(failure) => return Err(failure),
        }
        let mut name = Name::none(self.library());
        self.inquire(name.as_mut_ptr())?;
        Ok(Some(name))
    }

    /// The name may be null, and is none yet. The context is complete.
    fn inquire(&self, name: *mut RawName) -> Result<(), Failure> {
        let library = self.library();
        let mut minor = 0;
        // SAFETY: the context is one of this library, and complete; all pointers are to values that live until after the call, or
        // null where they may be.
        let major = unsafe {
            (library.gss.gss_inquire_context)(
                &raw mut minor,
                self.raw,
                name,
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        check(library, Oid::KRB5, major, minor).map(drop)
    }

    /// A code that shows the server that these bytes come from us. Only of a complete context.
    pub(crate) fn code(&self, message: &[u8]) -> Result<Zeroizing<Vec<u8>>, Failure> {
        self.ensure_complete()?;
        let library = self.library();
        let message = borrowed(message);
        let mut code = Buffer::new(library);
        let mut minor = 0;
        // SAFETY: the context is one of this library, and complete; all pointers are to values that live until after the call. `code`
        // is empty, and for output.
        let major = unsafe {
            (library.gss.gss_get_mic)(
                &raw mut minor,
                self.raw,
                DEFAULT_QUALITY,
                &raw const message,
                code.as_mut_ptr(),
            )
        };
        check(library, Oid::KRB5, major, minor)?;
        Ok(code.to_vec())
    }

    /// Checks a code of the server, which shows that these bytes come from it. Only of a complete context.
    pub(crate) fn verify(&self, message: &[u8], code: &[u8]) -> Result<(), Failure> {
        self.ensure_complete()?;
        let library = self.library();
        let (message, code) = (borrowed(message), borrowed(code));
        let mut minor = 0;
        // SAFETY: the context is one of this library, and complete; all pointers are to values that live until after the call, or
        // null where they may be.
        let major = unsafe {
            (library.gss.gss_verify_mic)(
                &raw mut minor,
                self.raw,
                &raw const message,
                &raw const code,
                ptr::null_mut(),
            )
        };
        check(library, Oid::KRB5, major, minor).map(drop)
    }

    fn ensure_complete(&self) -> Result<(), Failure> {
        if self.is_complete() {
            return Ok(());
        }
        Err(Failure::of_nobody("the context is not complete"))
    }

    fn library(&self) -> &'static Library {
        self.credential.library()
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        if self.raw.is_null() {
            return;
        }
        let mut minor = 0;
        // SAFETY: the library made it, and it is deleted once, here; no token is asked for.
        unsafe {
            (self.library().gss.gss_delete_sec_context)(
                &raw mut minor,
                &raw mut self.raw,
                ptr::null_mut(),
            )
        };
    }
}
