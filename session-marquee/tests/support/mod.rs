//! What the kits need to know of this backend, and what its tests have in common.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test program uses a part of it"
)]

pub mod wire;

use std::{
    fmt::Debug,
    fs,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::StatusCode;
use serde_json::json;
use session_core::{Error, Secret, SecretSource, SessionHandle};
use session_marquee::{Client, Marquee, MarqueeBuilder, MarqueeEnvironment, Scope};
use session_mock::{Answer, Entry, Hold, Kind, Outage, Provider, Subject, Unable, canary};
use tempfile::TempDir;

pub const ID: &str = "my-application";

/// A provider with an application that may have all scopes.
pub fn provider() -> Provider {
    let client = session_mock::Client::new(ID, canary()).scopes(Scope::ALL);
    Provider::builder().client(client).start().unwrap()
}

/// Where that provider is.
pub fn environment(provider: &Provider) -> MarqueeEnvironment {
    let (api, auth) = (provider.api().as_str(), provider.token_endpoint().as_str());
    MarqueeEnvironment::custom("test", api, auth).unwrap()
}

/// The application.
pub fn marquee(provider: &Provider) -> MarqueeBuilder {
    Marquee::client_credentials(environment(provider), ID, provider.client_secret())
}

/// An open session of the application, with a client of it.
pub async fn opened(provider: &Provider) -> (SessionHandle, Client) {
    let session = marquee(provider).open().unwrap();
    session.init().await.unwrap();
    let client = Client::new(&session);
    (session, client)
}

/// A session with cookies, whose requests the provider's API answers as it is scripted.
pub fn with_cookies(provider: &Provider) -> MarqueeBuilder {
    Marquee::gssso(environment(provider), Secret::new("SSO-TOKEN")).csrf_token(Secret::new("CSRF"))
}

pub fn requests(provider: &Provider, kind: Kind) -> Vec<Entry> {
    let log = provider.log().into_iter();
    log.filter(|entry| entry.kind() == kind).collect()
}

pub fn last(provider: &Provider) -> Entry {
    requests(provider, Kind::Api).pop().unwrap()
}

pub fn text(entry: &Entry) -> &str {
    std::str::from_utf8(entry.body()).unwrap()
}

pub fn header<'a>(entry: &'a Entry, name: &str) -> Option<&'a str> {
    entry.header(name).map(|value| value.to_str().unwrap())
}

/// All texts of an error.
pub fn texts(error: &Error) -> String {
    let mut texts = format!("{error} {error:?}");
    let mut next = std::error::Error::source(error);
    while let Some(source) = next {
        texts.extend([" ", &source.to_string(), " ", &format!("{source:?}")]);
        next = source.source();
    }
    texts
}

/// All that the provider is told concerns these; everything else works.
const KINDS: [Kind; 1] = [Kind::Token];

/// An application, with the embedded provider.
pub struct Application {
    provider: Provider,
    secret: String,
    holds: Mutex<Vec<Hold>>,
    echoes: AtomicUsize,
}

impl Application {
    fn builder(&self, id: &str) -> MarqueeBuilder {
        let environment = environment(&self.provider);
        Marquee::client_credentials(environment, id, self.secret.as_str())
    }

    fn register(&self, secret: &str) {
        let client = session_mock::Client::new(ID, secret).scopes(Scope::ALL);
        self.provider.add_client(client);
    }

    fn fail(&self, outage: &Outage) {
        for kind in KINDS {
            self.provider.fail(kind, outage.clone());
        }
    }
}

impl Subject for Application {
    fn start() -> Self {
        let secret = canary();
        let client = session_mock::Client::new(ID, &secret).scopes(Scope::ALL);
        Self {
            provider: Provider::builder().client(client).start().unwrap(),
            secret,
            holds: Mutex::default(),
            echoes: AtomicUsize::new(0),
        }
    }

    fn session(&self) -> SessionHandle {
        self.builder(ID).open().unwrap()
    }

    fn answer(&self, answer: Answer<'_>) -> Result<(), Unable> {
        self.register(&self.secret);
        for kind in KINDS {
            self.provider.recover(kind);
        }
        self.holds.lock().unwrap().clear();
        match answer {
            Answer::Accept => {}
            Answer::Refuse => self.register("another"),
            Answer::Fail => self.fail(&Outage::status(StatusCode::SERVICE_UNAVAILABLE)),
            Answer::Garble => self.fail(&Outage::html(StatusCode::OK)),
            Answer::Hold => {
                let held = KINDS.map(|kind| self.provider.hold(kind));
                self.holds.lock().unwrap().extend(held);
            }
            Answer::Echo(text) => {
                let number = self.echoes.fetch_add(1, Ordering::Relaxed);
                self.fail(&echo(text, number));
            }
            _ => return Err(Unable::because("the provider has no such answer")),
        }
        Ok(())
    }

    fn authentications(&self) -> Result<usize, Unable> {
        Ok(self.provider.count(Kind::Token))
    }

    fn lifetime(&self) -> Result<Option<Duration>, Unable> {
        Ok(Some(Duration::from_secs(3600)))
    }

    fn set_lifetime(&self, lifetime: Duration) -> Result<(), Unable> {
        self.provider.set_lifetime(lifetime);
        Ok(())
    }

    fn interactions(&self) -> Result<usize, Unable> {
        Ok(0)
    }

    async fn admits(&self, session: &SessionHandle) -> Result<bool, Unable> {
        Ok(Client::new(session).get("/users/self").send().await.is_ok())
    }

    fn others(&self) -> Vec<SessionHandle> {
        let elsewhere = MarqueeEnvironment::custom(
            "test",
            self.provider.api().as_str(),
            "https://idp.example.com/token",
        );
        let others = [
            self.builder("another"),
            self.builder(ID).scope(Scope::ExecuteTrades),
            self.builder(ID).without_default_scopes(),
            Marquee::client_credentials(elsewhere.unwrap(), ID, self.secret.as_str()),
        ];
        others.map(|other| other.open().unwrap()).into()
    }

    fn secrets(&self) -> Vec<String> {
        let mut secrets = vec![self.secret.clone()];
        secrets.extend(self.provider.issued().into_iter().step_by(20));
        secrets
    }

    fn visible(&self) -> Vec<Box<dyn Debug>> {
        let client = Client::new(&self.session());
        let request = client.post("/x").query("q", &*self.secret);
        let request = request.header("x-own", &*self.secret).json(&self.secret);
        vec![
            Box::new(self.builder(ID)),
            Box::new(self.builder(ID).build().unwrap()),
            Box::new(client),
            Box::new(request),
        ]
    }
}

/// One of the answers that have room for a text.
fn echo(text: &str, number: usize) -> Outage {
    let body = match number % 4 {
        0 => json!({ "error": "invalid_client", "error_description": text }),
        1 => json!({ "error": text }),
        2 => json!({ "access_token": "t", "token_type": text }),
        _ => json!({ "access_token": [text] }),
    };
    let status = [StatusCode::BAD_REQUEST, StatusCode::OK][number % 2];
    Outage::json(status, body.to_string())
}

/// What was given to a session: a token, or, with `COOKIES`, a cookie and a CSRF token. By a program that has a new one each
/// time, as those have that know how to get one.
pub struct Given<const COOKIES: bool> {
    folder: TempDir,
    secrets: [String; 2],
}

impl<const COOKIES: bool> Given<COOKIES> {
    fn builder(&self) -> MarqueeBuilder {
        let environment = MarqueeEnvironment::custom(
            "test",
            "https://api.example.com",
            "https://idp.example.com/token",
        );
        let [first, second] = ["first", "second"].map(|name| {
            let file = self.folder.path().join(name);
            let script = r#"printf %s- "$(cat "$0")"; mktemp -u XXXXXXXXXX"#;
            SecretSource::command(["sh", "-c", script, file.to_str().unwrap()])
        });
        if COOKIES {
            Marquee::gssso(environment.unwrap(), first).csrf_token(second)
        } else {
            Marquee::token(environment.unwrap(), first)
        }
    }
}

impl<const COOKIES: bool> Subject for Given<COOKIES> {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let secrets = [canary(), canary()];
        for (name, secret) in ["first", "second"].iter().zip(&secrets) {
            fs::write(folder.path().join(name), secret).unwrap();
        }
        Self { folder, secrets }
    }

    fn session(&self) -> SessionHandle {
        self.builder().open().unwrap()
    }

    fn answer(&self, answer: Answer<'_>) -> Result<(), Unable> {
        match answer {
            Answer::Accept => Ok(()),
            _ => Err(Unable::because("nobody is asked about what was given")),
        }
    }

    fn lifetime(&self) -> Result<Option<Duration>, Unable> {
        Ok(None)
    }

    fn interactions(&self) -> Result<usize, Unable> {
        Ok(0)
    }

    fn secrets(&self) -> Vec<String> {
        self.secrets.to_vec()
    }

    fn visible(&self) -> Vec<Box<dyn Debug>> {
        vec![
            Box::new(self.builder()),
            Box::new(self.builder().build().unwrap()),
        ]
    }
}
