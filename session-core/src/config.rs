//! The values for one backend.

mod check;
mod document;
mod place;
mod transport;
mod value;

use std::fmt;

use self::value::private::Found;
pub use self::value::{ConfigValue, FromConfig};
pub(crate) use self::{
    document::parse,
    place::Place,
    value::{Entry, Table, Value},
};
use crate::{BasicEnvironment, Environment, Error, Key, KeyKind, Result, spelling::quoted};

/// The values with which a backend makes a session, and where each of them was written.
///
/// ```
/// use session_core::{Config, SecretSource};
///
/// let config = Config::new()
///     .set("client_id", "orders-service")
///     .set("client_secret", SecretSource::env("ORDERS_SECRET"))
///     .set("scopes", ["read", "write"])
///     .set("environment.api", "https://api.example.com/v1/");
/// ```
///
/// What a backend gets has been checked against its [keys](Key): every required one is there, each
/// is of its kind, and there are no others.
#[derive(Clone, Default)]
pub struct Config {
    values: Table,
    place: Place,
    /// What it was checked against; empty before.
    keys: Vec<Key>,
}

impl Config {
    /// No values yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads values from TOML: what a profile has in `sessions.toml`, but for its `backend`.
    ///
    /// ```
    /// let config = session_core::Config::from_toml(r#"
    ///     client_id = "orders-service"
    ///     client_secret = { file = "/run/secrets/orders" }
    ///     environment.api = "https://api.example.com/v1/"
    /// "#)?;
    /// # Ok::<(), session_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `Config`, when it is not TOML.
    pub fn from_toml(text: &str) -> Result<Self> {
        let place = Place::default();
        Ok(Self::from_table(parse(text, &place)?, place))
    }

    /// Sets a value, in place of an earlier one. Dots in the key lead into tables.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl Into<ConfigValue>) -> Self {
        insert(&mut self.values, key, value.into().0);
        self
    }

    /// The value of a key; `None` when it is not there.
    ///
    /// ```
    /// # use session_core::{Config, Result};
    /// use std::time::Duration;
    ///
    /// # fn open(config: &Config) -> Result<()> {
    /// let client_id: &str = config.require("client_id")?;
    /// let timeout = config.get("timeout")?.unwrap_or(Duration::from_secs(30));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// `Config`, when the backend asks for a key that it does not list, or for a type that its kind
    /// does not have.
    pub fn get<'a, T: FromConfig<'a>>(&'a self, key: &str) -> Result<Option<T>> {
        if !self.keys.is_empty() && !self.keys.iter().any(|known| known.name() == key) {
            let problem = "the backend reads a key that it does not list; correct the backend";
            return Err(self.error(key, problem));
        }
        let Some(entry) = self.find(key) else {
            return Ok(None);
        };
        let found = Found {
            value: &entry.value,
            place: &self.place,
        };
        T::from_value(found).map(Some).ok_or_else(|| {
            let found = entry.value.type_name();
            self.error(
                key,
                format_args!("the backend cannot read {found} as what it asks for"),
            )
        })
    }

    /// The value of a key that must be there.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), and `Config` when it is missing.
    pub fn require<'a, T: FromConfig<'a>>(&'a self, key: &str) -> Result<T> {
        self.get(key)?.ok_or_else(|| self.missing(key))
    }

    /// The name in `environment = "QA"`, or in `environment.name`.
    pub fn environment_name(&self) -> Option<&str> {
        let environment = &self.find("environment")?.value;
        environment
            .as_text()
            .or_else(|| environment.as_table()?.get("name")?.value.as_text())
    }

    /// The environment: its name, or `default`; its services, which are the URLs among the
    /// backend's keys below `environment.` and those in `environment.services`; and its
    /// [`transport`](Self::transport).
    ///
    /// # Errors
    ///
    /// `Config`, when an address would get the credential unencrypted, or a service has two; and as
    /// [`transport`](Self::transport).
    pub fn environment(&self) -> Result<BasicEnvironment> {
        let mut environment = BasicEnvironment::new(self.environment_name().unwrap_or("default"));
        for (key, service, address) in self.services() {
            if environment.url(service).is_some() {
                return Err(self.error(&key, "this service has two addresses; remove one"));
            }
            // Of all that can be wrong with an address only this is left after the check. The
            // address is not repeated: its query may hold a secret.
            environment = environment.service(service, address).map_err(|_| {
                let problem = "the credential would travel unencrypted; use https \
                               (http works on this machine only)";
                self.error(&key, problem)
            })?;
        }
        Ok(environment.with_transport(self.transport()?))
    }

    /// An error about a key, for a backend's own checks. It names file, line and profile; `problem` says
    /// what is wrong and what to do, and holds no secret.
    ///
    /// ```
    /// # use session_core::{Config, Result};
    /// # fn open(config: &Config) -> Result<()> {
    /// if config.require::<&str>("grant")? == "password" {
    ///     return Err(config.error("grant", "passwords are not supported; use `client_credentials`"));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn error(&self, key: &str, problem: impl fmt::Display) -> Error {
        self.place.error(self.line(key), key, problem)
    }

    pub(crate) fn from_table(values: Table, place: Place) -> Self {
        Self {
            values,
            place,
            keys: Vec::new(),
        }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// Whether a secret stands in it, rather than where to find one. Known once it was checked.
    pub(crate) fn has_literal_secret(&self) -> bool {
        self.keys
            .iter()
            .filter_map(|key| self.find(key.name()))
            .any(|entry| entry.value.is_literal_secret())
    }

    fn find(&self, key: &str) -> Option<&Entry> {
        let (parents, name) = key.rsplit_once('.').unwrap_or(("", key));
        let mut table = &self.values;
        for parent in parents.split_terminator('.') {
            table = table.get(parent)?.value.as_table()?;
        }
        table.get(name)
    }

    /// The line of a key, or of the nearest table that it would be in.
    fn line(&self, key: &str) -> Option<usize> {
        match self.find(key) {
            Some(entry) => entry.line,
            None => self.line(key.rsplit_once('.')?.0),
        }
    }

    fn missing(&self, key: &str) -> Error {
        let purpose = self
            .keys
            .iter()
            .find(|known| known.name() == key)
            .map(Key::documentation);
        self.error(
            key,
            format_args!(
                "is missing; add it ({})",
                purpose.unwrap_or("the backend needs it")
            ),
        )
    }

    /// Key, name and address of each service.
    fn services(&self) -> impl Iterator<Item = (String, &str, &str)> {
        let own = self
            .keys
            .iter()
            .filter(|key| key.kind() == KeyKind::Url)
            .filter_map(|key| {
                let service = key.name().strip_prefix("environment.")?;
                Some((
                    key.name().to_owned(),
                    service,
                    self.find(key.name())?.value.as_text()?,
                ))
            });
        let more = self
            .find("environment.services")
            .and_then(|entry| entry.value.as_table());
        own.chain(more.into_iter().flatten().filter_map(|(service, entry)| {
            Some((
                format!("environment.services.{service}"),
                service.as_str(),
                entry.value.as_text()?,
            ))
        }))
    }
}

impl fmt::Debug for Config {
    /// Without values: which of them are secret is not known before they were checked.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.values.keys().map(|key| quoted(key)).collect();
        write!(f, "Config({}: {})", self.place.at(None), keys.join(", "))
    }
}

impl<K: AsRef<str>, V: Into<ConfigValue>, const N: usize> From<[(K, V); N]> for Config {
    fn from(values: [(K, V); N]) -> Self {
        values
            .into_iter()
            .fold(Self::new(), |config, (key, value)| {
                config.set(key.as_ref(), value)
            })
    }
}

fn insert(table: &mut Table, key: &str, value: Value) {
    let Some((parent, rest)) = key.split_once('.') else {
        table.insert(key.to_owned(), Entry::new(value));
        return;
    };
    let entry = table
        .entry(parent.to_owned())
        .or_insert_with(|| Entry::new(Value::Table(Table::new())));
    if let Value::Table(inner) = &mut entry.value {
        insert(inner, rest, value);
    } else {
        let mut inner = Table::new();
        insert(&mut inner, rest, value);
        *entry = Entry::new(Value::Table(inner));
    }
}
