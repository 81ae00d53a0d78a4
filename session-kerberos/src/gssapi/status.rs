//! What a call came to.

use std::fmt;

use super::{
    buffer::Buffer,
    functions::U32,
    krb5::Krb5,
    library::{Library, Make},
    oid::Oid,
};

/// A call that failed: its codes, and the library's own words for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) major: u32,
    /// The mechanism's code: of Kerberos a `krb5_error_code`, of SPNEGO often a number made up by the process.
    pub(crate) minor: i32,
    pub(crate) text: String,
}

/// `GSS_S_FAILURE`: the minor status has the reason (RFC 2744 §3.9.1).
const FAILURE: u32 = 13 << 16;

impl Failure {
    /// Of libkrb5 or of a server, by its code: no call of this process need have failed with it.
    pub(crate) fn kerberos(library: &'static Library, code: i32) -> Self {
        Self::of_kerberos(code, Krb5::words(library, code))
    }

    /// The same with words for it.
    pub(crate) fn of_kerberos(code: i32, text: String) -> Self {
        Self {
            major: FAILURE,
            minor: code,
            text,
        }
    }

    /// The same, of a library that may have put into its text what a KDC or a server said, whatever that is: MIT's does so of errors
    /// that have no code of their own, Heimdal's of all that have one (RFC 4120 §7.5.9). Then the text is what it says of the code alone.
    pub(super) fn of_kerberos_quoting(library: &'static Library, code: i32, text: String) -> Self {
        Self::of_kerberos(
            code,
            if may_quote(library, code) {
                Krb5::words(library, code)
            } else {
                text
            },
        )
    }

    /// One that no library has a code for.
    pub(crate) fn of_nobody(text: &str) -> Self {
        Self::of_kerberos(0, text.to_owned())
    }

    pub(crate) fn has_no_code(&self) -> bool {
        (self.major, self.minor) == (FAILURE, 0)
    }
}

const FIRST_CODE: i32 = -1_765_328_384;
const GENERIC: i32 = FIRST_CODE + 60;
const FIRST_OF_THE_LIBRARY: i32 = FIRST_CODE + 128;

fn may_quote(library: &Library, code: i32) -> bool {
    let quotes_all = matches!(library.make, Make::Heimdal(_));
    code == GENERIC || (quotes_all && (FIRST_CODE..FIRST_OF_THE_LIBRARY).contains(&code))
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
        // Some say of a code that they made up for nothing that it is a success.
        .find(|text| !text.is_empty() && text != "Success");
    let minor = minor.cast_signed();
    Err(Failure {
        major: major & ERRORS,
        minor,
        text: if may_quote(library, minor) {
            Krb5::words(library, minor)
        } else {
            text.unwrap_or_default()
        },
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
        f.write_str(&self.text)?;
        if self.has_no_code() {
            return Ok(());
        }
        write!(f, " ({:#x}, {})", self.major, self.minor)
    }
}
