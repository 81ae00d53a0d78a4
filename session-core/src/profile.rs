//! Sessions configured in a file.

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io,
    path::{Path, PathBuf},
};

use etcetera::BaseStrategy;

use crate::{
    Config, Error, ErrorKind, Result, SessionHandle,
    backend::find,
    config::{Entry, Place, Value, parse},
    spelling::{nearest, quoted},
    wiped,
};

/// The environment variable that names the file with the profiles.
const VARIABLE: &str = "SESSION_CONFIG";

/// Makes the session that a profile describes, and names it after the profile. Nothing is sent.
///
/// The file is the one that the environment variable `SESSION_CONFIG` names, else
/// `session-kit/sessions.toml` in the user's configuration folder. To read it once for many
/// profiles, use [`Profiles`].
///
/// # Errors
///
/// As [`Profiles::load`] and [`Profiles::open`].
pub fn profile(name: &str) -> Result<SessionHandle> {
    Profiles::load(None)?.open(name)
}

/// The profiles in a `sessions.toml`.
///
/// ```
/// let profiles = session_core::Profiles::from_toml(r#"
///     default = "orders"
///
///     [profiles.orders]
///     backend = "oauth"
///     client_id = "orders-service"
///     client_secret = { env = "ORDERS_SECRET" }
///
///     [profiles.orders.environment]
///     name = "prod"
///     issuer = "https://idp.example.com"
///     api = "https://api.example.com/v1/"
/// "#, "sessions.toml")?;
/// assert_eq!(profiles.default()?, "orders");
/// assert_eq!(profiles.backend_of("orders")?, "oauth");
/// # Ok::<(), session_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Profiles {
    path: PathBuf,
    default: Option<String>,
    by_name: BTreeMap<String, Profile>,
}

#[derive(Clone)]
struct Profile {
    backend: String,
    /// Where the backend is named.
    line: Option<usize>,
    config: Config,
}

impl Profiles {
    /// Reads the profiles from this file, else from the one that the environment variable
    /// `SESSION_CONFIG` names, else from `session-kit/sessions.toml` in the user's configuration folder
    /// (`$XDG_CONFIG_HOME` or `~/.config`, on Windows `%APPDATA%`).
    ///
    /// # Errors
    ///
    /// `Config`, when there is no such file, and as [`from_toml`](Self::from_toml).
    pub fn load(path: Option<&Path>) -> Result<Self> {
        let path = path.map_or_else(location, |path| Ok(path.to_owned()))?;
        let bytes = File::open(&path)
            .and_then(wiped::read)
            .map_err(|error| unreadable(&path, error))?;
        let text = std::str::from_utf8(&bytes).map_err(|_| {
            let message = format!("{}: not UTF-8 text; save it as that", path.display());
            Error::new(ErrorKind::Config, message)
        })?;
        Self::from_toml(text, path)
    }

    /// Reads the profiles from text. Errors name `origin`, and relative paths start at its folder.
    ///
    /// # Errors
    ///
    /// `Config`, when it is not TOML, or has anything but `default` and `[profiles.NAME]` tables with a
    /// `backend` each. The rest of a profile is checked when it is opened.
    pub fn from_toml(text: &str, origin: impl Into<PathBuf>) -> Result<Self> {
        let path = origin.into();
        let place = Place {
            file: Some(path.clone()),
            ..Place::default()
        };
        let mut loaded = Self {
            path,
            default: None,
            by_name: BTreeMap::new(),
        };
        let mut default = None;
        for (name, entry) in parse(text, &place)? {
            let error = |problem: &str| Err(place.error(entry.line, &name, problem));
            match (name.as_str(), entry.value) {
                ("default", Value::Text(name)) => default = Some((name, entry.line)),
                ("default", _) => return error("expected the name of a profile in quotes"),
                ("profiles", Value::Table(profiles)) => {
                    for (name, entry) in profiles {
                        let profile = Profile::new(&name, entry, &place)?;
                        loaded.by_name.insert(name, profile);
                    }
                }
                ("profiles", _) => {
                    return error("expected tables; start each with `[profiles.NAME]`");
                }
                _ => return error("there is no such key; write `default` or `[profiles.NAME]`"),
            }
        }
        if let Some((name, line)) = default {
            if !loaded.by_name.contains_key(name.as_str()) {
                return Err(place.error(line, "default", loaded.unknown(&name)));
            }
            loaded.default = Some(name.to_string());
        }
        Ok(loaded)
    }

    /// The file that they come from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names of all profiles, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// The name of the default profile: the one that `default` says, else the only one.
    ///
    /// # Errors
    ///
    /// `Config`, when there is none, or there are several and `default` says nothing.
    pub fn default(&self) -> Result<&str> {
        let mut names = self.names();
        match (self.default.as_deref(), names.next(), names.next()) {
            (Some(name), _, _) | (None, Some(name), None) => Ok(name),
            (None, None, _) => Err(self.error("there is no profile; add a `[profiles.NAME]` table")),
            (None, Some(_), Some(_)) => Err(self.error(format_args!(
                "there is no default profile; choose one of {}, or add `default = \"NAME\"` at the top",
                self.list(),
            ))),
        }
    }

    /// The name of the backend of a profile.
    ///
    /// # Errors
    ///
    /// `Config`, when there is no such profile.
    pub fn backend_of(&self, name: &str) -> Result<&str> {
        Ok(&self.get(name)?.backend)
    }

    /// Makes the session that a profile describes, and names it after the profile. Nothing is sent.
    ///
    /// # Errors
    ///
    /// `Config`, when there is no such profile, and as [`open`](crate::open()).
    pub fn open(&self, name: &str) -> Result<SessionHandle> {
        let profile = self.get(name)?;
        let backend = find(&profile.backend).map_err(|error| {
            let place = profile.config.place().at(profile.line);
            Error::new(error.kind(), format!("{place}: {error}"))
        })?;
        let config = backend.check(profile.config.clone())?;
        if config.has_literal_secret() {
            warn_if_shared(&self.path);
        }
        backend.open_checked(&config)
    }

    fn get(&self, name: &str) -> Result<&Profile> {
        self.by_name
            .get(name)
            .ok_or_else(|| self.error(self.unknown(name)))
    }

    fn unknown(&self, name: &str) -> String {
        let remedy = match nearest(name, self.names()) {
            Some(near) => format!("did you mean {}?", quoted(near)),
            None if self.by_name.is_empty() => "add a `[profiles.NAME]` table".to_owned(),
            None => format!("there are {}", self.list()),
        };
        format!("there is no profile {}; {remedy}", quoted(name))
    }

    fn list(&self) -> String {
        self.names().map(quoted).collect::<Vec<_>>().join(", ")
    }

    fn error(&self, problem: impl fmt::Display) -> Error {
        Error::new(
            ErrorKind::Config,
            format!("{}: {problem}", self.path.display()),
        )
    }
}

impl fmt::Debug for Profiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Profiles({}: {})", self.path.display(), self.list())
    }
}

impl Profile {
    fn new(name: &str, entry: Entry, place: &Place) -> Result<Self> {
        let place = Place {
            profile: Some(name.to_owned()),
            line: entry.line,
            ..place.clone()
        };
        let Value::Table(mut values) = entry.value else {
            return Err(place.error(
                entry.line,
                "profiles",
                "expected a table; start it with `[profiles.NAME]`",
            ));
        };
        let (backend, line) = match values.remove("backend") {
            Some(Entry {
                value: Value::Text(backend),
                line,
            }) => (backend.to_string(), line),
            Some(entry) => {
                return Err(place.error(
                    entry.line,
                    "backend",
                    "expected the name of a backend in quotes",
                ));
            }
            None => {
                return Err(place.error(None, "backend", "is missing; add `backend = \"NAME\"`"));
            }
        };
        let config = Config::from_table(values, place);
        Ok(Self {
            backend,
            line,
            config,
        })
    }
}

/// Where the file is when nobody says.
fn location() -> Result<PathBuf> {
    match std::env::var_os(VARIABLE) {
        Some(path) if !path.is_empty() => return Ok(path.into()),
        _ => {}
    }
    let folders = etcetera::choose_base_strategy().map_err(|_| {
        let message = format!(
            "there is no home folder to look for profiles in; name the file in `{VARIABLE}`"
        );
        Error::new(ErrorKind::Config, message)
    })?;
    Ok(folders
        .config_dir()
        .join("session-kit")
        .join("sessions.toml"))
}

fn unreadable(path: &Path, error: io::Error) -> Error {
    let path = path.display();
    let message = match error.kind() {
        io::ErrorKind::NotFound => format!(
            "{path}: there is no such file; create it with a `[profiles.NAME]` table that has \
             `backend = \"…\"`, or name another file in the environment variable `{VARIABLE}`"
        ),
        io::ErrorKind::FileTooLarge => {
            format!("{path}: larger than 1 MiB; name a file with profiles")
        }
        _ => format!("{path}: cannot be read; check what it is, and its permissions"),
    };
    Error::new(ErrorKind::Config, message).with_source(error)
}

/// Tells, once, that others on this machine can read the secrets in this file.
#[cfg(unix)]
fn warn_if_shared(path: &Path) {
    use std::{os::unix::fs::PermissionsExt, sync::Once};

    static TOLD: Once = Once::new();
    if std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0) {
        TOLD.call_once(|| {
            let path = path.display();
            tracing::warn!(
                "{path} holds a secret that others on this machine can read; run `chmod 600 {path}`"
            );
        });
    }
}

#[cfg(not(unix))]
fn warn_if_shared(_: &Path) {}
