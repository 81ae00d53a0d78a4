//! Values of a configuration.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use url::Url;
use zeroize::Zeroizing;

use super::Place;
use crate::{Secret, SecretSource};

/// What [`Config::set`](crate::Config::set) takes: a text, URL, flag, duration, path, list of texts,
/// table of texts, or a [`SecretSource`].
pub struct ConfigValue(pub(super) Value);

/// A value before it is known what its key takes: any text may be a secret, so all texts are wiped.
#[derive(Clone)]
pub(crate) enum Value {
    Text(Zeroizing<String>),
    Secret(SecretSource),
    Integer(i64),
    Flag(bool),
    Duration(Duration),
    Path(PathBuf),
    List(Vec<Value>),
    Table(Table),
    /// What no key takes.
    Other(&'static str),
}

pub(crate) type Table = BTreeMap<String, Entry>;

#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) value: Value,
    /// Counted from 1; none when it was set by a program.
    pub(crate) line: Option<usize>,
}

impl Entry {
    /// One that a program sets.
    pub(crate) fn new(value: Value) -> Self {
        Self { value, line: None }
    }
}

impl Value {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(Zeroizing::new(text.into()))
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_table(&self) -> Option<&Table> {
        match self {
            Self::Table(table) => Some(table),
            _ => None,
        }
    }

    pub(crate) fn is_literal_secret(&self) -> bool {
        matches!(self, Self::Secret(source) if source.as_literal().is_some())
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Secret(source) => source.as_literal().is_some_and(Secret::is_empty),
            Self::Path(path) => path.as_os_str().is_empty(),
            Self::List(values) => values.is_empty(),
            Self::Table(table) => table.is_empty(),
            _ => false,
        }
    }

    /// All that messages say about a value.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Secret(_) => "a secret",
            Self::Integer(integer) if *integer < 0 => "a negative integer",
            Self::Integer(_) => "an integer",
            Self::Flag(_) => "true or false",
            Self::Duration(_) => "a duration",
            Self::Path(_) => "a path",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Other(name) => name,
        }
    }
}

impl std::fmt::Debug for ConfigValue {
    /// Which values are secret is not known here.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ConfigValue({})", self.0.type_name())
    }
}

macro_rules! from {
    ($($type:ty: $given:ident => $value:expr;)*) => {$(
        impl From<$type> for ConfigValue {
            fn from($given: $type) -> Self {
                Self($value)
            }
        }
    )*};
}

from! {
    &str: text => Value::text(text);
    String: text => Value::text(text);
    Url: url => Value::text(url);
    SecretSource: source => Value::Secret(source);
    bool: flag => Value::Flag(flag);
    Duration: duration => Value::Duration(duration);
    &Path: path => Value::Path(path.to_owned());
    PathBuf: path => Value::Path(path);
}

impl<S: Into<String>> From<Vec<S>> for ConfigValue {
    fn from(texts: Vec<S>) -> Self {
        Self(Value::List(texts.into_iter().map(Value::text).collect()))
    }
}

impl<S: Into<String>, const N: usize> From<[S; N]> for ConfigValue {
    fn from(texts: [S; N]) -> Self {
        Self::from(Vec::from(texts))
    }
}

impl<K: Into<String>, V: Into<String>> From<BTreeMap<K, V>> for ConfigValue {
    fn from(texts: BTreeMap<K, V>) -> Self {
        let entry = |(name, text): (K, V)| (name.into(), Entry::new(Value::text(text)));
        Self(Value::Table(texts.into_iter().map(entry).collect()))
    }
}

/// What [`Config::get`](crate::Config::get) gives: `&str`, `String`, [`Url`], [`SecretSource`], `bool`,
/// [`Duration`], [`PathBuf`], `Vec<String>` and `BTreeMap<String, String>`.
pub trait FromConfig<'a>: Sized + private::Sealed {
    #[doc(hidden)]
    fn from_value(value: private::Found<'a>) -> Option<Self>;
}

pub(super) mod private {
    use super::{Place, Value};

    pub trait Sealed {}

    /// A value, and where it was written.
    #[derive(Clone, Copy)]
    #[allow(missing_debug_implementations)] // Nobody outside can name it.
    pub struct Found<'a> {
        pub(in super::super) value: &'a Value,
        pub(in super::super) place: &'a Place,
    }
}

macro_rules! get {
    ($($type:ty: $found:ident => $value:expr;)*) => {$(
        impl private::Sealed for $type {}
        impl<'a> FromConfig<'a> for $type {
            fn from_value($found: private::Found<'a>) -> Option<Self> {
                $value
            }
        }
    )*};
}

impl private::Sealed for &str {}
impl<'a> FromConfig<'a> for &'a str {
    fn from_value(found: private::Found<'a>) -> Option<Self> {
        found.value.as_text()
    }
}

get! {
    String: found => found.value.as_text().map(str::to_owned);
    Url: found => Url::parse(found.value.as_text()?).ok();
    SecretSource: found => match found.value {
        Value::Secret(source) => Some(source.clone()),
        _ => None,
    };
    bool: found => match found.value {
        Value::Flag(flag) => Some(*flag),
        _ => None,
    };
    Duration: found => duration(found.value);
    PathBuf: found => match found.value {
        Value::Text(path) => Some(found.place.resolve(Path::new(path.as_str()))),
        Value::Path(path) => Some(found.place.resolve(path)),
        _ => None,
    };
    Vec<String>: found => match found.value {
        Value::List(texts) => texts.iter().map(|text| text.as_text().map(str::to_owned)).collect(),
        _ => None,
    };
    BTreeMap<String, String>: found => match found.value {
        Value::Text(text) => Some(BTreeMap::from([("*".to_owned(), text.to_string())])),
        Value::Table(table) => table
            .iter()
            .map(|(name, entry)| Some((name.clone(), entry.value.as_text()?.to_owned())))
            .collect(),
        _ => None,
    };
}

/// A duration as such, as an integer of seconds, or as a text such as `30s`.
pub(super) fn duration(value: &Value) -> Option<Duration> {
    match value {
        Value::Duration(duration) => Some(*duration),
        Value::Integer(seconds) => Some(Duration::from_secs(u64::try_from(*seconds).ok()?)),
        Value::Text(text) => {
            let unit = text.find(|c: char| !c.is_ascii_digit())?;
            let (number, unit) = text.split_at(unit);
            let number: u64 = number.parse().ok()?;
            let seconds = match unit.trim_start() {
                "ms" => return Some(Duration::from_millis(number)),
                "s" => 1,
                "m" => 60,
                "h" => 3600,
                "d" => 86_400,
                _ => return None,
            };
            Some(Duration::from_secs(number.checked_mul(seconds)?))
        }
        _ => None,
    }
}
