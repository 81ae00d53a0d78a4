//! Where a request goes.

use http::Uri;
use session_core::{Environment, Error, ErrorKind, Result};
use url::{Position, Url};

/// What a request says of where it goes.
pub(crate) enum Target {
    /// A path, or a URL that has not been read yet.
    Text(String),
    Url(Url),
}

impl Target {
    /// The URL that it means: itself when it is absolute, otherwise a place below the address of `service`.
    ///
    /// # Errors
    ///
    /// `Config` when it cannot be understood, `Forbidden` when it would leave the service's address.
    pub(crate) fn resolve(&self, environment: &dyn Environment, service: &str) -> Result<Url> {
        match self {
            Self::Url(url) => http(url.clone()),
            Self::Text(text) => resolve(environment, service, text),
        }
    }
}

fn resolve(environment: &dyn Environment, service: &str, target: &str) -> Result<Url> {
    if has_scheme(target) {
        absolute(target)
    } else {
        below(base(environment, service)?, target)
    }
}

/// The place below an address that a relative target means, as [`Client`](crate::Client) reads it: for who has the
/// address, and not the name of a service. The target is always taken for a relative one.
///
/// # Errors
///
/// `Config` when the target cannot be understood, `Forbidden` when it would leave the address.
pub fn below(base: &Url, target: &str) -> Result<Url> {
    check(target)?;
    let mut url = appended(base, target)?;
    url.set_fragment(None);
    Ok(url)
}

/// The URL that an absolute target means, as [`Client`](crate::Client) reads it. Whether the credential may go there, the
/// session knows.
///
/// # Errors
///
/// `Config` when it cannot be understood, or is not of `https` or `http`.
pub fn absolute(target: &str) -> Result<Url> {
    check(target)?;
    let url = Url::parse(target).map_err(|_| {
        config("looks absolute, but is no URL; write it as `https://host/path`, or begin a path with `/`")
    })?;
    http(url)
}

/// A URL as the head of a request has it.
///
/// # Errors
///
/// `Config` when no request can carry it.
pub(crate) fn uri(url: &Url) -> Result<Uri> {
    url.as_str()
        .parse()
        .map_err(|_| config("has characters that no request can carry; percent-encode them"))
}

/// The URL parser drops control characters without a word, so that what is checked would not be what is meant.
fn check(target: &str) -> Result<()> {
    if target.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(config("has a control character; percent-encode it"));
    }
    Ok(())
}

fn http(mut url: Url) -> Result<Url> {
    if matches!(url.scheme(), "wss" | "ws") {
        return Err(config(
            "is that of a websocket; open it as one, or write `https://` for a request",
        ));
    }
    if !is_http(&url) {
        return Err(config(
            "is absolute, but neither https nor http; begin a path that holds a colon with `/`",
        ));
    }
    url.set_fragment(None);
    Ok(url)
}

fn base<'a>(environment: &'a dyn Environment, service: &str) -> Result<&'a Url> {
    let Some(base) = environment.url(service) else {
        let known: Vec<_> = environment
            .services()
            .iter()
            .map(|(name, _)| name)
            .collect();
        return Err(Error::new(
            ErrorKind::Config,
            format!(
                "environment `{}` has no service `{service}` to resolve a path against (it has [{}]); add it, choose another, or request an absolute URL",
                environment.name(),
                known.join(", ")
            ),
        ));
    };
    if !is_http(base) {
        return Err(Error::new(
            ErrorKind::Config,
            format!("service `{service}` is not at an https address; requests cannot go there"),
        ));
    }
    Ok(base)
}

/// Appends to the base as a folder: `/v1` and `/v1/` are the same, and so are `users` and `/users`.
///
/// That is not RFC 3986 §5.2, by which `/users` would lose the `/v1` and `//evil` would change the
/// host. Text that comes after an authority and a slash can change neither.
fn appended(base: &Url, target: &str) -> Result<Url> {
    if target.starts_with("//") || target.contains('\\') {
        return Err(forbidden(
            "begins with `//` or has a `\\`, which some read as the name of a host; percent-encode what is part of the path",
        ));
    }
    if target.is_empty() || target.starts_with('#') {
        return Ok(base.clone());
    }
    let url = if target.starts_with('?') {
        base.join(target)
    } else {
        // Joined to the base, whose host need not be parsed again: from its last segment on, and behind a `./`, so that
        // nothing in the target is read as a scheme or a host.
        let last = base.path().rsplit('/').next().unwrap_or_default();
        let slash = if last.is_empty() { "" } else { "/" };
        let target = target.strip_prefix('/').unwrap_or(target);
        base.join(&["./", last, slash, target].concat())
    };
    let url =
        url.map_err(|_| config("does not form a URL; percent-encode what is special in it"))?;
    // Dot segments, encoded or not, have been resolved. A path begins with a slash: what is alike up to the end of the
    // service's path has the same host.
    let folder = &base[..Position::AfterPath];
    let next = if target.starts_with('?') { '?' } else { '/' };
    let rest = url.as_str().strip_prefix(folder);
    if !rest.is_some_and(|rest| folder.ends_with('/') || rest.starts_with(next)) {
        return Err(forbidden(
            "climbs out of the service's address with `..`; request an absolute URL if that is meant",
        ));
    }
    Ok(url)
}

/// Whether it begins with a scheme (RFC 3986 §3.1).
fn has_scheme(target: &str) -> bool {
    target.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    })
}

pub(crate) fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "https" | "http") && url.has_host()
}

fn config(problem: &str) -> Error {
    rejected(ErrorKind::Config, problem)
}

fn forbidden(problem: &str) -> Error {
    rejected(ErrorKind::Forbidden, problem)
}

/// The target is not quoted: its path and query may hold secrets of the caller.
fn rejected(kind: ErrorKind, problem: &str) -> Error {
    Error::new(kind, format!("the request's target {problem}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use session_core::BasicEnvironment;

    use super::*;

    fn environment(api: &str) -> BasicEnvironment {
        BasicEnvironment::new("qa").service("api", api).unwrap()
    }

    fn resolved(api: &str, target: &str) -> String {
        resolve(&environment(api), "api", target).unwrap().into()
    }

    fn refused(target: &str) -> ErrorKind {
        let api = environment("https://api.example/v1/");
        resolve(&api, "api", target).unwrap_err().kind()
    }

    #[test]
    fn paths_are_below_the_service() {
        for api in ["https://api.example/v1", "https://api.example/v1/"] {
            for (target, path) in [
                ("users/self", "/v1/users/self"),
                ("/users/self", "/v1/users/self"),
                ("/", "/v1/"),
                ("a//b", "/v1/a//b"),
                ("./users", "/v1/users"),
                ("a/../b", "/v1/b"),
                ("/users:search", "/v1/users:search"),
                ("users?q=a/../../b", "/v1/users?q=a/../../b"),
                ("users?next=https://evil/", "/v1/users?next=https://evil/"),
                ("users#part", "/v1/users"),
                ("a b", "/v1/a%20b"),
                ("ü", "/v1/%C3%BC"),
                ("@evil.example/", "/v1/@evil.example/"),
                (".evil.example/", "/v1/.evil.example/"),
                (":8443/", "/v1/:8443/"),
                (" //evil.example/", "/v1/%20//evil.example/"),
            ] {
                assert_eq!(resolved(api, target), format!("https://api.example{path}"));
            }
        }
    }

    #[test]
    fn what_is_below_an_address_is_relative_whatever_it_looks_like() {
        let base = Url::parse("https://api.example/v1").unwrap();
        let url = below(&base, "https://evil.example/#part").unwrap();
        assert_eq!(url.as_str(), "https://api.example/v1/https://evil.example/");
        for (target, kind) in [
            ("//evil.example", ErrorKind::Forbidden),
            ("../v2", ErrorKind::Forbidden),
            ("a\nb", ErrorKind::Config),
        ] {
            assert_eq!(below(&base, target).unwrap_err().kind(), kind);
        }
    }

    #[test]
    fn nothing_and_a_bare_query_mean_the_service_itself() {
        assert_eq!(
            resolved("https://api.example/v1?t=1", ""),
            "https://api.example/v1?t=1"
        );
        assert_eq!(
            resolved("https://api.example/v1?t=1", "#part"),
            "https://api.example/v1?t=1"
        );
        assert_eq!(
            resolved("https://api.example/v1?t=1", "?q=1"),
            "https://api.example/v1?q=1"
        );
        assert_eq!(
            resolved("https://api.example", "?q=1"),
            "https://api.example/?q=1"
        );
        assert_eq!(
            resolved("https://api.example/v1?t=1", "x"),
            "https://api.example/v1/x"
        );
    }

    #[test]
    fn absolute_urls_are_taken_as_they_are() {
        assert_eq!(
            resolved("https://api.example/v1", "HTTPS://Other.example/x#y"),
            "https://other.example/x"
        );
    }

    #[test]
    fn what_could_mean_another_host_is_refused() {
        for target in [
            "//evil.example/",
            "///evil.example",
            "/\\evil.example",
            "\\evil.example",
            "\\\\evil.example",
            "a\\b",
        ] {
            assert_eq!(refused(target), ErrorKind::Forbidden, "{target}");
        }
    }

    #[test]
    fn dot_segments_stay_below_the_service() {
        for target in [
            "..",
            "../",
            "../v2/x",
            "/../v2",
            "a/../../v2",
            "%2e%2e/v2",
            "/.%2E/v2",
            "..?q",
        ] {
            assert_eq!(refused(target), ErrorKind::Forbidden, "{target}");
        }
        let api = environment("https://api.example/v1");
        for target in ["../v1", "../v1?q", "../v10/x"] {
            let error = resolve(&api, "api", target).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Forbidden, "{target}");
        }
    }

    #[test]
    fn other_schemes_and_control_characters_are_refused() {
        for target in [
            "ftp://api.example/",
            "file:///etc/passwd",
            "data:,x",
            "users:search",
            "localhost:80/x",
            "https://",
            "https://[",
            "ht\ttps://evil.example/",
            "/\t/evil.example",
            "\n//evil.example",
            "a\r\nHost: evil",
        ] {
            assert_eq!(refused(target), ErrorKind::Config, "{target}");
        }
    }

    #[test]
    fn a_missing_service_names_those_that_are_there() {
        let error = resolve(&environment("https://api.example"), "mds", "/x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("`mds`") && error.to_string().contains("[api]"));
    }

    proptest! {
        #[test]
        fn relative_targets_never_leave_the_service(target in "[/\\\\@.:?#%a2eE \\[\\]{}|^<>\"`~-]{0,12}") {
            prop_assume!(!has_scheme(&target));
            let api = environment("https://api.example/v1");
            if let Ok(url) = resolve(&api, "api", &target) {
                prop_assert_eq!(url.origin(), api.url("api").unwrap().origin());
                prop_assert!(url.path() == "/v1" || url.path().starts_with("/v1/"), "{}", url);
                prop_assert!(url.username().is_empty() && url.password().is_none());
            }
        }

        #[test]
        fn a_path_is_what_its_text_says_after_that_of_the_service(
            target in "[/.?#%a2eE:@ üß\\[\\]{}|^<>\"`~-]{1,12}",
            path in "/?|/[a-z%2]{1,3}(/[a-z.:@]{1,3}){0,2}/?",
        ) {
            prop_assume!(!has_scheme(&target) && !target.starts_with(['?', '#']) && !target.starts_with("//"));
            let api = format!("https://api.example:8443{path}");
            let base = Url::parse(&api).unwrap();
            let folder = format!("{}/", base.as_str().trim_end_matches('/'));
            prop_assume!(!base.path().ends_with("//"));
            let mut expected = Url::parse(&format!("{folder}{}", target.strip_prefix('/').unwrap_or(&target))).unwrap();
            expected.set_fragment(None);
            let expected = expected.as_str().starts_with(&folder).then_some(expected);
            prop_assert_eq!(resolve(&environment(&api), "api", &target).ok(), expected);
        }

        #[test]
        fn any_text_is_answered(target in ".{0,64}") {
            let _ = resolve(&environment("https://api.example/v1"), "api", &target);
        }
    }
}
