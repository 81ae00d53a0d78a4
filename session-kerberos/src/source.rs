//! Where a credential comes from.

use std::path::PathBuf;

use session_core::{Error, ErrorKind, Result, SecretSource};

use crate::mechanism::Given;

/// Where a credential comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    DefaultCache,
    Ccache(String),
    Keytab(PathBuf),
    Password(SecretSource),
}

impl Source {
    /// What it is, in a word.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::DefaultCache | Self::Ccache(_) => "cache",
            Self::Keytab(_) => "keytab",
            Self::Password(_) => "password",
        }
    }

    /// With its secret as it is now.
    pub(crate) async fn given(&self) -> Result<Given> {
        Ok(match self {
            Self::DefaultCache => Given::DefaultCache,
            Self::Ccache(name) => Given::Ccache(name.clone()),
            Self::Keytab(path) => Given::Keytab(keytab(path)?),
            Self::Password(password) => Given::Password(password.resolve().await?),
        })
    }
}

/// The type of keytabs that are files.
pub(crate) const FILE: &str = "FILE:";

/// The name of a keytab; libraries read one without a type as a file's, but for a colon in it.
fn keytab(path: &std::path::Path) -> Result<String> {
    let path = path.to_str().ok_or_else(|| {
        Error::new(
            ErrorKind::Config,
            format!(
                "the path of the keytab, {}, is not UTF-8; move it",
                path.display()
            ),
        )
    })?;
    Ok(format!("{FILE}{}", path.strip_prefix(FILE).unwrap_or(path)))
}
