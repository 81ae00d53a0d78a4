//! What is said about arguments that are not understood.

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

/// The error without the values that were typed: a header whose `-H` was forgotten may be a secret, and standard
/// error is kept in many places.
pub(crate) fn discreet(mut error: Error) -> Error {
    let typed = match error.kind() {
        ErrorKind::UnknownArgument => ContextKind::InvalidArg,
        ErrorKind::InvalidSubcommand => ContextKind::InvalidSubcommand,
        _ => {
            hide(&mut error, ContextKind::InvalidValue);
            return error;
        }
    };
    let may_be_shown = match error.get(typed) {
        Some(ContextValue::String(text)) => is_option(text) || is_word(text),
        _ => false,
    };
    if !may_be_shown {
        hide(&mut error, typed);
        let tip = "it is not shown, as it may be a secret; a value comes after its option, as in `-H 'Accept: text/csv'`";
        let tip = ContextValue::StyledStrs(vec![tip.into()]);
        error.insert(ContextKind::Suggested, tip);
    }
    error
}

fn hide(error: &mut Error, kind: ContextKind) {
    // That a value is empty is told in other words.
    if matches!(error.get(kind), Some(ContextValue::String(text)) if !text.is_empty()) {
        error.insert(kind, ContextValue::String("…".to_owned()));
    }
}

/// `-x` or `--like-this`, without a value.
fn is_option(text: &str) -> bool {
    match text.strip_prefix("--") {
        Some(name) => is_word(name),
        None => text
            .strip_prefix('-')
            .is_some_and(|rest| rest.chars().count() == 1),
    }
}

/// As names of commands and options are.
fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;

    fn told(args: &[&str]) -> String {
        let args = ["session"].iter().chain(args);
        discreet(Cli::try_parse_from(args).unwrap_err()).to_string()
    }

    #[test]
    fn values_are_not_repeated() {
        for args in [
            &["request", "GET", "/x", "Bearer hunter2"][..],
            &["request", "GET", "/x", "Authorization: Bearer hunter2"],
            &["request", "GET", "/x", "--", "--hunter2"],
            &["request", "GET", "/x", "--authorization=hunter2"],
            &["request", "GET", "/x", "-Xhunter2"],
            &["header", "--url", "hunter2"],
            &["header", "--url", "https://hunter2:x"],
            &["token", "--json=hunter2"],
            &["--color", "hunter2", "status"],
            &["hunter2"],
            &["--hunter2"],
        ] {
            let told = told(args);
            assert!(
                told.starts_with("error: ") && !told.contains("hunter2"),
                "{told}"
            );
        }
    }

    #[test]
    fn what_helps_is_told() {
        for (args, hint) in [
            (&["request", "GET", "/x", "Bearer hunter2"][..], "as in `-H"),
            (&["token", "--jsn"], "'--jsn'"),
            (&["token", "-x"], "'-x'"),
            (&["tokens"], "'tokens'"),
            (
                &["header", "--url", "orders"],
                "'--url <URL>': relative URL without a base",
            ),
            (&["--color"], "a value is required for '--color <WHEN>'"),
        ] {
            let told = told(args);
            assert!(told.contains(hint), "{told}");
        }
    }
}
