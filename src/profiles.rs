//! Profiles, with the selected backends linked.

use std::{
    ops::Deref,
    path::{Path, PathBuf},
};

use session_core::Result;

use crate::linked::link;

/// The profiles in a `sessions.toml`: [those of session-core](session_core::Profiles), which this
/// dereferences to, made so that the backends that features select are found in every program.
///
/// ```
/// let profiles = session_kit::Profiles::from_toml(r#"
///     [profiles.test]
///     backend = "mock"
///     environment.api = "https://api.example.com/v1/"
/// "#, "sessions.toml")?;
/// assert_eq!(profiles.default()?, "test");
/// # Ok::<(), session_kit::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Profiles(session_core::Profiles);

impl Profiles {
    /// As [`session_core::Profiles::load`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn load(path: Option<&Path>) -> Result<Self> {
        link();
        session_core::Profiles::load(path).map(Self)
    }

    /// As [`session_core::Profiles::from_toml`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn from_toml(text: &str, origin: impl Into<PathBuf>) -> Result<Self> {
        link();
        session_core::Profiles::from_toml(text, origin).map(Self)
    }
}

impl Deref for Profiles {
    type Target = session_core::Profiles;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
