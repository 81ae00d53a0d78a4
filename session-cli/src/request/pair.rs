//! Names and values on the command line.

use http::{HeaderName, HeaderValue};

use super::source;
use crate::failure::Failure;

/// `Name: value`, or after `@` a file with such lines, or `-` for standard input: arguments are seen by everybody on
/// the machine. What comes from elsewhere is taken for secret.
pub(crate) fn headers(text: &str) -> Result<Vec<(HeaderName, HeaderValue)>, Failure> {
    let Some(source) = text.strip_prefix('@') else {
        return Ok(vec![header(text)?]);
    };
    let bytes = source::read(source, "headers")?;
    let lines = std::str::from_utf8(&bytes)
        .map_err(|_| Failure::Usage("headers are not UTF-8 text; write one on each line".into()))?
        .lines()
        .filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            let (name, mut value) = header(line)?;
            value.set_sensitive(true);
            Ok((name, value))
        })
        .collect()
}

/// `Name: value`. Problems do not quote it: values may be secrets, and people swap the two.
fn header(text: &str) -> Result<(HeaderName, HeaderValue), Failure> {
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
    fn headers_of_a_file_are_taken_for_secret() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("headers");
        std::fs::write(&file, "X-Key: hunter2\n\nAccept: text/csv\r\n").unwrap();
        let read = headers(&format!("@{}", file.display())).unwrap();
        let read: Vec<_> = read
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes(), value.is_sensitive()))
            .collect();
        assert_eq!(
            read,
            [
                ("x-key", &b"hunter2"[..], true),
                ("accept", b"text/csv", true)
            ]
        );
        assert!(!headers("Accept: text/csv").unwrap()[0].1.is_sensitive());
    }

    #[test]
    fn queries_are_split_at_their_first_equals_sign() {
        assert_eq!(query("a=b=c").unwrap(), ("a".to_owned(), "b=c".to_owned()));
        assert_eq!(query("a=").unwrap(), ("a".to_owned(), String::new()));
        assert!(query("a").is_err());
    }
}
