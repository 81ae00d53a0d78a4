//! Checking a configuration against the keys of a backend.

use std::path::Path;

use url::Url;

use super::{
    Config, Place,
    value::{Table, Value, duration},
};
use crate::{
    Error, Key, KeyKind, Result, SecretSource, secret_source::is_variable, spelling::nearest,
};

impl Config {
    /// The same values for a backend with these keys: all are known, of the right kind, and complete.
    pub(crate) fn checked(mut self, backend: &'static str, keys: Vec<Key>) -> Result<Self> {
        self.place.backend = Some(backend);
        self.keys = keys;
        let check = Check {
            keys: &self.keys,
            place: &self.place,
        };
        check.table(&mut self.values, "")?;
        for key in self.keys.iter().filter(|key| key.is_required()) {
            match self.find(key.name()) {
                None if !self.is_replaced(key) => return Err(self.missing(key.name())),
                Some(entry) if entry.value.is_empty() => {
                    return Err(self.error(key.name(), "is empty; give it a value"));
                }
                _ => {}
            }
        }
        self.environment()?;
        Ok(self)
    }

    /// Whether the name of an environment was given in place of the table that this key belongs to.
    fn is_replaced(&self, key: &Key) -> bool {
        key.name().starts_with("environment.")
            && self
                .find("environment")
                .is_some_and(|entry| entry.value.as_text().is_some())
    }
}

struct Check<'a> {
    keys: &'a [Key],
    place: &'a Place,
}

impl Check<'_> {
    /// Checks what is below `path`, and makes secrets of what their keys say is secret.
    fn table(&self, table: &mut Table, path: &str) -> Result<()> {
        for (name, entry) in table {
            let line = entry.line;
            let path = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            // A quoted name may look like a path without being one.
            let key = self
                .keys
                .iter()
                .find(|key| key.name() == path && !name.contains('.'));
            let is_parent = self.keys.iter().any(|key| is_below(key.name(), &path));
            match (&mut entry.value, key.map(Key::kind)) {
                // What has keys below it may be a table, whatever else it may be.
                (Value::Table(inner), _) if is_parent => {
                    self.table(inner, &path)?;
                }
                (value, Some(kind)) => self.value(value, kind, &path, line)?,
                (value, None) if is_parent => {
                    let problem = format!("expected a table; found {}", value.type_name());
                    return Err(self.place.error(line, &path, problem));
                }
                (_, None) => return Err(self.unknown(&path, line)),
            }
        }
        Ok(())
    }

    fn value(
        &self,
        value: &mut Value,
        kind: KeyKind,
        path: &str,
        line: Option<usize>,
    ) -> Result<()> {
        let fits = match (kind, &mut *value) {
            (KeyKind::Secret, value) => match secret(value, self.place) {
                Some(source) => {
                    *value = Value::Secret(source.at(format!("{}: `{path}`", self.place.at(line))));
                    true
                }
                None => false,
            },
            (KeyKind::Url | KeyKind::Endpoint, Value::Text(text)) => match Url::parse(text) {
                Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                    let problem = "the URL holds a user or a password; leave them out";
                    return Err(self.place.error(line, path, problem));
                }
                parsed => parsed.is_ok(),
            },
            (KeyKind::Services, Value::Table(services)) => {
                for (name, entry) in services {
                    let path = format!("{path}.{name}");
                    self.value(&mut entry.value, KeyKind::Url, &path, entry.line)?;
                }
                true
            }
            (KeyKind::Choice(texts), Value::Text(text)) => texts.contains(&text.as_str()),
            (KeyKind::EnvironmentName(names), Value::Text(text)) => {
                names.iter().any(|name| name.eq_ignore_ascii_case(text))
            }
            (KeyKind::List, Value::List(values)) => {
                values.iter().all(|value| value.as_text().is_some())
            }
            (KeyKind::Map, Value::Table(table)) => {
                table.values().all(|entry| entry.value.as_text().is_some())
            }
            (KeyKind::Duration, value) => duration(value).is_some(),
            (KeyKind::Text | KeyKind::Map, Value::Text(_))
            | (KeyKind::Path, Value::Text(_) | Value::Path(_))
            | (KeyKind::Flag, Value::Flag(_)) => true,
            _ => false,
        };
        if fits {
            return Ok(());
        }
        let problem = format!("expected {kind}; found {}", found(kind, value));
        Err(self.place.error(line, path, problem))
    }

    fn unknown(&self, path: &str, line: Option<usize>) -> Error {
        let mut names: Vec<_> = self.keys.iter().map(Key::name).collect();
        names.sort_unstable();
        let problem = match nearest(path, names.iter().copied()) {
            Some(name) => format!("there is no such key; did you mean `{name}`?"),
            None => format!("there is no such key; known are {}", names.join(", ")),
        };
        self.place.error(line, path, problem)
    }
}

fn is_below(name: &str, path: &str) -> bool {
    name.strip_prefix(path)
        .is_some_and(|rest| rest.starts_with('.'))
}

/// The source that a secret's value stands for. The text of a literal is moved, so that no copy stays.
fn secret(value: &mut Value, place: &Place) -> Option<SecretSource> {
    match value {
        Value::Secret(source) => Some(source.clone()),
        Value::Text(text) => Some(SecretSource::literal(std::mem::take(&mut **text))),
        Value::Table(table) if table.len() == 1 => {
            let (name, entry) = table.first_key_value()?;
            match (name.as_str(), &entry.value) {
                ("env", Value::Text(name)) if is_variable(name) => {
                    Some(SecretSource::env(name.as_str()))
                }
                ("file", Value::Text(path)) if !path.is_empty() => {
                    Some(SecretSource::file(place.resolve(Path::new(path.as_str()))))
                }
                ("command", Value::List(command)) if !command.is_empty() => {
                    let command: Option<Vec<_>> = command.iter().map(Value::as_text).collect();
                    Some(SecretSource::command(command?))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// What stands in place of what was expected, without a word of it.
fn found(kind: KeyKind, value: &Value) -> &'static str {
    use KeyKind::{Choice, Duration, EnvironmentName, List, Map, Secret, Services, Url};
    match (kind, value) {
        (Url | Duration | Choice(_) | EnvironmentName(_), Value::Text(_)) => "another text",
        (Secret | Map | Services, Value::Table(_)) => "a table of something else",
        (List, Value::List(_)) => "a list of something else",
        _ => value.type_name(),
    }
}
