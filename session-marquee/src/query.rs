//! What comes after the question mark.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use crate::number;

/// The values of one name in a query: none, one or several.
///
/// Made from texts, numbers, flags, options and lists, and written as `gs_quant`'s `sync` interface does: a list repeats the name, an
/// absent value leaves it out, a flag is `True` or `False`. Its `async_` interface writes an absent value as an empty one, flags in
/// lower case, and drops the query that the path has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryValue(Vec<String>);

macro_rules! from {
    ($($type:ty: $given:ident => $text:expr;)*) => {$(
        impl From<$type> for QueryValue {
            fn from($given: $type) -> Self {
                Self(vec![$text])
            }
        }
    )*};
}

from! {
    &str: text => text.to_owned();
    &String: text => text.clone();
    String: text => text;
    bool: flag => if flag { "True" } else { "False" }.to_owned();
    i32: number => number.to_string();
    i64: number => number.to_string();
    u32: number => number.to_string();
    u64: number => number.to_string();
    usize: number => number.to_string();
    f64: number => number::text(number);
}

impl<T: Into<Self>> From<Option<T>> for QueryValue {
    fn from(value: Option<T>) -> Self {
        value.map(Into::into).unwrap_or_default()
    }
}

impl<T: Into<Self>> From<Vec<T>> for QueryValue {
    fn from(values: Vec<T>) -> Self {
        values.into_iter().collect()
    }
}

impl<T: Into<Self>, const N: usize> From<[T; N]> for QueryValue {
    fn from(values: [T; N]) -> Self {
        values.into_iter().collect()
    }
}

impl<T: Into<Self> + Clone> From<&[T]> for QueryValue {
    fn from(values: &[T]) -> Self {
        values.iter().cloned().collect()
    }
}

impl<T: Into<Self>> FromIterator<T> for QueryValue {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self(
            values
                .into_iter()
                .flat_map(|value| value.into().0)
                .collect(),
        )
    }
}

/// A query in the making.
#[derive(Clone, Default)]
pub(crate) struct Query(String);

/// What Python's `quote_plus` leaves as it is, and the space that it makes a plus of.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'_')
    .remove(b'.')
    .remove(b'-')
    .remove(b'~')
    .remove(b' ');

impl Query {
    pub(crate) fn add(&mut self, name: &str, value: QueryValue) {
        for value in value.0 {
            if !self.0.is_empty() {
                self.0.push('&');
            }
            self.push(name);
            self.0.push('=');
            self.push(&value);
        }
    }

    /// Adds it to what the URL has.
    pub(crate) fn put_on(&self, url: &mut Url) {
        let query = match url.query() {
            _ if self.0.is_empty() => return,
            None | Some("") => self.0.clone(),
            Some(known) => format!("{known}&{}", self.0),
        };
        url.set_query(Some(&query));
    }

    fn push(&mut self, text: &str) {
        for part in utf8_percent_encode(text, ESCAPED) {
            self.0.push_str(&part.replace(' ', "+"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_python_does() {
        let mut query = Query::default();
        query.add("limit", 10.into());
        query.add("q", "a b&c=d/é".into());
        query.add("ids", ["x", "y"].into());
        query.add("none", None::<&str>.into());
        query.add("flag", true.into());
        query.add("f", 1.5.into());
        query.add("g", [1e16, 1e-5].into());
        query.add("one", 1.0.into());
        query.add("~*", vec![Some("-_."), None].into());
        assert_eq!(
            query.0,
            "limit=10&q=a+b%26c%3Dd%2F%C3%A9&ids=x&ids=y&flag=True&f=1.5&g=1e%2B16&g=1e-05&one=1.0&~%2A=-_."
        );
    }

    #[test]
    fn what_the_path_has_stays() {
        let mut query = Query::default();
        query.add("b", 2.into());
        for (url, expected) in [
            ("https://a.example/x?a=1", "https://a.example/x?a=1&b=2"),
            ("https://a.example/x?", "https://a.example/x?b=2"),
            ("https://a.example/x", "https://a.example/x?b=2"),
        ] {
            let mut url = Url::parse(url).unwrap();
            query.put_on(&mut url);
            assert_eq!(url.as_str(), expected);
        }
        let mut url = Url::parse("https://a.example/x?a=1").unwrap();
        Query::default().put_on(&mut url);
        assert_eq!(url.as_str(), "https://a.example/x?a=1");
    }
}
