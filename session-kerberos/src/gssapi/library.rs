//! The library that the machine has.

use std::{
    error::Error as _,
    fmt,
    sync::{Mutex, OnceLock, PoisonError},
};

use session_core::{Error, ErrorKind, Result};

use super::{
    functions::{
        FileFunctions, Gss, HeimdalFunctions, Krb5Functions, MitFunctions, ParserFunctions,
    },
    status::Failure,
};

/// A GSSAPI library and the libkrb5 below it, loaded for as long as the process lives: its threads and its per-thread texts outlive
/// any unloading.
pub(crate) struct Library {
    name: String,
    pub(super) gss: Gss,
    pub(super) krb5: Krb5Functions,
    /// None where it has them not: nothing but what people are told depends on them.
    pub(super) files: Option<FileFunctions>,
    pub(super) parser: Option<ParserFunctions>,
    pub(super) make: Make,
}

/// Whose it is, with the functions that differ.
pub(super) enum Make {
    Mit(MitFunctions),
    Heimdal(HeimdalFunctions),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Maker {
    Mit,
    Heimdal,
}

impl Maker {
    /// Whoever has a symbol that the other has not: MIT's has it since its version 1.9. That a library has the functions of
    /// both says nothing of what structures are like in it. Heimdal's locks caches in memory since its version 7, and has
    /// `krb5_mk_error_ext` since then; Apple's comes of an older one.
    fn of(has: impl Fn(&str) -> bool) -> Result<Self, String> {
        match (has("krb5_tkt_creds_init"), has("heimdal_version")) {
            (true, false) => Ok(Self::Mit),
            (false, true) if has("krb5_mk_error_ext") => Ok(Self::Heimdal),
            (false, true) => Err(
                "it is Heimdal's of before its version 7, whose caches two threads cannot use at once"
                    .to_owned(),
            ),
            _ => Err("it is neither MIT's nor Heimdal's, which are all that is known".to_owned()),
        }
    }
}

#[cfg(target_vendor = "apple")]
const CANDIDATES: &[&str] = &[
    "/System/Library/Frameworks/GSS.framework/GSS",
    "libgssapi_krb5.2.2.dylib",
    // Where Homebrew leaves it, which is not where it would be looked for.
    "/opt/homebrew/opt/krb5/lib/libgssapi_krb5.2.2.dylib",
    "/usr/local/opt/krb5/lib/libgssapi_krb5.2.2.dylib",
];
#[cfg(not(target_vendor = "apple"))]
const CANDIDATES: &[&str] = &["libgssapi_krb5.so.2", "libgssapi.so.3"];

impl Library {
    /// The one of this file's name or path; if absent the machine's: MIT's, else Heimdal's; on Apple's systems theirs, else MIT's.
    ///
    /// # Errors
    ///
    /// `Config`, when there is none: with the package to install. The next call looks again.
    pub(crate) fn find(name: Option<&str>) -> Result<&'static Self> {
        match name {
            Some(name) => Self::named(name),
            None => Self::system(),
        }
    }

    /// Its file's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn system() -> Result<&'static Self> {
        static SYSTEM: OnceLock<&'static Library> = OnceLock::new();
        if let Some(library) = SYSTEM.get() {
            return Ok(library);
        }
        let mut problems = Vec::new();
        for candidate in CANDIDATES {
            match Self::loaded(candidate) {
                Ok(library) => return Ok(SYSTEM.get_or_init(|| library)),
                Err(problem) => problems.push(problem),
            }
        }
        Err(Error::new(
            ErrorKind::Config,
            format!(
                "this machine has no Kerberos library that can be used ({}); {INSTALL}",
                problems.join("; ")
            ),
        ))
    }

    fn named(name: &str) -> Result<&'static Self> {
        Self::loaded(name).map_err(|problem| {
            Error::new(
                ErrorKind::Config,
                format!(
                    "the Kerberos library of `library` cannot be used ({problem}); correct its name, leave it out, or {INSTALL}"
                ),
            )
        })
    }

    /// Each is loaded once, and never freed: see above.
    fn loaded(name: &str) -> Result<&'static Self, String> {
        static LOADED: Mutex<Vec<&'static Library>> = Mutex::new(Vec::new());
        // Nothing under this lock leaves what it guards half-done.
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(library) = loaded.iter().find(|library| library.name == name) {
            return Ok(library);
        }
        let library = Self::load(name).map_err(|problem| {
            if problem.contains(name) {
                problem
            } else {
                format!("{name}: {problem}")
            }
        })?;
        let library: &'static Self = Box::leak(Box::new(library));
        loaded.push(library);
        Ok(library)
    }

    fn load(name: &str) -> Result<Self, String> {
        // With its symbols for nobody else, so that two libraries do not get in each other's way (`RTLD_LOCAL`).
        // SAFETY: the initializers of these libraries only prepare the library itself.
        let file = unsafe { libloading::Library::new(name) }.map_err(|error| problem(&error))?;
        // A library with GSSAPI is looked through together with those that it depends on: so its own libkrb5 is found.
        // SAFETY: RFC 2744, and the libraries' headers, give the types of GSSAPI's functions and of libkrb5's: they have not
        // changed since there are those that are looked for. The library is never unloaded.
        let functions =
            unsafe { Gss::of(&file).and_then(|gss| Ok((gss, Krb5Functions::of(&file)?))) };
        let (gss, krb5) = functions.map_err(|error| problem(&error))?;
        // SAFETY: as above; MIT's headers do not have these two, but its own programs call them, with the types that Heimdal's have.
        let files = unsafe { FileFunctions::of(&file) }.ok();
        // SAFETY: as above; no other library has functions of these names.
        let parser = unsafe { ParserFunctions::of(&file) }.ok();
        let has = |symbol: &str| {
            // SAFETY: only whether it is there is looked at.
            unsafe { file.get::<*const u8>(symbol.as_bytes()) }.is_ok()
        };
        let make = match Maker::of(has)? {
            Maker::Mit => {
                // SAFETY: as above, for MIT's.
                let functions = unsafe { MitFunctions::of(&file) };
                Make::Mit(functions.map_err(|error| problem(&error))?)
            }
            Maker::Heimdal if cfg!(target_pointer_width = "64") => {
                // SAFETY: as above, for Heimdal's.
                let functions = unsafe { HeimdalFunctions::of(&file) };
                Make::Heimdal(functions.map_err(|error| problem(&error))?)
            }
            Maker::Heimdal => {
                return Err(
                    "how Heimdal's library writes times is known for 64 bits alone".to_owned(),
                );
            }
        };
        std::mem::forget(file);
        Ok(Self {
            name: name.to_owned(),
            gss,
            krb5,
            files,
            parser,
            make,
        })
    }

    /// Whether what comes from `other` may be handed to this one: nothing else of one library's is any other's to understand.
    pub(super) fn ensure_same(&self, other: &Self) -> Result<(), Failure> {
        if std::ptr::eq(self, other) {
            return Ok(());
        }
        Err(Failure::of_nobody("it belongs to another Kerberos library"))
    }
}

/// In the words of the system's loader.
fn problem(error: &libloading::Error) -> String {
    match error.source() {
        Some(cause) => cause.to_string(),
        None => error.to_string(),
    }
}

const INSTALL: &str = "install MIT's: package `libgssapi-krb5-2` on Debian and Ubuntu, `krb5-libs` on Fedora and Alpine, `krb5` by \
                       Homebrew on macOS";

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Library").field(&self.name).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path, process::Command};

    use super::*;

    #[test]
    fn a_library_that_is_missing_is_an_error_that_names_the_package() {
        let error = Library::find(Some("libgssapi-of-nobody.so.7")).unwrap_err();
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
    fn a_library_is_its_makers_by_what_it_alone_has() {
        let of = |symbols: &[&str]| Maker::of(|symbol| symbols.contains(&symbol)).ok();
        assert_eq!(of(&["krb5_tkt_creds_init"]), Some(Maker::Mit));
        assert_eq!(
            of(&["heimdal_version", "krb5_mk_error_ext"]),
            Some(Maker::Heimdal)
        );
        assert_eq!(of(&["heimdal_version"]), None);
        assert_eq!(of(&["heimdal_version", "krb5_tkt_creds_init"]), None);
        let error = Maker::of(|_| false).unwrap_err();
        assert!(error.contains("neither MIT's nor Heimdal's"), "{error}");
    }

    #[test]
    fn a_library_without_the_functions_is_not_taken() {
        let error = Library::find(Some("libc.so.6")).unwrap_err();
        assert!(error.to_string().contains("gss_import_name"), "{error}");
    }

    /// A library that has these symbols, and what it has by them is nothing.
    fn imitation(folder: &Path, symbols: &[&str]) -> String {
        let source = folder.join("imitation.c");
        let lines = symbols.iter().map(|symbol| format!("int {symbol};\n"));
        fs::write(&source, lines.collect::<String>()).unwrap();
        let library = folder.join(format!("{}.so", symbols.len()));
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-o"]);
        let done = compiler.arg(&library).arg(&source).status();
        assert!(done.unwrap().success());
        library.to_str().unwrap().to_owned()
    }

    #[test]
    fn of_heimdals_none_is_taken_that_does_not_lock_its_caches() {
        let folder = tempfile::tempdir().unwrap();
        let old = [Gss::NAMES, Krb5Functions::NAMES, &["heimdal_version"]].concat();
        for (symbols, problem) in [
            (old.clone(), "of before its version 7"),
            (
                [&old[..], &["krb5_mk_error_ext"]].concat(),
                HeimdalFunctions::NAMES[0],
            ),
        ] {
            let path = imitation(folder.path(), &symbols);
            let error = Library::find(Some(&path)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            let text = error.to_string();
            for part in [problem, &path, "libgssapi-krb5-2"] {
                assert!(text.contains(part), "{part}: {text}");
            }
        }
    }

    #[test]
    fn a_library_with_the_functions_of_both_is_not_taken_unless_one_of_them_is_its_maker() {
        let folder = tempfile::tempdir().unwrap();
        let common = [Gss::NAMES, Krb5Functions::NAMES].concat();
        let (last, others) = common.split_last().unwrap();
        let makers = ["krb5_tkt_creds_init", "heimdal_version"];
        for (symbols, problem) in [
            (others.to_vec(), *last),
            (common.clone(), "neither MIT's nor Heimdal's"),
            (
                [&common[..], &makers].concat(),
                "neither MIT's nor Heimdal's",
            ),
            ([&common[..], &makers[..1]].concat(), MitFunctions::NAMES[0]),
        ] {
            let path = imitation(folder.path(), &symbols);
            let error = Library::find(Some(&path)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            let text = error.to_string();
            for part in [problem, &path, "libgssapi-krb5-2"] {
                assert!(text.contains(part), "{part}: {text}");
            }
        }
    }
}
