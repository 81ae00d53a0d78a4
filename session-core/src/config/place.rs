//! Where a value was written.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use crate::{Error, ErrorKind, spelling::quoted};

/// Where the values of a configuration come from, as errors tell it.
#[derive(Clone, Default)]
pub(crate) struct Place {
    /// The file, when they come from one.
    pub(crate) file: Option<PathBuf>,
    /// The profile, and the line where it starts.
    pub(crate) profile: Option<String>,
    pub(crate) line: Option<usize>,
    /// The backend they are for, once known.
    pub(crate) backend: Option<&'static str>,
}

impl Place {
    /// The place of a line, such as ``sessions.toml:12: profile `orders` ``; without one, the place
    /// of all values.
    pub(crate) fn at(&self, line: Option<usize>) -> String {
        let line = line.or(self.line);
        let source = match (&self.file, line, self.backend) {
            (Some(file), Some(line), _) => format!("{}:{line}", file.display()),
            (Some(file), None, _) => file.display().to_string(),
            (None, Some(line), _) => format!("configuration, line {line}"),
            (None, None, Some(backend)) => format!("configuration of `{backend}`"),
            (None, None, None) => "configuration".to_owned(),
        };
        match &self.profile {
            Some(profile) => format!("{source}: profile {}", quoted(profile)),
            None => source,
        }
    }

    /// An error about the value of a key.
    pub(crate) fn error(
        &self,
        line: Option<usize>,
        key: &str,
        problem: impl fmt::Display,
    ) -> Error {
        let message = format!("{}: {}: {problem}", self.at(line), quoted(key));
        Error::new(ErrorKind::Config, message)
    }

    /// An error about the text as a whole.
    pub(crate) fn syntax_error(&self, line: usize, column: usize, hint: &str) -> Error {
        let message = format!("{}:{column}: not valid TOML: {hint}", self.at(Some(line)));
        Error::new(ErrorKind::Config, message)
    }

    /// A path as written there: relative to the folder of the file.
    pub(crate) fn resolve(&self, path: &Path) -> PathBuf {
        match self.file.as_ref().and_then(|file| file.parent()) {
            Some(folder) => folder.join(path),
            None => path.to_owned(),
        }
    }
}
