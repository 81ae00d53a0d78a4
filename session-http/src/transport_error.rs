//! What went wrong on the way to a server.

use std::{error::Error as StdError, io};

use session_core::{Error, ErrorKind};
use url::Url;

/// Words an error of reqwest anew: what to do about it, and the host, but nothing else of the URL and
/// nothing that the server sent.
///
/// `Unavailable` for what may pass, time-outs among it; `Config` when the host's certificate is not
/// trusted, or the request could not be made; `Protocol` when the answer is not HTTP.
pub fn transport_error(error: &reqwest::Error, url: &Url) -> Error {
    let host = url.host_str().unwrap_or_default();
    if error.is_builder() {
        // Such as: a client for https only, given a request for http.
        return Error::new(
            ErrorKind::Config,
            format!("the HTTP client does not take a request to `{host}`; check how it was built"),
        );
    }
    if error.is_timeout() {
        return timed_out(url);
    }
    if error.is_connect() {
        return connect_error(error, host);
    }
    if hyper_error(error).is_some_and(hyper::Error::is_parse) {
        return Error::new(
            ErrorKind::Protocol,
            format!(
                "what `{host}` answers is not HTTP, or has larger headers than are read; check the URL, and what is between here and there"
            ),
        );
    }
    let reason = io_error(error).map_or_else(
        || "it broke off".to_owned(),
        |error| error.kind().to_string(),
    );
    Error::new(
        ErrorKind::Unavailable,
        format!("talking to `{host}` failed: {reason}; try again later"),
    )
}

pub(crate) fn timed_out(url: &Url) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!(
            "no answer from `{}` in time; try again later, or allow more time",
            url.host_str().unwrap_or_default()
        ),
    )
}

/// Nothing of the request has been sent yet, so that the reason can be quoted.
fn connect_error(error: &reqwest::Error, host: &str) -> Error {
    let reason = innermost(error);
    if matches!(tls_error(error), Some(rustls::Error::InvalidCertificate(_))) {
        return Error::new(
            ErrorKind::Config,
            format!(
                "cannot connect to `{host}`: {reason}; is the right certificate authority in the environment's `ca_file`?"
            ),
        );
    }
    Error::new(
        ErrorKind::Unavailable,
        format!("cannot connect to `{host}`: {reason}; check the host, or try again later"),
    )
}

/// Whether the connection broke before there was any of the answer: nobody knows what became of the request.
pub(crate) fn broke_off(error: &reqwest::Error) -> bool {
    if error.is_connect() || error.is_timeout() {
        return false;
    }
    let is_reset = |error: &io::Error| {
        matches!(
            error.kind(),
            io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
        )
    };
    hyper_error(error).is_some_and(|error| error.is_incomplete_message() || error.is_canceled())
        || io_error(error).is_some_and(is_reset)
}

fn hyper_error(error: &reqwest::Error) -> Option<&hyper::Error> {
    let mut source = error.source();
    while let Some(error) = source {
        if error.is::<hyper::Error>() {
            break;
        }
        source = error.source();
    }
    source?.downcast_ref()
}

fn innermost(error: &reqwest::Error) -> String {
    let mut innermost: &dyn StdError = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// What TLS itself found wrong.
fn tls_error(error: &reqwest::Error) -> Option<&rustls::Error> {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = match error.downcast_ref::<io::Error>().map(io::Error::get_ref) {
            // Such an error wraps another, but passes over it when asked for its source.
            Some(Some(wrapped)) => Some(wrapped),
            _ => error.source(),
        };
    }
    None
}

fn io_error(error: &reqwest::Error) -> Option<&io::Error> {
    let mut source = error.source();
    while let Some(error) = source {
        if error.is::<io::Error>() {
            break;
        }
        source = error.source();
    }
    source?.downcast_ref()
}
