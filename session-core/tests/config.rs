//! Configurations are checked before a backend sees them, and mistakes are told where they are.

use std::{cell::RefCell, collections::BTreeMap, error::Error as _, path::PathBuf, time::Duration};

use async_trait::async_trait;
use session_core::{
    Backend, BasicEnvironment, Config, ConfigValue, Credential, Environment, Error, ErrorKind, Key,
    KeyKind, Result, SecretSource, Session, backends, open,
};
use url::Url;

const KEYS: &[Key] = &[
    Key::text("client_id", "the client's identifier").required(),
    Key::secret("client_secret", "the client's secret"),
    Key::url("redirect", "where the browser returns to"),
    Key::list("scopes", "what to ask for"),
    Key::flag("pkce", "whether to prove possession of the code"),
    Key::duration("timeout", "how long to wait"),
    Key::path("keytab", "the principal's keys"),
    Key::choice(
        "client_auth",
        &["basic", "post"],
        "how the client authenticates",
    ),
    Key::map("spn", "service principal names by host"),
    Key::url("environment.api", "where the API is"),
    Key::url("environment.issuer", "who issues tokens"),
];

static TEST: Backend = Backend::new("test", "for tests", KEYS, remember);

/// A key of its own in place of one that all backends have.
const OWN: &[Key] = &[Key::text("environment.name", "which of ours").required()];

/// Knows environments by name.
static NAMED: Backend = Backend::new(
    "named",
    "for tests",
    &[
        Key::environment_name(&["PROD", "QA"]),
        Key::url("environment.api", "where the API is").required(),
    ],
    remember,
);

thread_local! {
    static SEEN: RefCell<Option<Config>> = const { RefCell::new(None) };
}

#[derive(Debug)]
struct Probe(BasicEnvironment);

#[async_trait]
impl Session for Probe {
    fn scheme(&self) -> &'static str {
        "probe"
    }

    fn environment(&self) -> &dyn Environment {
        &self.0
    }

    async fn init(&self) -> Result<Credential> {
        Ok(Credential::bearer("t"))
    }
}

#[expect(clippy::unnecessary_wraps, reason = "what a backend returns")]
fn remember(config: &Config) -> Result<Box<dyn Session>> {
    SEEN.set(Some(config.clone()));
    Ok(Box::new(Probe(BasicEnvironment::new("test"))))
}

/// What the backend gets to see.
fn checked(backend: &Backend, config: impl Into<Config>) -> Result<Config> {
    backend.open(config)?;
    Ok(SEEN.take().expect("the backend was asked"))
}

/// The error about a TOML text that has the one required key.
fn refused(toml: &str) -> Error {
    let config = Config::from_toml(&format!("client_id = 'c'\n{toml}"));
    let config = config.expect("the text is TOML");
    let error = checked(&TEST, config).expect_err("the configuration is wrong");
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.source().is_none());
    error
}

async fn resolved(config: &Config) -> Vec<u8> {
    let source: SecretSource = config
        .require("client_secret")
        .expect("a secret is configured");
    source
        .resolve()
        .await
        .expect("the secret is there")
        .expose()
        .to_vec()
}

#[tokio::test]
async fn every_kind_is_read_from_toml() {
    let config = Config::from_toml(
        r#"
        client_id = "c"
        client_secret = "s"
        redirect = "com.example.app:/callback"
        scopes = ["read", "write"]
        pkce = true
        timeout = "5m"
        keytab = "app.keytab"
        client_auth = "post"
        spn = { "api.example.com" = "HTTP/api" }
        "#,
    );
    let config = checked(&TEST, config.unwrap()).unwrap();
    assert_eq!(config.require::<&str>("client_id").unwrap(), "c");
    assert_eq!(config.require::<String>("client_id").unwrap(), "c");
    assert_eq!(resolved(&config).await, b"s");
    assert_eq!(
        config.require::<Url>("redirect").unwrap().scheme(),
        "com.example.app"
    );
    assert_eq!(
        config.require::<Vec<String>>("scopes").unwrap(),
        ["read", "write"]
    );
    assert!(config.require::<bool>("pkce").unwrap());
    assert_eq!(
        config.require::<Duration>("timeout").unwrap(),
        Duration::from_secs(300)
    );
    assert_eq!(
        config.require::<PathBuf>("keytab").unwrap(),
        PathBuf::from("app.keytab")
    );
    assert_eq!(config.require::<&str>("client_auth").unwrap(), "post");
    let names = BTreeMap::from([("api.example.com".to_owned(), "HTTP/api".to_owned())]);
    assert_eq!(config.require::<BTreeMap<_, _>>("spn").unwrap(), names);
}

#[tokio::test]
async fn every_kind_is_set_by_a_program() {
    let config = Config::new()
        .set("client_id", String::from("c"))
        .set("client_secret", SecretSource::literal("s"))
        .set("redirect", Url::parse("https://app.example.com/").unwrap())
        .set("scopes", vec!["read", "write"])
        .set("pkce", false)
        .set("timeout", Duration::from_millis(1500))
        .set("keytab", PathBuf::from("/etc/app.keytab"))
        .set("spn", BTreeMap::from([("a", "HTTP/a")]))
        .set("environment.api", "https://api.example.com/");
    let config = checked(&TEST, config).unwrap();
    assert_eq!(config.require::<&str>("client_id").unwrap(), "c");
    assert_eq!(resolved(&config).await, b"s");
    assert_eq!(
        config.require::<Url>("redirect").unwrap().as_str(),
        "https://app.example.com/"
    );
    assert_eq!(
        config.require::<Vec<String>>("scopes").unwrap(),
        ["read", "write"]
    );
    assert!(!config.require::<bool>("pkce").unwrap());
    assert_eq!(
        config.require::<Duration>("timeout").unwrap(),
        Duration::from_millis(1500)
    );
    assert_eq!(
        config.require::<PathBuf>("keytab").unwrap(),
        PathBuf::from("/etc/app.keytab")
    );
    assert_eq!(
        config.require::<BTreeMap<_, _>>("spn").unwrap()["a"],
        "HTTP/a"
    );
    assert_eq!(
        config.require::<&str>("environment.api").unwrap(),
        "https://api.example.com/"
    );
}

#[tokio::test]
async fn a_later_value_replaces_an_earlier_one() {
    let config = Config::from([
        ("client_id", "a"),
        ("client_id", "b"),
        ("client_secret", "s"),
    ])
    .set("environment", "QA")
    .set("environment.api", "https://a.example.com/")
    .set("environment.issuer", "https://b.example.com/");
    let config = checked(&TEST, config).unwrap();
    assert_eq!(config.require::<&str>("client_id").unwrap(), "b");
    assert_eq!(config.environment().unwrap().services().iter().count(), 2);
    assert_eq!(resolved(&config).await, b"s");
}

#[test]
fn durations_have_units() {
    let read = |value: &str| {
        let config = Config::from_toml(&format!("client_id = 'c'\ntimeout = {value}")).unwrap();
        checked(&TEST, config).and_then(|config| config.require::<Duration>("timeout"))
    };
    for (value, milliseconds) in [
        ("'20ms'", 20),
        ("'30s'", 30_000),
        ("'2 m'", 120_000),
        ("'1h'", 3_600_000),
        ("'1d'", 86_400_000),
        ("45", 45_000),
        ("0x10", 16_000),
        ("0", 0),
    ] {
        assert_eq!(
            read(value).unwrap(),
            Duration::from_millis(milliseconds),
            "{value}"
        );
    }
    for value in [
        "''",
        "'s'",
        "'30'",
        "'-1s'",
        "'1w'",
        "'1.5s'",
        "'99999999999999999999s'",
        "'9999999999999999999d'",
        "-1",
        "1.5",
    ] {
        assert!(read(value).is_err(), "{value}");
    }
}

#[test]
fn a_text_in_place_of_a_map_is_for_all() {
    let config = checked(&TEST, [("client_id", "c"), ("spn", "HTTP/a")]).unwrap();
    assert_eq!(
        config.require::<BTreeMap<_, _>>("spn").unwrap()["*"],
        "HTTP/a"
    );
}

#[test]
fn keys_that_are_not_there_are_told_with_their_line_and_remedy() {
    for (toml, expected) in [
        (
            "CLIENT_AUHT = 1",
            "`CLIENT_AUHT`: there is no such key; did you mean `client_auth`?",
        ),
        (
            "client_it = 1",
            "`client_it`: there is no such key; did you mean `client_id`?",
        ),
        (
            "api = 'https://a'",
            "`api`: there is no such key; did you mean `environment.api`?",
        ),
        (
            "environment.isuer = 'x'",
            "`environment.isuer`: there is no such key; did you mean `environment.issuer`?",
        ),
        (
            "\"environment.api\" = 'x'",
            "`environment.api`: there is no such key; did you mean `environment.api`?",
        ),
        (
            "environment = 'QA'",
            "`environment`: expected a table; found a text",
        ),
    ] {
        assert_eq!(
            refused(toml).to_string(),
            format!("configuration, line 2: {expected}")
        );
    }
}

#[test]
fn values_of_another_kind_are_told_with_what_was_expected() {
    for (toml, expected) in [
        (
            "pkce = 'true'",
            "`pkce`: expected true or false, without quotes; found a text",
        ),
        (
            "scopes = 'read'",
            "`scopes`: expected a list of texts, such as [\"a\", \"b\"]; found a text",
        ),
        (
            "scopes = ['read', 1]",
            "`scopes`: expected a list of texts, such as [\"a\", \"b\"]; found a list of something else",
        ),
        (
            "timeout = -5",
            "`timeout`: expected a duration, such as \"30s\" or \"5m\", or seconds; found a negative integer",
        ),
        (
            "timeout = '5 weeks'",
            "`timeout`: expected a duration, such as \"30s\" or \"5m\", or seconds; found another text",
        ),
        (
            "keytab = 1.5",
            "`keytab`: expected a path in quotes; found a decimal number",
        ),
        (
            "keytab = 99999999999999999999",
            "`keytab`: expected a path in quotes; found an integer out of range",
        ),
        (
            "client_auth = 'jwt'",
            "`client_auth`: expected one of \"basic\", \"post\"; found another text",
        ),
        (
            "client_auth = 2020-01-01",
            "`client_auth`: expected one of \"basic\", \"post\"; found a date or time",
        ),
        (
            "spn = { a = 1 }",
            "`spn`: expected a table of texts, such as { a = \"b\" }, or one text; found a table of something else",
        ),
        (
            "spn = true",
            "`spn`: expected a table of texts, such as { a = \"b\" }, or one text; found true or false",
        ),
        (
            "redirect = 'callback'",
            "`redirect`: expected an absolute URL in quotes, such as \"https://host/path\"; found another text",
        ),
        (
            "redirect = 'https://u@host/'",
            "`redirect`: the URL holds a user or a password; leave them out",
        ),
        (
            "redirect = 'https://:p@host/'",
            "`redirect`: the URL holds a user or a password; leave them out",
        ),
        (
            "environment.services = 'https://a'",
            "`environment.services`: expected a table of absolute URLs, such as { reports = \"https://host/path\" }; found a text",
        ),
        (
            "environment.services.b = 'b'",
            "`environment.services.b`: expected an absolute URL in quotes, such as \"https://host/path\"; found another text",
        ),
        (
            "environment.services.api = 'https://a'\nenvironment.api = 'https://b'",
            "`environment.services.api`: this service has two addresses; remove one",
        ),
        (
            "environment.api = 'http://a.example.com/?k=v'",
            "`environment.api`: the credential would travel unencrypted; use https (http works on this machine only)",
        ),
    ] {
        assert_eq!(
            refused(toml).to_string(),
            format!("configuration, line 2: {expected}")
        );
    }
}

#[test]
fn what_is_no_secret_is_refused_without_a_word_of_it() {
    for (value, found) in [
        ("0", "an integer"),
        ("-1", "a negative integer"),
        ("['hunter2']", "a list"),
        ("{}", "a table of something else"),
        ("{ env = 'A', file = 'B' }", "a table of something else"),
        ("{ env = 'hunter-2' }", "a table of something else"),
        ("{ env = '' }", "a table of something else"),
        ("{ env = 1 }", "a table of something else"),
        ("{ file = '' }", "a table of something else"),
        ("{ command = [] }", "a table of something else"),
        ("{ command = 'pass hunter2' }", "a table of something else"),
        ("{ command = ['hunter2', 1] }", "a table of something else"),
        ("{ hunter2 = 'env' }", "a table of something else"),
    ] {
        assert_eq!(
            refused(&format!("client_secret = {value}")).to_string(),
            format!(
                "configuration, line 2: `client_secret`: expected a secret: \"…\", {{ env = \"NAME\" }}, \
                 {{ file = \"PATH\" }} or {{ command = [\"PROGRAM\"] }}; found {found}"
            )
        );
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_secret_can_be_what_a_command_prints() {
    let toml = "client_id = 'a'\nclient_secret = { command = ['printf', 'hunter%s', '2'] }";
    let config = checked(&TEST, Config::from_toml(toml).unwrap()).unwrap();
    assert_eq!(resolved(&config).await, b"hunter2");
}

#[test]
fn a_value_shows_what_it_is_and_not_more() {
    let value = ConfigValue::from("hunter2");
    assert_eq!(format!("{value:?}"), "ConfigValue(a text)");
}

#[test]
fn an_unknown_key_like_no_other_lists_all() {
    let error = refused("windowsill = 'x'").to_string();
    assert!(error.starts_with("configuration, line 2: `windowsill`: there is no such key; known are client_auth, client_id, "), "{error}");
}

#[test]
fn a_table_is_known_by_its_whole_name() {
    let error = refused("environ = {}").to_string();
    let expected = "configuration, line 2: `environ`: there is no such key; ";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn a_name_that_may_be_a_secret_is_not_shown() {
    let error = refused("\"hunter2 hunter2\" = 'client_secret'").to_string();
    assert!(error.starts_with("configuration, line 2: (not shown, as it does not look like a name): there is no such key"), "{error}");
}

#[test]
fn a_missing_key_says_what_it_is_for() {
    let error = checked(&TEST, Config::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "configuration of `test`: `client_id`: is missing; add it (the client's identifier)"
    );
    let error = checked(
        &NAMED,
        Config::from_toml("[environment]\nname = 'x'").unwrap(),
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "configuration, line 1: `environment.api`: is missing; add it (where the API is)"
    );
}

#[test]
fn a_required_key_is_not_empty() {
    let error = checked(&TEST, [("client_id", "")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "configuration of `test`: `client_id`: is empty; give it a value"
    );
    checked(&TEST, [("client_id", "c"), ("client_secret", "")]).unwrap();
    let required = |key: Key| {
        let keys: &'static [Key] = Box::leak(Box::new([key.required()]));
        move |config: Config| checked(&Backend::new("one", "for tests", keys, remember), config)
    };
    let secret = required(Key::secret("k", "a secret"));
    assert!(secret(Config::new().set("k", "")).is_err());
    assert!(secret(Config::new().set("k", SecretSource::literal(""))).is_err());
    assert!(secret(Config::new().set("k", SecretSource::env("K"))).is_ok());
    let path = required(Key::path("k", "a path"));
    assert!(path(Config::new().set("k", PathBuf::new())).is_err());
    assert!(path(Config::new().set("k", PathBuf::from("p"))).is_ok());
    let list = required(Key::list("k", "a list"));
    assert!(list(Config::new().set("k", Vec::<String>::new())).is_err());
    let map = required(Key::map("k", "a map"));
    assert!(map(Config::new().set("k", BTreeMap::<String, String>::new())).is_err());
    let flag = required(Key::flag("k", "a flag"));
    assert!(flag(Config::new().set("k", false)).is_ok());
}

#[test]
fn the_environment_has_all_its_services() {
    let config = Config::from_toml(
        r#"
        client_id = "c"
        redirect = "https://app.example.com/"
        [environment]
        name = "prod"
        api = "https://api.example.com/v1/"
        ca_file = "ca.pem"
        services = { reports = "https://reports.example.com/", local = "http://localhost:8080/" }
        "#,
    );
    let config = checked(&TEST, config.unwrap()).unwrap();
    let environment = config.environment().unwrap();
    assert_eq!(environment.name(), "prod");
    let services: Vec<_> = environment
        .services()
        .iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(services, ["api", "local", "reports"]);
    assert_eq!(
        environment.url("api").unwrap().as_str(),
        "https://api.example.com/v1/"
    );
    assert_eq!(environment.transport().ca_file(), Some("ca.pem".as_ref()));
    assert!(!environment.allows(&Url::parse("https://app.example.com/").unwrap()));
}

#[test]
fn an_environment_without_a_name_is_the_default() {
    let config = checked(&TEST, [("client_id", "c")]).unwrap();
    assert_eq!(config.environment_name(), None);
    let environment = config.environment().unwrap();
    assert_eq!(environment.name(), "default");
    assert_eq!(environment.transport().ca_file(), None);
}

#[test]
fn a_backend_may_know_environments_by_name() {
    let config = checked(&NAMED, [("environment", "QA")]).unwrap();
    assert_eq!(config.environment_name(), Some("QA"));
    assert_eq!(config.environment().unwrap().name(), "QA");
    let config = checked(&NAMED, [("environment", "qA")]).unwrap();
    assert_eq!(config.environment_name(), Some("qA"));
    let config = Config::new()
        .set("environment.name", "dev")
        .set("environment.api", "https://dev.example.com/");
    let config = checked(&NAMED, config).unwrap();
    assert_eq!(config.environment_name(), Some("dev"));
    let error = checked(&NAMED, [("environment", "DEV")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "configuration of `named`: `environment`: expected one of PROD, QA, or a table; found another text"
    );
}

#[test]
fn a_backend_reads_what_it_lists_as_what_it_is() {
    let config = checked(&TEST, [("client_id", "c")]).unwrap();
    assert_eq!(config.get::<&str>("client_auth").unwrap(), None);
    let error = config.get::<&str>("cleint_id").unwrap_err();
    assert_eq!(
        error.to_string(),
        "configuration of `test`: `cleint_id`: the backend reads a key that it does not list; correct the backend"
    );
    let error = config.get::<bool>("client_id").unwrap_err();
    assert_eq!(
        error.to_string(),
        "configuration of `test`: `client_id`: the backend cannot read a text as what it asks for"
    );
    let error = config.require::<&str>("client_auth").unwrap_err();
    assert_eq!(
        error.to_string(),
        "configuration of `test`: `client_auth`: is missing; add it (how the client authenticates)"
    );
    let error = config.error("client_auth", "choose another");
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(
        error.to_string(),
        "configuration of `test`: `client_auth`: choose another"
    );
}

#[test]
fn a_secret_cannot_be_read_as_text() {
    let config = checked(&TEST, [("client_id", "c"), ("client_secret", "hunter2")]).unwrap();
    assert!(config.get::<&str>("client_secret").is_err());
    assert!(config.get::<String>("client_secret").is_err());
}

#[test]
fn debug_shows_keys_and_no_value() {
    let config = Config::from([
        ("client_id", "hunter1"),
        ("client_secret", "hunter2"),
        ("hunter 3", ""),
    ]);
    let shown = "Config(configuration: `client_id`, `client_secret`, (not shown, as it does not look like a name))";
    assert_eq!(format!("{config:?}"), shown);
    let checked = checked(
        &TEST,
        [("client_id", "hunter1"), ("client_secret", "hunter2")],
    )
    .unwrap();
    assert_eq!(
        format!("{checked:?}"),
        "Config(configuration of `test`: `client_id`, `client_secret`)"
    );
}

#[test]
fn broken_toml_is_located_and_never_quoted() {
    for (toml, expected) in [
        (
            "a = 1\nb = hunter2",
            "configuration, line 2:5: not valid TOML: a value is missing, or a text is not in quotes",
        ),
        (
            "a = 'é' 'hunter2'",
            "configuration, line 1:9: not valid TOML: look for a missing quote, bracket or `=` here",
        ),
        (
            "a = 1\r\na = 'hunter2'",
            "configuration, line 2:1: not valid TOML: this key or table is there twice; remove one",
        ),
        (
            "hunter2",
            "configuration, line 1:8: not valid TOML: a key needs `=` and a value",
        ),
        (
            "a =",
            "configuration, line 1:4: not valid TOML: a value is missing, or a text is not in quotes",
        ),
        (
            "a = ['hunter2'",
            "configuration, line 1:15: not valid TOML: something opened here is never closed; add the bracket",
        ),
        (
            "a = 'hunter2'\na.b = 1",
            "configuration, line 2:1: not valid TOML: this name has a value already, and cannot be a table too",
        ),
    ] {
        let error = Config::from_toml(toml).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert_eq!(error.to_string(), expected, "{toml}");
        assert!(error.source().is_none());
    }
}

#[test]
fn keys_describe_themselves() {
    let key = Key::choice(
        "client_auth",
        &["basic", "post"],
        "how the client authenticates",
    );
    assert_eq!(key.name(), "client_auth");
    assert_eq!(key.documentation(), "how the client authenticates");
    assert_eq!(key.kind().choices(), ["basic", "post"]);
    assert!(!key.is_required() && key.required().is_required());
    assert!(!key.is_secret() && Key::secret("s", "").is_secret());
    let kinds: Vec<_> = KEYS.iter().map(|key| key.kind().as_str()).collect();
    assert_eq!(
        kinds,
        [
            "text", "secret", "url", "list", "flag", "duration", "path", "choice", "map", "url",
            "url"
        ]
    );
    assert_eq!(
        Key::environment_name(&["QA"]).kind(),
        KeyKind::EnvironmentName(&["QA"])
    );
    assert_eq!(
        Key::environment_name(&["QA"]).kind().as_str(),
        "environment"
    );
    assert_eq!(KeyKind::Text.to_string(), "a text in quotes");
}

#[test]
fn keys_of_all_backends_come_after_the_backends_own() {
    let names: Vec<_> = TEST.keys().skip(KEYS.len()).map(Key::name).collect();
    assert_eq!(
        names,
        [
            "environment.name",
            "environment.ca_file",
            "environment.client_certificate",
            "environment.client_key",
            "environment.proxy",
            "environment.proxy.url",
            "environment.proxy.user",
            "environment.proxy.password",
            "environment.proxy.session_login",
            "environment.proxy.bypass",
            "environment.min_tls",
            "environment.http1_only",
            "environment.services"
        ]
    );
    let own = Backend::new("own", "for tests", OWN, remember);
    assert_eq!(
        own.keys()
            .filter(|key| key.name() == "environment.name")
            .count(),
        1
    );
    assert!(own.open(Config::new()).is_err());
    assert_eq!(own.summary(), "for tests");
}

/// This program registers no backend.
#[test]
fn without_backends_an_unknown_one_says_so() {
    assert_eq!(backends().count(), 0);
    let error = open("oauth", Config::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownBackend);
    assert_eq!(
        error.to_string(),
        "there is no backend `oauth`; no backend is linked; \
         link the backend's crate: by its feature of session-kit, or by `use its_crate as _;`"
    );
}

#[test]
fn an_endpoint_is_an_address_where_the_credential_does_not_go() {
    const ENDPOINT: Backend = Backend::new(
        "endpoint",
        "has one",
        &[Key::endpoint(
            "environment.token_endpoint",
            "where it authenticates",
        )],
        |config| {
            assert!(config.environment()?.services().iter().next().is_none());
            let found: Url = config.require("environment.token_endpoint")?;
            Err(config.error("environment.token_endpoint", found))
        },
    );
    let open = |address: &str| {
        let config = Config::new().set("environment.token_endpoint", address);
        ENDPOINT.open(config).unwrap_err().to_string()
    };
    assert!(open("https://idp.test/token").contains("https://idp.test/token"));
    assert!(open("idp.test").contains("expected an absolute URL"));
    assert_eq!(ENDPOINT.keys().next().unwrap().kind().as_str(), "url");
}
