//! What went wrong on the way to a server.

use std::{error::Error as StdError, io};

use rustls::{AlertDescription, CertificateError};
use session_core::{Error, ErrorKind};
use url::Url;

use crate::{
    gate,
    tunnel::{Problem, Told, TunnelError},
};

/// Words an error of reqwest anew: what to do about it, and the host, but nothing else of the URL and
/// nothing that the server sent.
///
/// `Unavailable` for what may pass, time-outs among it; `Config` when the host's certificate is not
/// trusted, it asks for a client certificate and there is none, it has no version of TLS that is allowed, it wants HTTP/1.1, or the
/// request could not be made; `Denied` when it refuses the client certificate, or a proxy the credentials for it. Where it is the
/// proxy that is in the way, the text names that. `Protocol` when the answer is not HTTP.
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
    if let Some(error) = found::<TunnelError>(error) {
        return tunnel_error(error, host);
    }
    if gate::is_lost(error) {
        return connection_lost(url);
    }
    if let Some(error) = refused_by_tls(error, host) {
        return error;
    }
    if error.is_connect() {
        return connect_error(error, host);
    }
    if found::<h2::Error>(error).and_then(h2::Error::reason) == Some(h2::Reason::HTTP_1_1_REQUIRED)
    {
        return Error::new(
            ErrorKind::Config,
            format!(
                "`{host}` does not do this by HTTP/2 (RFC 9113 §7); have the environment speak HTTP/1.1 alone: `http1_only`"
            ),
        );
    }
    // By HTTP/2 it is our side that ends what makes no sense, or is too large.
    let is_nonsense = found::<h2::Error>(error).is_some_and(h2::Error::is_library);
    if is_nonsense || hyper_error(error).is_some_and(hyper::Error::is_parse) {
        return nonsense(host);
    }
    broken(error, host)
}

/// The same of what goes wrong on a connection that has been opened.
#[cfg(feature = "websocket")]
pub(crate) fn talking_error(error: &hyper::Error, url: &Url) -> Error {
    let host = url.host_str().unwrap_or_default();
    if let Some(error) = refused_by_tls(error, host) {
        return error;
    }
    if error.is_parse() {
        return nonsense(host);
    }
    broken(error, host)
}

fn nonsense(host: &str) -> Error {
    Error::new(
        ErrorKind::Protocol,
        format!(
            "what `{host}` answers is not HTTP, or has larger headers than are read; check the URL, and what is between here and there"
        ),
    )
}

fn broken(error: &dyn StdError, host: &str) -> Error {
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

/// The server of the request is not to blame.
pub(crate) fn session_timed_out(url: &Url) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!(
            "the session was not ready in time for the request to `{}`: authenticating takes long; try again later, or allow more time",
            url.host_str().unwrap_or_default()
        ),
    )
}

/// There was no time left to connect in.
pub(crate) fn proxy_password_late() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "the password in the environment's `proxy` was not found in time; make sure that its lookup waits for nobody, or allow more time",
    )
}

pub(crate) fn connection_lost(url: &Url) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!(
            "`{}` closed the connection that was being authenticated, and no other will do; try again later",
            url.host_str().unwrap_or_default()
        ),
    )
}

/// Nothing of the request has been sent yet, so that the reason can be quoted.
fn connect_error(error: &reqwest::Error, host: &str) -> Error {
    let reason = innermost(error);
    if let Some(remedy) = distrust(error) {
        return Error::new(
            ErrorKind::Config,
            format!("cannot connect to `{host}`: {reason}; {remedy}"),
        );
    }
    Error::new(
        ErrorKind::Unavailable,
        format!("cannot connect to `{host}`: {reason}; check the host, or try again later"),
    )
}

/// Whether the connection broke before there was any of the answer: nobody knows what became of the request.
pub(crate) fn broke_off(error: &reqwest::Error) -> bool {
    // By HTTP/2 it may be a stream that breaks, or all of them.
    error.is_request()
        && !error.is_connect()
        && !error.is_timeout()
        && hyper_error(error).is_none_or(is_breaking)
}

/// The same of a connection that has been opened.
pub(crate) fn is_breaking(error: &hyper::Error) -> bool {
    !error.is_parse() && !error.is_user()
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

fn innermost(error: &dyn StdError) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// What a server says of the handshake, or, in TLS 1.3, just after it.
fn refused_by_tls(error: &(dyn StdError + 'static), host: &str) -> Option<Error> {
    let text = match found(error) {
        Some(alert @ rustls::Error::AlertReceived(_)) => alert.to_string(),
        Some(_) => return None,
        // HTTP/2 keeps the text alone.
        None => io_error(error)?.to_string(),
    };
    let is_it = |alert: &AlertDescription| rustls::Error::AlertReceived(*alert).to_string() == text;
    let (_, kind, problem) = REFUSALS
        .iter()
        .find(|(alerts, ..)| alerts.iter().any(is_it))?;
    Some(Error::new(*kind, format!("`{host}` {problem} ({text})")))
}

const REFUSALS: &[(&[AlertDescription], ErrorKind, &str)] = &[
    (
        &[AlertDescription::CertificateRequired],
        ErrorKind::Config,
        "asks for a client certificate, and there was none; set the environment's `client_certificate`",
    ),
    (
        &[
            AlertDescription::BadCertificate,
            AlertDescription::UnsupportedCertificate,
            AlertDescription::CertificateRevoked,
            AlertDescription::CertificateExpired,
            AlertDescription::CertificateUnknown,
            AlertDescription::UnknownCA,
            AlertDescription::AccessDenied,
            AlertDescription::DecryptError,
        ],
        ErrorKind::Denied,
        "does not take the client certificate; check that the environment's `client_certificate` is valid, and one that the server knows",
    ),
    (
        &[AlertDescription::ProtocolVersion],
        ErrorKind::Config,
        "has no version of TLS that is allowed; have it updated, or check the environment's `min_tls`",
    ),
    (
        &[AlertDescription::HandshakeFailure],
        ErrorKind::Config,
        "does not agree on how to speak TLS; does it ask for a client certificate (the environment's `client_certificate`), or have older versions only (`min_tls`)?",
    ),
];

pub(crate) fn tunnel_error(error: &TunnelError, host: &str) -> Error {
    let (kind, problem) = match error.problem {
        Problem::Refused(Told::Nothing) => (
            ErrorKind::Denied,
            "wants credentials (407); set user and password in the environment's `proxy`, or `session_login`".to_owned(),
        ),
        Problem::Refused(Told::Session) => (
            ErrorKind::Denied,
            "does not take who the session is (407); check that it authenticates by the session's scheme, what it is called there, and who may use it".to_owned(),
        ),
        Problem::Refused(Told::Password) => (
            ErrorKind::Denied,
            "does not take these credentials (407); check user and password in the environment's `proxy`, and that the proxy takes Basic authentication".to_owned(),
        ),
        Problem::Unreachable => {
            let reason = innermost(error);
            if let Some(remedy) = distrust(error) {
                (
                    ErrorKind::Config,
                    format!("cannot be trusted: {reason}; {remedy}"),
                )
            } else {
                (
                    ErrorKind::Unavailable,
                    format!("cannot be connected to: {reason}; check the environment's `proxy`, or try again later"),
                )
            }
        }
        Problem::NoTunnel(told) => {
            let credentials = match told {
                Told::Password => ", user and password in the environment's `proxy`",
                Told::Session => ", as who the session is",
                Told::Nothing => "",
            };
            (
                ErrorKind::Unavailable,
                format!("does not connect to `{host}`; check that it may{credentials}, and that the host is up, or try again later"),
            )
        }
        Problem::Broken => (
            ErrorKind::Unavailable,
            "broke the connection off; try again later".to_owned(),
        ),
        Problem::Slow => (
            ErrorKind::Unavailable,
            format!("has not connected to `{host}` in time; try again later"),
        ),
    };
    Error::new(kind, format!("the proxy `{}` {problem}", error.proxy))
}

/// What to do where a certificate is not trusted; none where it is not that.
fn distrust(error: &(dyn StdError + 'static)) -> Option<&'static str> {
    use CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet,
        NotValidYetContext,
    };
    let Some(rustls::Error::InvalidCertificate(problem)) = found(error) else {
        return None;
    };
    Some(match problem {
        NotValidYet | NotValidYetContext { .. } => {
            "is this machine's clock behind? Set it, or wait until the certificate is valid"
        }
        Expired | ExpiredContext { .. } => {
            "is this machine's clock ahead? Set it; else those who run the server must get another certificate"
        }
        NotValidForName | NotValidForNameContext { .. } => {
            "the certificate is for another host; correct the host in the address"
        }
        _ => "is the right certificate authority in the environment's `ca_file`?",
    })
}

/// The error of this type among those that one comes from.
pub(crate) fn found<'a, E: StdError + 'static>(
    error: &'a (dyn StdError + 'static),
) -> Option<&'a E> {
    let mut next = Some(error);
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

fn io_error(error: &dyn StdError) -> Option<&io::Error> {
    let mut source = error.source();
    while let Some(error) = source {
        if error.is::<io::Error>() {
            break;
        }
        source = error.source();
    }
    source?.downcast_ref()
}
