//! The library that the machine has.

use std::{fmt, sync::OnceLock};

use session_core::{Error, ErrorKind, Result};

use super::functions::{Gss, Krb5};

/// A GSSAPI library, loaded for as long as the process lives: its threads and its per-thread texts outlive any unloading.
pub(crate) struct Library {
    name: &'static str,
    pub(super) gss: Gss,
    /// The Kerberos library that belongs to it.
    pub(super) krb5: Option<Krb5>,
}

/// The file names of a GSSAPI library and of the Kerberos library that belongs to it.
struct Candidate {
    gss: &'static str,
    krb5: &'static str,
}

#[cfg(target_vendor = "apple")]
const CANDIDATES: &[Candidate] = &[
    Candidate {
        gss: "/System/Library/Frameworks/GSS.framework/GSS",
        krb5: "/System/Library/PrivateFrameworks/Heimdal.framework/Heimdal",
    },
    MIT_ON_APPLE,
];
#[cfg(target_vendor = "apple")]
const MIT_ON_APPLE: Candidate = Candidate {
    gss: "libgssapi_krb5.2.2.dylib",
    krb5: "libkrb5.3.3.dylib",
};
#[cfg(not(target_vendor = "apple"))]
const CANDIDATES: &[Candidate] = &[
    Candidate {
        gss: "libgssapi_krb5.so.2",
        krb5: "libkrb5.so.3",
    },
    HEIMDAL,
];
#[cfg(not(target_vendor = "apple"))]
const HEIMDAL: Candidate = Candidate {
    gss: "libgssapi.so.3",
    krb5: "libkrb5.so.26",
};

impl Library {
    /// The machine's: MIT's, else Heimdal's; on Apple's systems theirs, else MIT's.
    ///
    /// # Errors
    ///
    /// `Config`, when there is none: with the package to install. The next call looks again.
    pub(crate) fn system() -> Result<&'static Self> {
        static SYSTEM: OnceLock<&'static Library> = OnceLock::new();
        if let Some(library) = SYSTEM.get() {
            return Ok(library);
        }
        let found = Self::first_of(CANDIDATES)?;
        Ok(SYSTEM.get_or_init(|| found))
    }

    /// Its file's name.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    fn first_of(candidates: &[Candidate]) -> Result<&'static Self> {
        let mut problems = Vec::new();
        for candidate in candidates {
            match Self::load(candidate) {
                // Never unloaded, so never freed: see above.
                Ok(library) => return Ok(Box::leak(Box::new(library))),
                Err(error) => problems.push(format!("{}: {error}", candidate.gss)),
            }
        }
        Err(missing(&problems))
    }

    fn load(candidate: &Candidate) -> Result<Self, libloading::Error> {
        // SAFETY: the initializers of these libraries only prepare the library itself.
        let gss = unsafe { libloading::Library::new(candidate.gss) }?;
        // SAFETY: a library of this name has GSSAPI's functions, whose types RFC 2744 and the libraries' headers, stable
        // within that version of the file's name, give; and it is never unloaded.
        let functions = unsafe { Gss::of(&gss) }?;
        std::mem::forget(gss);
        Ok(Self {
            name: candidate.gss,
            gss: functions,
            krb5: load_krb5(candidate.krb5).ok(),
        })
    }

    #[cfg(test)]
    pub(crate) fn named(gss: &'static str) -> Result<&'static Self> {
        Self::first_of(&[Candidate {
            gss,
            krb5: "libkrb5.so.3",
        }])
    }
}

fn load_krb5(name: &str) -> Result<Krb5, libloading::Error> {
    // SAFETY: the initializers of these libraries only prepare the library itself.
    let krb5 = unsafe { libloading::Library::new(name) }?;
    // SAFETY: a library of this name has these functions with these types, which have not changed since it has that
    // version; and it is never unloaded.
    let functions = unsafe { Krb5::of(&krb5) }?;
    std::mem::forget(krb5);
    Ok(functions)
}

fn missing(problems: &[String]) -> Error {
    Error::new(
        ErrorKind::Config,
        format!(
            "this machine has no Kerberos library that can be used ({}); install MIT's: package `libgssapi-krb5-2` on Debian and Ubuntu, \
             `krb5-libs` on Fedora and Alpine, `krb5` by Homebrew on macOS",
            problems.join("; ")
        ),
    )
}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Library").field(&self.name).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_is_missing_is_an_error_that_names_the_package() {
        let error = Library::named("libgssapi-of-nobody.so.7").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let text = error.to_string();
        for part in [
            "libgssapi-of-nobody.so.7",
            "libgssapi-krb5-2",
            "krb5-libs",
            "Homebrew",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn a_library_without_the_functions_is_not_taken() {
        assert!(Library::named("libc.so.6").is_err());
    }
}
