//! Where a request's body comes from.

use serde::de::IgnoredAny;

use super::source;
use crate::failure::Failure;

/// The text itself, or after `@` the file, or `-` for standard input. Read as a whole: it must be sent again if the
/// server refuses the credential.
pub(crate) fn read(data: &str) -> Result<Vec<u8>, Failure> {
    match data.strip_prefix('@') {
        Some(source) => source::read(source, "the body"),
        None => Ok(data.as_bytes().to_vec()),
    }
}

/// As [`read`], unchanged, once it is known to be JSON.
pub(crate) fn read_json(data: &str) -> Result<Vec<u8>, Failure> {
    let body = read(data)?;
    match serde_json::from_slice::<IgnoredAny>(&body) {
        Ok(_) => Ok(body),
        // The error's own text may quote the body.
        Err(error) => Err(Failure::Usage(format!(
            "the body is not JSON, at line {} column {}; correct it, or send it by `--data`",
            error.line(),
            error.column()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_checked_and_sent_as_it_was_written() {
        let written = "{ \"b\": 1e400,\n\"a\": [] }";
        assert_eq!(read_json(written).unwrap(), written.as_bytes());
        let Err(Failure::Usage(problem)) = read_json("{\"pin\": 4321,}") else {
            panic!()
        };
        assert!(problem.contains("line 1 column 14"), "{problem}");
        assert!(!problem.contains("4321"), "{problem}");
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let Err(Failure::Usage(problem)) = read("@no/such/file") else {
            panic!()
        };
        assert!(problem.contains("no/such/file"), "{problem}");
    }
}
