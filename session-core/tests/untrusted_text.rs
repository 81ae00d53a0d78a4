//! Whatever stands in a configuration, nothing panics and no error repeats a secret from it.

use std::error::Error as _;

use async_trait::async_trait;
use proptest::{prelude::*, sample};
use session_core::{
    Backend, BasicEnvironment, Config, Credential, Environment, Error, Key, Profiles, Result,
    Session, register_backend,
};

register_backend! {
    static ACME: Backend = Backend::new(
        "acme",
        "for tests",
        &[
            Key::text("client_id", "the client's identifier").required(),
            Key::secret("client_secret", "the client's secret"),
            Key::list("scopes", "what to ask for"),
            Key::flag("pkce", "whether to prove possession of the code"),
            Key::duration("timeout", "how long to wait"),
            Key::path("keytab", "the principal's keys"),
            Key::choice("client_auth", &["basic", "post"], "how the client authenticates"),
            Key::map("spn", "service principal names by host"),
            Key::url("environment.api", "where the API is"),
        ],
        |config| Ok(Box::new(Acme(config.environment()?))),
    );
}

#[derive(Debug)]
struct Acme(BasicEnvironment);

#[async_trait]
impl Session for Acme {
    fn scheme(&self) -> &'static str {
        "acme"
    }

    fn environment(&self) -> &dyn Environment {
        &self.0
    }

    async fn init(&self) -> Result<Credential> {
        Ok(Credential::bearer("t"))
    }
}

/// A secret that looks like no name, so that no error has a reason to show it.
const CANARY: &str = "c4n4ry+/s3cr3t==";

/// A file with the canary wherever a value or a comment can be.
const INFESTED: &str = r#"default = "c4n4ry+/s3cr3t==" # c4n4ry+/s3cr3t==
profiles.a.backend = "c4n4ry+/s3cr3t=="
[profiles.orders]
backend = "acme"
client_id = "c4n4ry+/s3cr3t=="
client_secret = "c4n4ry+/s3cr3t=="
scopes = ["c4n4ry+/s3cr3t==", 1]
pkce = "c4n4ry+/s3cr3t=="
timeout = '''
c4n4ry+/s3cr3t=='''
keytab = { "c4n4ry+/s3cr3t==" = "c4n4ry+/s3cr3t==" }
client_auth = "c4n4ry+/s3cr3t=="
spn = { api = "c4n4ry+/s3cr3t==", "c4n4ry+/s3cr3t==" = 1 }
"c4n4ry+/s3cr3t==" = "c4n4ry+/s3cr3t=="
[profiles.orders.environment]
api = "http://c4n4ry+/s3cr3t==@host/?c4n4ry+/s3cr3t==#c4n4ry+/s3cr3t=="
services = { a = "http://host/?c4n4ry+/s3cr3t==", "c4n4ry+/s3cr3t==" = "c4n4ry+/s3cr3t==" }
[profiles."c4n4ry+/s3cr3t=="]
backend = "acme"
client_id = "c"
client_secret = { env = "c4n4ry+/s3cr3t==", "c4n4ry+/s3cr3t==" = "x" }
environment.api = "http://host/?c4n4ry+/s3cr3t=="
"#;

/// All that can be learned from reading a text and opening every profile in it.
fn told(text: &str) -> String {
    let mut told = Vec::new();
    let mut note = |error: Error| {
        told.push(format!("{error} {error:?}"));
        let mut source = error.source();
        while let Some(error) = source {
            told.push(format!("{error} {error:?}"));
            source = error.source();
        }
    };
    let profiles = Profiles::from_toml(text, "sessions.toml").map_err(&mut note);
    let config = Config::from_toml(text).map_err(&mut note);
    if let Ok(profiles) = &profiles {
        let _ = profiles.default().map_err(&mut note);
        for name in profiles.names() {
            let _ = profiles.open(name).map_err(&mut note);
        }
    }
    if let Ok(config) = &config {
        let _ = ACME.open(config.clone()).map_err(&mut note);
    }
    told.push(format!("{profiles:?} {config:?}"));
    told.join("\n")
}

/// Some text that matters to TOML or to profiles.
fn fragment() -> impl Strategy<Value = String> {
    let tokens = vec![
        "=",
        "\"",
        "'",
        "\"\"\"",
        "'''",
        "[",
        "]",
        "[[",
        "]]",
        "{",
        "}",
        ",",
        ".",
        "#",
        "\n",
        "\r\n",
        "\\",
        "\\u0000",
        "\u{feff}",
        " ",
        "0x",
        "1e400",
        "-1",
        "true",
        "1979-05-27",
        "default",
        "profiles",
        "[profiles.a]\n",
        "backend = 'acme'\n",
        "client_id = ",
        "client_secret = ",
        "environment",
        "services",
        "env",
        "file",
        "command",
        CANARY,
    ];
    prop_oneof![
        sample::select(tokens).prop_map(str::to_owned),
        any::<String>()
    ]
}

proptest! {
    #[test]
    fn no_text_panics(
        text in any::<String>(),
        fragments in prop::collection::vec(fragment(), 0..40),
    ) {
        told(&text);
        told(&fragments.concat());
    }

    #[test]
    fn no_damaged_file_tells_a_secret(
        cuts in prop::collection::vec((any::<sample::Index>(), 0_usize..30, fragment()), 0..4),
    ) {
        let mut characters: Vec<char> = INFESTED.chars().collect();
        for (at, length, fragment) in cuts {
            let at = at.index(characters.len() + 1);
            let end = (at + length).min(characters.len());
            characters.splice(at..end, fragment.chars());
        }
        let text: String = characters.into_iter().collect();
        prop_assert!(!told(&text).contains(CANARY), "{}", text);
    }

    /// Few lines at a time, so that no mistake hides another.
    #[test]
    fn no_line_tells_a_secret(
        lines in sample::subsequence(INFESTED.lines().collect::<Vec<_>>(), 1..4),
    ) {
        let lines = lines.join("\n");
        prop_assert!(!told(&lines).contains(CANARY), "{}", lines);
        let text = format!("[profiles.p]\nbackend = 'acme'\nclient_id = 'c'\n{lines}");
        prop_assert!(!told(&text).contains(CANARY), "{}", text);
    }
}

/// A canary that looks like a name is shown where names are: the search would find it.
#[test]
fn the_canary_would_be_found() {
    assert!(INFESTED.matches(CANARY).count() > 20);
    assert!(told(&INFESTED.replace(CANARY, "canary")).contains("canary"));
}
