//! A security context, as its initiator has it.

use std::{ptr, sync::Arc};

use zeroize::Zeroizing;

use super::{
    buffer::{Buffer, EMPTY, borrowed},
    credential::Credential,
    functions::{NONE, RawBindings, RawContext},
    name::Name,
    oid::Oid,
    status::{Failure, check},
};

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

/// A context with a server, from the first token on.
pub(crate) struct Context {
    credential: Arc<Credential>,
    target: Name,
    mechanism: Oid,
    wanted: Flags,
    /// What both ends know of the channel between them.
    bindings: Option<Vec<u8>>,
    raw: RawContext,
    granted: u32,
    is_complete: bool,
}

// SAFETY: a context belongs to no thread, as long as two do not use it at once; all that use it borrow it mutably, but for
// `initiator`, and a context is not `Sync`.
unsafe impl Send for Context {}

impl Context {
    pub(crate) fn new(
        credential: Arc<Credential>,
        target: Name,
        mechanism: Oid,
        wanted: Flags,
        bindings: Option<Vec<u8>>,
    ) -> Self {
        Self {
            credential,
            target,
            mechanism,
            wanted,
            bindings,
            raw: NONE,
            granted: 0,
            is_complete: false,
        }
    }

    /// Takes the server's token, none at first, and gives the next one for it: empty if none is due.
    pub(crate) fn step(&mut self, token: Option<&[u8]>) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let library = self.credential.library();
        let mechanism = self.mechanism.raw();
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
        // SAFETY: credential, context and target are of this library, or none; all pointers are to values that live until
        // after the call, or null where they may be. `output` is empty, and for output.
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
                ptr::null_mut(),
            )
        };
        let major = check(library, self.mechanism, major, minor)?;
        self.is_complete = major & CONTINUE_NEEDED == 0;
        Ok(output.to_vec())
    }

    /// Whether no token of the server is due any more.
    pub(crate) fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// What was granted so far; final once it is complete.
    pub(crate) fn granted(&self) -> Flags {
        Flags(self.granted)
    }

    /// Who we are to the server. Only known of a complete context.
    pub(crate) fn initiator(&self) -> Result<Name, Failure> {
        let library = self.credential.library();
        let mut name = Name::none(library);
        let mut minor = 0;
        // SAFETY: the context is one of this library, or none, which is an error; all pointers are to values that live
        // until after the call, or null where they may be. The name is none yet.
        let major = unsafe {
            (library.gss.gss_inquire_context)(
                &raw mut minor,
                self.raw,
                name.as_mut_ptr(),
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        check(library, self.mechanism, major, minor)?;
        Ok(name)
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
            (self.credential.library().gss.gss_delete_sec_context)(
                &raw mut minor,
                &raw mut self.raw,
                ptr::null_mut(),
            )
        };
    }
}
