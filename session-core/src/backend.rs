//! Backends by name.

use std::{
    fmt, ptr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    Config, Error, ErrorKind, Key, Result, Session, SessionHandle,
    spelling::{nearest, quoted},
};

/// A kind of session that can be opened by name and configuration.
///
/// Made known to all with [`register_backend!`](crate::register_backend).
pub struct Backend {
    name: &'static str,
    summary: &'static str,
    keys: &'static [Key],
    open: Open,
}

/// Makes a session from its configuration, and sends nothing.
type Open = fn(&Config) -> Result<Box<dyn Session>>;

impl Backend {
    /// Describes a backend: its name in configurations, what it is for in a few words, what can be
    /// configured, and how a session is made from that. `open` gets a configuration that was checked
    /// against `keys`, and sends nothing.
    pub const fn new(
        name: &'static str,
        summary: &'static str,
        keys: &'static [Key],
        open: fn(&Config) -> Result<Box<dyn Session>>,
    ) -> Self {
        Self {
            name,
            summary,
            keys,
            open,
        }
    }

    /// Its name in configurations.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What it is for, in a few words.
    pub const fn summary(&self) -> &'static str {
        self.summary
    }

    /// What can be configured: its own keys, then those that every backend has.
    pub fn keys(&self) -> impl Iterator<Item = &'static Key> + use<> {
        let own = self.keys;
        let is_own = move |common: &&Key| own.iter().any(|key| key.name() == common.name());
        own.iter()
            .chain(Key::COMMON.iter().filter(move |common| !is_own(common)))
    }

    /// Makes a session. Nothing is sent.
    ///
    /// # Errors
    ///
    /// `Config`, when a key is unknown, missing, or not of its kind, or the backend refuses it.
    pub fn open(&self, config: impl Into<Config>) -> Result<SessionHandle> {
        self.open_checked(&self.check(config.into())?)
    }

    pub(crate) fn check(&self, config: Config) -> Result<Config> {
        config.checked(self.name, self.keys().copied().collect())
    }

    pub(crate) fn open_checked(&self, config: &Config) -> Result<SessionHandle> {
        let name = config.place().profile.clone();
        Ok(SessionHandle::from_boxed((self.open)(config)?, name))
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Backend({})", self.name)
    }
}

/// Makes a static [`Backend`] that can be found by its name, in every program that links it.
///
/// A crate that is a dependency and nothing more is not linked; `use that_crate as _;` links it.
///
/// ```
/// use session_core::{
///     Backend, BasicEnvironment, Credential, Environment, Key, Result, SecretSource, Session,
/// };
///
/// session_core::register_backend! {
///     /// Sessions with an API key.
///     pub static API_KEY: Backend = Backend::new(
///         "api-key",
///         "a key that never expires",
///         &[Key::secret("key", "the key").required(), Key::url("environment.api", "where the API is")],
///         |config| Ok(Box::new(ApiKey(config.require("key")?, config.environment()?))),
///     );
/// }
///
/// #[derive(Debug)]
/// struct ApiKey(SecretSource, BasicEnvironment);
///
/// #[async_trait::async_trait]
/// impl Session for ApiKey {
///     fn scheme(&self) -> &'static str { "api-key" }
///     fn environment(&self) -> &dyn Environment { &self.1 }
///     async fn init(&self) -> Result<Credential> {
///         Ok(Credential::bearer(self.0.resolve().await?.expose()))
///     }
/// }
///
/// let session = session_core::open("api-key", [("key", "k-123")])?;
/// # Ok::<(), session_core::Error>(())
/// ```
#[macro_export]
macro_rules! register_backend {
    ($(#[$meta:meta])* $vis:vis static $name:ident: $type:ty = $backend:expr;) => {
        $(#[$meta])*
        $vis static $name: $type = $backend;
        $crate::__private::inventory::submit! { $crate::__private::Registered(&$name) }
    };
}

/// What [`register_backend!`](crate::register_backend) submits.
#[derive(Debug)]
pub struct Registered(pub &'static Backend);

inventory::collect!(Registered);

/// All linked backends, by name.
pub fn backends() -> impl Iterator<Item = &'static Backend> {
    let mut backends: Vec<_> = inventory::iter::<Registered>
        .into_iter()
        .map(|found| found.0)
        .collect();
    backends.extend(linked().iter().flat_map(|linked| linked.backends));
    // By address too, to find those that are there twice.
    backends.sort_by_key(|backend| (backend.name, ptr::from_ref(*backend)));
    backends.dedup_by(|a, b| ptr::eq(*a, *b));
    backends.into_iter()
}

/// Makes a session of the backend with this name. Nothing is sent.
///
/// ```no_run
/// let session = session_core::open("oauth", [
///     ("client_id", "orders-service"),
///     ("environment.issuer", "https://idp.example.com"),
/// ])?;
/// # Ok::<(), session_core::Error>(())
/// ```
///
/// # Errors
///
/// `UnknownBackend`, when no linked backend has this name; it says which are linked, and how to link
/// more. `Config`, when two have it, and as [`Backend::open`].
pub fn open(name: &str, config: impl Into<Config>) -> Result<SessionHandle> {
    find(name)?.open(config)
}

/// Makes backends known that did not register themselves, because a linker dropped what would have: as
/// it does for static libraries. `features` are all that the calling crate has for backends.
#[doc(hidden)]
pub fn link(backends: &'static [&'static Backend], features: &'static [&'static str]) {
    let mut linked = linked();
    if !linked.iter().any(|known| ptr::eq(known.backends, backends)) {
        linked.push(Linked { backends, features });
    }
}

#[derive(Clone, Copy)]
struct Linked {
    backends: &'static [&'static Backend],
    features: &'static [&'static str],
}

fn linked() -> MutexGuard<'static, Vec<Linked>> {
    static LINKED: Mutex<Vec<Linked>> = Mutex::new(Vec::new());
    LINKED.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn find(name: &str) -> Result<&'static Backend> {
    let mut found = backends().filter(|backend| backend.name == name);
    match (found.next(), found.next()) {
        (Some(backend), None) => Ok(backend),
        (Some(_), Some(_)) => Err(Error::new(
            ErrorKind::Config,
            format!("two linked backends are named `{name}`; link only one of their crates"),
        )),
        (None, _) => Err(unknown(name)),
    }
}

fn unknown(name: &str) -> Error {
    let mut names: Vec<_> = backends().map(Backend::name).collect();
    names.dedup();
    let known = if names.is_empty() {
        "no backend is linked".to_owned()
    } else {
        format!("linked are {}", names.join(", "))
    };
    let features: Vec<_> = linked()
        .iter()
        .flat_map(|linked| linked.features)
        .copied()
        .collect();
    let remedy = if features.contains(&name) {
        format!("enable the feature `{name}` of session-kit")
    } else if let Some(near) = nearest(name, names.into_iter().chain(features)) {
        format!("did you mean `{near}`?")
    } else {
        "link the backend's crate: by its feature of session-kit, or by `use its_crate as _;`"
            .to_owned()
    };
    let message = format!("there is no backend {}; {known}; {remedy}", quoted(name));
    Error::new(ErrorKind::UnknownBackend, message)
}
