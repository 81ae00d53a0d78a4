//! What can be configured.

use std::fmt;

use crate::TlsVersion;

/// One key of a backend's configuration: what it is called, what it takes, what it is for.
///
/// The list of its keys is all that a backend says about them. Core checks every configuration
/// against that list before the backend sees it, and reference documentation is printed from it.
///
/// ```
/// use session_core::Key;
///
/// const KEYS: &[Key] = &[
///     Key::text("client_id", "the client's identifier").required(),
///     Key::secret("client_secret", "the client's secret"),
///     Key::choice("client_auth", &["basic", "post"], "how the client authenticates"),
///     Key::url("environment.api", "where the API is"),
/// ];
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    name: &'static str,
    kind: KeyKind,
    documentation: &'static str,
    required: bool,
}

/// What a [`Key`] takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyKind {
    /// Any text.
    Text,
    /// A secret, or where to find it.
    Secret,
    /// An absolute URL. Under `environment.` it is the address of the service of that name.
    Url,
    /// An absolute URL that the backend itself uses. Under `environment.` it is no service: the credential
    /// does not go there.
    Endpoint,
    /// Texts, in order.
    List,
    /// Yes or no.
    Flag,
    /// A length of time.
    Duration,
    /// A file or folder, relative to the folder of the configuration file.
    Path,
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// Names and their texts; a text alone is for all names, as if named `*`.
    Map,
    /// The name of an environment that the backend knows, in any case.
    EnvironmentName(&'static [&'static str]),
    /// Names of services and their addresses.
    Services,
}

impl Key {
    /// Keys that every backend has: [`Config::environment`](crate::Config::environment) reads them.
    pub(crate) const COMMON: &'static [Self] = &[
        Self::text(
            "environment.name",
            "what people call the environment, such as `prod`",
        ),
        Self::path(
            "environment.ca_file",
            "PEM file with the only certificate authorities to trust; those of the system if absent",
        ),
        Self::path(
            "environment.client_certificate",
            "PEM file with the client certificate for servers that ask for one; the private key too, unless there is a `client_key`",
        ),
        Self::path(
            "environment.client_key",
            "PEM file with the private key of the client certificate, not encrypted",
        ),
        Self::endpoint(
            "environment.proxy",
            "the proxy to reach servers through, such as `http://proxy.example.com:3128`; or a table of its `url` and more",
        ),
        Self::endpoint(
            "environment.proxy.url",
            "the proxy's address, where more is said of it",
        ),
        Self::text("environment.proxy.user", "who is asking the proxy"),
        Self::secret("environment.proxy.password", "the password of that user"),
        Self::flag(
            "environment.proxy.session_login",
            "whether the session logs in to the proxy as who it is, in place of a user; of the backends, `kerberos` can",
        ),
        Self::list(
            "environment.proxy.bypass",
            "hosts to reach without the proxy: names with all below them, IP addresses, networks such as `10.0.0.0/8`",
        ),
        Self::choice(
            "environment.min_tls",
            &[TlsVersion::Tls12.as_str(), TlsVersion::Tls13.as_str()],
            "the oldest version of TLS to speak; `1.2` if absent",
        ),
        Self::flag(
            "environment.http1_only",
            "whether to speak HTTP/1.1 alone, the requests of one authentication on one connection; `false` if absent",
        ),
        Self::new(
            "environment.services",
            KeyKind::Services,
            "more services that the credential may go to: their names and addresses",
        ),
    ];

    /// A text.
    pub const fn text(name: &'static str, documentation: &'static str) -> Self {
        Self::new(name, KeyKind::Text, documentation)
    }

    /// A secret: a [`SecretSource`](crate::SecretSource) that the backend resolves when it authenticates.
    pub const fn secret(name: &'static str, documentation: &'static str) -> Self {
        Self::new(name, KeyKind::Secret, documentation)
    }

    /// An absolute URL. A name that starts with `environment.` makes it a service of
    /// [`Config::environment`](crate::Config::environment).
    pub const fn url(name: &'static str, documentation: &'static str) -> Self {
        Self::new(name, KeyKind::Url, documentation)
    }

    /// An absolute URL that the backend itself uses, such as a token endpoint. Unlike a [`url`](Self::url)
    /// it is no service of the environment, so that the credential does not go there.
    pub const fn endpoint(name: &'static str, documentation: &'static str) -> Self {
        Self::new(name, KeyKind::Endpoint, documentation)
    }

    /// A list of texts.
    pub const fn list(name: &'static str, documentation: &'static str) -> Self {
        Self::new(name, KeyKind::List, documentation)
    }

    /// Yes or no.
    pub const fn flag(name: &'static str, documentation: &'static str) -> Self {
        Self::new(name, KeyKind::Flag, documentation)
    }

    /// A length of time: `"500ms"`, `"30s"`, `"5m"`, `"2h"`, `"1d"`, or an integer of seconds.
    pub const fn duration(name: &'static str, documentation: &'static str) -> Self {
        Self::new(name, KeyKind::Duration, documentation)
    }

    /// A path, relative to the folder of the configuration file.
    pub const fn path(name: &'static str, documentation: &'static str) -> Self {
        Self::new(name, KeyKind::Path, documentation)
    }

    /// One of a few texts.
    pub const fn choice(
        name: &'static str,
        choices: &'static [&'static str],
        documentation: &'static str,
    ) -> Self {
        Self::new(name, KeyKind::Choice(choices), documentation)
    }

    /// A table of texts; a text alone is the same as a table with that text under `*`.
    pub const fn map(name: &'static str, documentation: &'static str) -> Self {
        Self::new(name, KeyKind::Map, documentation)
    }

    /// For backends that know environments by name: `environment = "QA"`, in any case, is allowed besides a table.
    pub const fn environment_name(names: &'static [&'static str]) -> Self {
        Self::new(
            "environment",
            KeyKind::EnvironmentName(names),
            "an environment that the backend knows, in place of a table",
        )
    }

    /// The same key, without which nothing works.
    #[must_use]
    pub const fn required(self) -> Self {
        Self {
            required: true,
            ..self
        }
    }

    /// Its name; dots lead into tables.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What it takes.
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// What it is for.
    pub const fn documentation(&self) -> &'static str {
        self.documentation
    }

    /// Whether it must be given.
    pub const fn is_required(&self) -> bool {
        self.required
    }

    /// Whether its value must not be seen.
    pub const fn is_secret(&self) -> bool {
        matches!(self.kind, KeyKind::Secret)
    }

    const fn new(name: &'static str, kind: KeyKind, documentation: &'static str) -> Self {
        Self {
            name,
            kind,
            documentation,
            required: false,
        }
    }
}

impl KeyKind {
    /// One lower-case word, for machines.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Secret => "secret",
            Self::Url | Self::Endpoint => "url",
            Self::List => "list",
            Self::Flag => "flag",
            Self::Duration => "duration",
            Self::Path => "path",
            Self::Choice(_) => "choice",
            Self::Map => "map",
            Self::EnvironmentName(_) => "environment",
            Self::Services => "services",
        }
    }

    /// The texts to choose from; empty where any will do.
    pub const fn choices(&self) -> &'static [&'static str] {
        match self {
            Self::Choice(choices) | Self::EnvironmentName(choices) => choices,
            _ => &[],
        }
    }
}

/// How to write it, as it completes "expected …".
impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("a text in quotes"),
            Self::Secret => f.write_str(
                r#"a secret: "…", { env = "NAME" }, { file = "PATH" } or { command = ["PROGRAM"] }"#,
            ),
            Self::Url | Self::Endpoint => f.write_str(r#"an absolute URL in quotes, such as "https://host/path""#),
            Self::List => f.write_str(r#"a list of texts, such as ["a", "b"]"#),
            Self::Flag => f.write_str("true or false, without quotes"),
            Self::Duration => f.write_str(r#"a duration, such as "30s" or "5m", or seconds"#),
            Self::Path => f.write_str("a path in quotes"),
            // In quotes, because `1.2` is a number without.
            Self::Choice(choices) => write!(f, "one of \"{}\"", choices.join("\", \"")),
            Self::Map => f.write_str(r#"a table of texts, such as { a = "b" }, or one text"#),
            Self::EnvironmentName(names) => write!(f, "one of {}, or a table", names.join(", ")),
            Self::Services => {
                f.write_str(r#"a table of absolute URLs, such as { reports = "https://host/path" }"#)
            }
        }
    }
}
