//! What a call came to.

use std::fmt;

use super::{buffer::Buffer, functions::U32, library::Library, oid::Oid};

/// A call that failed: its codes, and the library's own words for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) major: u32,
    /// The mechanism's code: of Kerberos a `krb5_error_code`, of SPNEGO often a number made up by the process.
    pub(crate) minor: i32,
    pub(crate) text: String,
}

/// Bits of a major status that say that the call failed; all others are information (RFC 2744 §3.9.1).
const ERRORS: u32 = 0xffff_0000;
const GSS_CODE: i32 = 1;
const MECHANISM_CODE: i32 = 2;
/// More than any library has to say about one code.
const MOST_TEXTS: usize = 8;

/// Judges a call by its codes; the major code if it did not fail.
///
/// To be asked by the thread that made the call, before it makes another: the library keeps the texts by thread.
pub(super) fn check(
    library: &'static Library,
    mechanism: Oid,
    major: U32,
    minor: U32,
) -> Result<U32, Failure> {
    if major & ERRORS == 0 {
        return Ok(major);
    }
    let text = [(minor, MECHANISM_CODE), (major, GSS_CODE)]
        .into_iter()
        .filter(|(code, _)| *code != 0)
        .map(|(code, kind)| text(library, mechanism, code, kind))
        .find(|text| !text.is_empty());
    Err(Failure {
        major: major & ERRORS,
        minor: minor.cast_signed(),
        text: text.unwrap_or_default(),
    })
}

fn text(library: &'static Library, mechanism: Oid, code: U32, kind: i32) -> String {
    let mechanism = mechanism.raw();
    let mut texts = Vec::new();
    let (mut minor, mut more) = (0, 0);
    for _ in 0..MOST_TEXTS {
        let mut text = Buffer::new(library);
        // SAFETY: all pointers are to values that live until after the call; `text` is empty, and for output.
        let major = unsafe {
            (library.gss.gss_display_status)(
                &raw mut minor,
                code,
                kind,
                &raw const mechanism,
                &raw mut more,
                text.as_mut_ptr(),
            )
        };
        if major & ERRORS != 0 {
            break;
        }
        texts.push(text.to_text());
        if more == 0 {
            break;
        }
    }
    texts.join("; ")
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:#x}, {})", self.text, self.major, self.minor)
    }
}
