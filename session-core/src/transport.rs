//! How to connect to an environment.

use std::path::{Path, PathBuf};

/// How carriers connect to an environment's services: plain data, no client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transport {
    ca_file: Option<PathBuf>,
}

impl Transport {
    /// Nothing special: the system's certificate authorities, no proxy.
    pub const DEFAULT: &'static Self = &Self { ca_file: None };

    /// Trusts the certificate authorities in this PEM file, and no others.
    #[must_use]
    pub fn with_ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(path.into());
        self
    }

    /// The PEM file with the only certificate authorities to trust; `None`: those of the system.
    pub fn ca_file(&self) -> Option<&Path> {
        self.ca_file.as_deref()
    }
}
