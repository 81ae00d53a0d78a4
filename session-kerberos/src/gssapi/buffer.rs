//! Bytes that go to the library, and bytes that come from it.

use std::{ptr, slice};

use zeroize::{Zeroize, Zeroizing};

use super::{functions::RawBuffer, library::Library};

/// Bytes of ours as C has them; good for as long as they are borrowed. No function writes to what it is given that way.
pub(super) fn borrowed(bytes: &[u8]) -> RawBuffer {
    RawBuffer {
        length: bytes.len(),
        value: bytes.as_ptr().cast_mut().cast(),
    }
}

/// Nothing, for a function to fill or to ignore.
pub(super) const EMPTY: RawBuffer = RawBuffer {
    length: 0,
    value: ptr::null_mut(),
};

/// What the library allocates, wiped and released when it is dropped.
pub(super) struct Buffer {
    library: &'static Library,
    raw: RawBuffer,
}

impl Buffer {
    /// An empty one, for a function to fill.
    pub(super) fn new(library: &'static Library) -> Self {
        Self {
            library,
            raw: EMPTY,
        }
    }

    /// For the function that fills it. It must be one that is meant for output.
    pub(super) fn as_mut_ptr(&mut self) -> *mut RawBuffer {
        &raw mut self.raw
    }

    /// A copy of ours, wiped as well.
    pub(super) fn to_vec(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.bytes().to_vec())
    }

    pub(super) fn to_text(&self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    fn bytes(&self) -> &[u8] {
        let RawBuffer { length, value } = self.raw;
        if value.is_null() {
            return &[];
        }
        // SAFETY: only the library writes to this buffer: then it points to as many initialized bytes as it says, which
        // stay until it is released, and that is when this is dropped.
        unsafe { slice::from_raw_parts(value.cast(), length) }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let RawBuffer { length, value } = self.raw;
        if value.is_null() {
            return;
        }
        // SAFETY: as in `bytes`; and nothing else refers to them, for `self` is borrowed mutably.
        unsafe { slice::from_raw_parts_mut(value.cast::<u8>(), length) }.zeroize();
        let mut minor = 0;
        // SAFETY: the library filled it, and it is released once, here.
        unsafe { (self.library.gss.gss_release_buffer)(&raw mut minor, &raw mut self.raw) };
    }
}
