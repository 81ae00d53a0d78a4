//! Where an answer sends a request on to.

use http::{HeaderMap, Method, StatusCode, header::LOCATION};
use session_core::{Error, ErrorKind, Result};
use url::Url;

use crate::target::is_http;

/// How many redirects of one request are followed.
pub(crate) const MOST_REDIRECTS: usize = 10;

/// What was sent, as far as redirects care.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent<'a> {
    pub(crate) url: &'a Url,
    pub(crate) method: &'a Method,
    pub(crate) body: Content,
}

/// What is known of a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    None,
    Repeatable,
    /// Streamed: gone once it was sent.
    Spent,
}

/// The next request of a redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hop {
    pub(crate) url: Url,
    pub(crate) method: Method,
    pub(crate) keeps_body: bool,
    /// Whether scheme, host and port stay the same; if not, nothing of the session may go there.
    pub(crate) same_origin: bool,
}

/// What comes after an answer: the next request, or `None` when the answer is the caller's.
///
/// Methods change as RFC 9110 §15.4 has it and browsers do it: 303 makes everything but HEAD a GET,
/// 301 and 302 only a POST, 307 and 308 nothing.
///
/// # Errors
///
/// `Forbidden` when a body would go to another origin, or anything from https to http; `Config` when
/// a body would have to be repeated that cannot be; `Protocol` when the answer does not say where to go.
pub(crate) fn next(sent: Sent<'_>, status: StatusCode, headers: &HeaderMap) -> Result<Option<Hop>> {
    let becomes_get = match status {
        StatusCode::SEE_OTHER => *sent.method != Method::HEAD,
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => *sent.method == Method::POST,
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => false,
        _ => return Ok(None),
    };
    let Some(url) = location(sent.url, headers)? else {
        return Ok(None);
    };
    if sent.url.scheme() == "https" && url.scheme() != "https" {
        return Err(stopped(
            sent.url,
            ErrorKind::Forbidden,
            "to an address that is not encrypted; request it yourself if that is meant",
        ));
    }
    let same_origin = url.origin() == sent.url.origin();
    let keeps_body = !becomes_get && sent.body != Content::None;
    if keeps_body && !same_origin {
        return Err(stopped(
            sent.url,
            ErrorKind::Forbidden,
            "with its body to another origin, where it does not belong; check the URL requested",
        ));
    }
    if keeps_body && sent.body == Content::Spent {
        return Err(stopped(
            sent.url,
            ErrorKind::Config,
            "but its body was streamed and is gone; give the body as bytes, or request the final URL",
        ));
    }
    let method = if becomes_get {
        Method::GET
    } else {
        sent.method.clone()
    };
    Ok(Some(Hop {
        url,
        method,
        keeps_body,
        same_origin,
    }))
}

/// Where the answer says to go; `None` when it does not say.
fn location(from: &Url, headers: &HeaderMap) -> Result<Option<Url>> {
    let mut values = headers.get_all(LOCATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let url = std::str::from_utf8(value.as_bytes())
        .ok()
        .and_then(|text| from.join(text).ok())
        .filter(|url| is_http(url) && url.username().is_empty() && url.password().is_none());
    match (url, values.next()) {
        (Some(mut url), None) => {
            url.set_fragment(None);
            Ok(Some(url))
        }
        _ => Err(stopped(
            from,
            ErrorKind::Protocol,
            "to something that is not one http or https URL; ask its operator",
        )),
    }
}

pub(crate) fn too_many(url: &Url) -> Error {
    stopped(
        url,
        ErrorKind::Protocol,
        &format!("more than {MOST_REDIRECTS} times; it may go in circles, check the URL requested"),
    )
}

/// Of a request for a connection to keep, with which nobody but the session's own servers has business.
#[cfg(feature = "websocket")]
pub(crate) fn astray(url: &Url) -> Error {
    stopped(
        url,
        ErrorKind::Protocol,
        "for a websocket to another origin, where the session has no business; check the URL requested",
    )
}

/// The new address is not quoted: a server may echo in it what it was sent.
fn stopped(from: &Url, kind: ErrorKind, why: &str) -> Error {
    let host = from.host_str().unwrap_or_default();
    Error::new(kind, format!("`{host}` redirects the request {why}"))
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::select};

    use super::*;

    const HERE: &str = "https://api.example/v1/jobs?q=1";

    fn to(status: u16, method: &str, body: Content, location: &str) -> Result<Option<Hop>> {
        let url = Url::parse(HERE).unwrap();
        let method = method.parse().unwrap();
        let sent = Sent {
            url: &url,
            method: &method,
            body,
        };
        let headers = HeaderMap::from_iter([(LOCATION, location.parse().unwrap())]);
        next(sent, StatusCode::from_u16(status).unwrap(), &headers)
    }

    fn hop(
        status: u16,
        method: &str,
        body: Content,
        location: &str,
    ) -> (String, Method, bool, bool) {
        let hop = to(status, method, body, location).unwrap().unwrap();
        (hop.url.into(), hop.method, hop.keeps_body, hop.same_origin)
    }

    fn refusal(status: u16, method: &str, body: Content, location: &str) -> ErrorKind {
        to(status, method, body, location).unwrap_err().kind()
    }

    #[test]
    fn methods_and_bodies_by_status() {
        use Content::{None, Repeatable};
        for (status, method, body, next, keeps) in [
            (301, "GET", None, "GET", false),
            (301, "POST", Repeatable, "GET", false),
            (301, "PUT", Repeatable, "PUT", true),
            (302, "HEAD", None, "HEAD", false),
            (302, "POST", Repeatable, "GET", false),
            (302, "DELETE", None, "DELETE", false),
            (303, "POST", Repeatable, "GET", false),
            (303, "PUT", Repeatable, "GET", false),
            (303, "HEAD", None, "HEAD", false),
            (307, "POST", Repeatable, "POST", true),
            (307, "POST", None, "POST", false),
            (308, "PATCH", Repeatable, "PATCH", true),
            (308, "GET", None, "GET", false),
        ] {
            let (url, method, kept, same) = hop(status, method, body, "/v2");
            assert_eq!((method.as_str(), kept), (next, keeps), "{status}");
            assert_eq!((url.as_str(), same), ("https://api.example/v2", true));
        }
    }

    #[test]
    fn a_streamed_body_is_no_obstacle_where_it_is_dropped() {
        assert_eq!(hop(303, "POST", Content::Spent, "/v2").1, Method::GET);
        assert_eq!(
            refusal(307, "POST", Content::Spent, "/v2"),
            ErrorKind::Config
        );
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        for (location, same) in [
            ("next", true),
            ("https://API.example:443/x", true),
            ("//api.example/x", true),
            ("https://api.example:8443/x", false),
            ("https://api.example.evil/x", false),
            ("//evil.example/x", false),
            ("\\\\evil.example/x", false),
        ] {
            assert_eq!(
                hop(302, "GET", Content::None, location).3,
                same,
                "{location}"
            );
        }
    }

    #[test]
    fn bodies_stay_with_their_origin_and_nothing_goes_back_to_http() {
        for status in [301, 302, 307, 308] {
            let kind = refusal(status, "PUT", Content::Repeatable, "https://evil.example/");
            assert_eq!(kind, ErrorKind::Forbidden);
        }
        assert_eq!(
            refusal(302, "GET", Content::None, "http://api.example/"),
            ErrorKind::Forbidden
        );
    }

    #[test]
    fn locations_that_are_no_http_url_are_errors() {
        for location in [
            "ftp://api.example/",
            "javascript:alert(1)",
            "https://",
            "https://u@api.example/",
            "https://:p@api.example/",
        ] {
            assert_eq!(
                refusal(302, "GET", Content::None, location),
                ErrorKind::Protocol,
                "{location}"
            );
        }
        let url = Url::parse(HERE).unwrap();
        let sent = Sent {
            url: &url,
            method: &Method::GET,
            body: Content::None,
        };
        let mut headers = HeaderMap::new();
        assert_eq!(next(sent, StatusCode::FOUND, &headers).unwrap(), None);
        headers.append(LOCATION, "/a".parse().unwrap());
        headers.append(LOCATION, "/b".parse().unwrap());
        let error = next(sent, StatusCode::FOUND, &headers).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert_eq!(next(sent, StatusCode::OK, &headers).unwrap(), None);
        assert_eq!(
            next(sent, StatusCode::NOT_MODIFIED, &headers).unwrap(),
            None
        );
    }

    #[test]
    fn errors_do_not_repeat_the_location() {
        let error = to(302, "GET", Content::None, "http://s3cret.example/s3cret").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }

    proptest! {
        #[test]
        fn whatever_a_server_says_the_rules_hold(
            status in 300_u16..400,
            method in select(vec!["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
            body in select(vec![Content::None, Content::Repeatable, Content::Spent]),
            location in prop_oneof!["[!-~]{0,24}", "[/\\\\@:.a-z]{0,12}", "https?:[/\\\\]{0,3}[a-z@:.]{0,12}", Just("/x".to_owned())],
        ) {
            if let Ok(Some(hop)) = to(status, method, body, &location) {
                prop_assert_eq!(hop.url.scheme(), "https");
                prop_assert!(hop.url.username().is_empty() && hop.url.password().is_none());
                let same = hop.url.host_str() == Some("api.example") && hop.url.port().is_none();
                prop_assert_eq!(hop.same_origin, same);
                if hop.keeps_body {
                    prop_assert!(same && body == Content::Repeatable && hop.method.as_str() == method);
                }
            }
        }
    }
}
