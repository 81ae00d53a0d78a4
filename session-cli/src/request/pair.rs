//! Names and values on the command line.

use http::{HeaderName, HeaderValue};

use crate::failure::Failure;

/// `Name: value`. Problems do not quote it: values may be secrets, and people swap the two.
pub(crate) fn header(text: &str) -> Result<(HeaderName, HeaderValue), Failure> {
    let pair = text.split_once(':').and_then(|(name, value)| {
        let name = name.trim().parse().ok()?;
        let value = value.trim().parse().ok()?;
        Some((name, value))
    });
    pair.ok_or_else(|| {
        Failure::Usage("a header is none; write it as in `-H 'Accept: text/csv'`".into())
    })
}

/// `name=value`.
pub(crate) fn query(text: &str) -> Result<(String, String), Failure> {
    match text.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err(Failure::Usage(
            "a query has no `=`; write it as in `-q limit=10`".into(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_split_at_their_first_colon() {
        for (text, name, value) in [
            ("Accept: text/csv", "accept", "text/csv"),
            ("accept:text/csv", "accept", "text/csv"),
            ("X-Time:  12:30 ", "x-time", "12:30"),
            ("X-Empty:", "x-empty", ""),
        ] {
            let pair = header(text).unwrap();
            assert_eq!((pair.0.as_str(), pair.1.to_str().unwrap()), (name, value));
        }
    }

    #[test]
    fn what_is_no_header_is_not_repeated() {
        for text in [
            "hunter2",
            ": hunter2",
            "a b: hunter2",
            "a: hunter2\r\nb: c",
            "a: hunter2\0",
        ] {
            let Err(Failure::Usage(problem)) = header(text) else {
                panic!("{text:?}")
            };
            assert!(!problem.contains("hunter2"), "{problem}");
        }
    }

    #[test]
    fn queries_are_split_at_their_first_equals_sign() {
        assert_eq!(query("a=b=c").unwrap(), ("a".to_owned(), "b=c".to_owned()));
        assert_eq!(query("a=").unwrap(), ("a".to_owned(), String::new()));
        assert!(query("a").is_err());
    }
}
