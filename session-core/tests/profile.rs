//! Sessions open from a file of profiles, and what is wrong with it is told where it is.

use std::{
    error::Error as _,
    fs,
    io::{self, Write},
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use session_core::{
    Backend, BasicEnvironment, Credential, Environment, Error, ErrorKind, Key, Profiles, Result,
    SecretSource, Session, profile, register_backend,
};

register_backend! {
    static ACME: Backend = Backend::new(
        "acme",
        "for tests",
        &[
            Key::text("client_id", "the client's identifier").required(),
            Key::secret("client_secret", "the client's secret"),
            Key::flag("pkce", "whether to prove possession of the code"),
            Key::choice("client_auth", &["basic", "post"], "how the client authenticates"),
            Key::url("environment.api", "where the API is"),
        ],
        |config| {
            Ok(Box::new(Acme {
                secret: config.get("client_secret")?,
                environment: config.environment()?,
            }))
        },
    );
}

#[derive(Debug)]
struct Acme {
    secret: Option<SecretSource>,
    environment: BasicEnvironment,
}

#[async_trait]
impl Session for Acme {
    fn scheme(&self) -> &'static str {
        "acme"
    }

    fn environment(&self) -> &dyn Environment {
        &self.environment
    }

    async fn init(&self) -> Result<Credential> {
        let secret = self
            .secret
            .as_ref()
            .expect("a secret is configured")
            .resolve()
            .await?;
        Ok(Credential::bearer(secret.expose()))
    }
}

const TWO: &str = r#"default = "orders"

[profiles.orders]
backend = "acme"
client_id = "orders-service"
client_secret = { file = "orders.secret" }

[profiles.orders.environment]
name = "prod"
api = "https://api.example.com/v1/"
ca_file = "ca.pem"

[profiles.risk]
backend = "babel"
"#;

fn parse(text: &str) -> Result<Profiles> {
    Profiles::from_toml(text, "sessions.toml")
}

/// What opening the profile `p` fails with, when it has these lines after its `backend`.
fn refused(lines: &str) -> Error {
    let profiles = parse(&format!("[profiles.p]\nbackend = 'acme'\n{lines}"));
    let profiles = profiles.expect("the file is a list of profiles");
    profiles.open("p").expect_err("the profile is wrong")
}

#[test]
fn profiles_are_listed() {
    let profiles = parse(TWO).unwrap();
    assert_eq!(profiles.names().collect::<Vec<_>>(), ["orders", "risk"]);
    assert_eq!(profiles.default().unwrap(), "orders");
    assert_eq!(profiles.backend_of("orders").unwrap(), "acme");
    assert_eq!(profiles.backend_of("risk").unwrap(), "babel");
    assert_eq!(profiles.path(), Path::new("sessions.toml"));
    assert_eq!(
        format!("{profiles:?}"),
        "Profiles(sessions.toml: `orders`, `risk`)"
    );
}

#[test]
fn a_session_has_the_name_and_the_environment_of_its_profile() {
    let session = parse(TWO).unwrap().open("orders").unwrap();
    assert_eq!(session.name(), "orders");
    assert_eq!(session.environment().name(), "prod");
    assert!(session.environment().url("api").is_some());
}

#[tokio::test]
async fn paths_start_at_the_folder_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("orders.secret"), "s3cret\n").unwrap();
    let file = folder.path().join("sessions.toml");
    fs::write(&file, TWO).unwrap();
    let session = Profiles::load(Some(&file)).unwrap().open("orders").unwrap();
    let transport = session.environment().transport();
    assert_eq!(
        transport.ca_file(),
        Some(folder.path().join("ca.pem").as_path())
    );
    session.init().await.unwrap();
    let credential = session.credential().await.unwrap();
    let header = credential.header(&http::header::AUTHORIZATION).unwrap();
    assert_eq!(header.expose(), b"Bearer s3cret");
}

#[tokio::test]
async fn a_secret_that_is_not_found_is_told_with_its_line() {
    let session = parse(TWO).unwrap().open("orders").unwrap();
    let error = session.init().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "sessions.toml:6: profile `orders`: `client_secret`: \
         secret file `orders.secret` does not exist; create it or correct the configuration"
    );
}

#[test]
fn the_only_profile_is_the_default() {
    let profiles = parse("[profiles.only]\nbackend = 'acme'").unwrap();
    assert_eq!(profiles.default().unwrap(), "only");
    let several = parse("[profiles.a]\nbackend = 'x'\n[profiles.b]\nbackend = 'x'").unwrap();
    assert_eq!(
        several.default().unwrap_err().to_string(),
        "sessions.toml: there is no default profile; choose one of `a`, `b`, or add `default = \"NAME\"` at the top"
    );
    assert_eq!(
        parse("").unwrap().default().unwrap_err().to_string(),
        "sessions.toml: there is no profile; add a `[profiles.NAME]` table"
    );
}

#[test]
fn an_unknown_profile_names_the_known_ones() {
    let two = parse(TWO).unwrap();
    for (name, expected) in [
        (
            "order",
            "there is no profile `order`; did you mean `orders`?",
        ),
        (
            "billing",
            "there is no profile `billing`; there are `orders`, `risk`",
        ),
        (
            "no name",
            "there is no profile (not shown, as it does not look like a name); there are `orders`, `risk`",
        ),
    ] {
        for error in [
            two.open(name).unwrap_err(),
            two.backend_of(name).unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Config);
            assert_eq!(error.to_string(), format!("sessions.toml: {expected}"));
        }
    }
    let error = parse("").unwrap().open("a").unwrap_err();
    assert_eq!(
        error.to_string(),
        "sessions.toml: there is no profile `a`; add a `[profiles.NAME]` table"
    );
}

#[test]
fn a_file_that_is_no_list_of_profiles_is_refused() {
    for (text, expected) in [
        (
            "\n\n[orders]\nbackend = 'acme'",
            "sessions.toml:3: `orders`: there is no such key; write `default` or `[profiles.NAME]`",
        ),
        (
            "default = 1",
            "sessions.toml:1: `default`: expected the name of a profile in quotes",
        ),
        (
            "default = 'a'\n[profiles.b]\nbackend = 'x'",
            "sessions.toml:1: `default`: there is no profile `a`; did you mean `b`?",
        ),
        (
            "profiles = 1",
            "sessions.toml:1: `profiles`: expected tables; start each with `[profiles.NAME]`",
        ),
        (
            "profiles.a = 1",
            "sessions.toml:1: profile `a`: `profiles`: expected a table; start it with `[profiles.NAME]`",
        ),
        (
            "\n[profiles.a]",
            "sessions.toml:2: profile `a`: `backend`: is missing; add `backend = \"NAME\"`",
        ),
        (
            "[profiles.a]\nx = 1\nbackend = 1",
            "sessions.toml:3: profile `a`: `backend`: expected the name of a backend in quotes",
        ),
        (
            "[profiles.a\n",
            "sessions.toml:1:12: not valid TOML: something opened here is never closed; add the bracket",
        ),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert_eq!(error.to_string(), expected, "{text}");
        assert!(error.source().is_none());
    }
}

#[test]
fn what_is_wrong_with_a_profile_is_told_with_file_line_and_profile() {
    for (lines, expected) in [
        (
            "client_id = 'c'\nclient_it = 'x'",
            "4: profile `p`: `client_it`: there is no such key; did you mean `client_id`?",
        ),
        (
            "pkce = true",
            "1: profile `p`: `client_id`: is missing; add it (the client's identifier)",
        ),
        (
            "client_id = 5",
            "3: profile `p`: `client_id`: expected a text in quotes; found an integer",
        ),
        (
            "client_id = 'c'\n\n[profiles.p.environment]\napi = 'api'",
            "6: profile `p`: `environment.api`: expected an absolute URL in quotes, such as \"https://host/path\"; found another text",
        ),
    ] {
        let error = refused(lines);
        assert_eq!(error.kind(), ErrorKind::Config);
        assert_eq!(error.to_string(), format!("sessions.toml:{expected}"));
    }
}

#[test]
fn a_profile_of_an_unknown_backend_is_told_with_its_line() {
    let error = parse(TWO).unwrap().open("risk").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownBackend);
    let expected =
        "sessions.toml:14: profile `risk`: there is no backend `babel`; linked are acme; ";
    assert!(error.to_string().starts_with(expected), "{error}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.toml");
    let shown = file.display();
    let refused = |path: &Path| Profiles::load(Some(path)).unwrap_err();
    let error = refused(&file);
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(
        error.to_string(),
        format!(
            "{shown}: there is no such file; create it with a `[profiles.NAME]` table that has \
             `backend = \"…\"`, or name another file in the environment variable `SESSION_CONFIG`"
        )
    );
    assert!(error.source().is_some());
    fs::write(&file, b"default = '\xff'").unwrap();
    assert_eq!(
        refused(&file).to_string(),
        format!("{shown}: not UTF-8 text; save it as that")
    );
    fs::write(&file, vec![b'#'; (1 << 20) + 1]).unwrap();
    assert_eq!(
        refused(&file).to_string(),
        format!("{shown}: larger than 1 MiB; name a file with profiles")
    );
    let error = refused(folder.path()).to_string();
    assert_eq!(
        error,
        format!(
            "{}: cannot be read; check what it is, and its permissions",
            folder.path().display()
        )
    );
}

/// In a process of its own, because other tests read the environment meanwhile.
#[test]
fn the_file_is_found_by_variable_or_in_the_configuration_folder() {
    const NAME: &str = "the_file_is_found_by_variable_or_in_the_configuration_folder";
    if let Some(expected) = std::env::var_os("EXPECTED_PROFILE") {
        let expected = expected.to_str().unwrap();
        assert_eq!(profile(expected).unwrap().name(), expected);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let named = folder.path().join("named.toml");
    fs::write(
        &named,
        "[profiles.named]\nbackend = 'acme'\nclient_id = 'c'",
    )
    .unwrap();
    let usual = folder.path().join("session-kit");
    fs::create_dir(&usual).unwrap();
    fs::write(
        usual.join("sessions.toml"),
        "[profiles.usual]\nbackend = 'acme'\nclient_id = 'c'",
    )
    .unwrap();
    for (variable, expected) in [
        (Some(named.as_path()), "named"),
        (None, "usual"),
        (Some(Path::new("")), "usual"),
    ] {
        let mut again = Command::new(std::env::current_exe().unwrap());
        again
            .args(["--exact", NAME])
            .env("EXPECTED_PROFILE", expected);
        again
            .env_remove("SESSION_CONFIG")
            .env("XDG_CONFIG_HOME", folder.path())
            .env("APPDATA", folder.path());
        if let Some(path) = variable {
            again.env("SESSION_CONFIG", path);
        }
        let output = again.output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
        assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panicked").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The only test with a secret in a file that exists: it is told once in a process.
#[cfg(unix)]
#[test]
fn a_secret_that_others_can_read_is_told_once() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.toml");
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let told = |mode: u32, secret: &str| {
        fs::write(
            &file,
            format!("[profiles.p]\nbackend = 'acme'\nclient_id = 'c'\nclient_secret = {secret}"),
        )
        .unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        Profiles::load(Some(&file)).unwrap().open("p").unwrap();
        String::from_utf8(std::mem::take(&mut *log.0.lock().unwrap())).unwrap()
    };
    tracing::subscriber::with_default(subscriber, || {
        assert_eq!(told(0o600, "'hunter2'"), "");
        assert_eq!(told(0o644, "{ env = 'HUNTER' }"), "");
        let shown = file.display();
        let told_once = told(0o640, "'hunter2'");
        assert!(
            told_once.contains("WARN") && told_once.contains(&format!("run `chmod 600 {shown}`")),
            "{told_once}"
        );
        assert!(!told_once.contains("hunter2"));
        assert_eq!(told(0o640, "'hunter2'"), "");
    });
}
