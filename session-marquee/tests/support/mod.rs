//! What the kits need to know of this backend, and what its tests have in common.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test program uses a part of it"
)]

pub mod wire;

use std::{fmt::Debug, fs, time::Duration};

use session_core::{Error, Secret, SecretSource, SessionHandle};
use session_marquee::{Client, Marquee, MarqueeBuilder, MarqueeEnvironment, Scope};
use session_mock::{
    Answer, Counterpart, Entry, Kind, Provider, ProviderBuilder, Subject, Unable, canary,
};
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

/// An application, with the embedded provider; one that asks for the notice, where it `TELLS`.
pub struct Application<const TELLS: bool = false>(Counterpart);

impl<const TELLS: bool> Application<TELLS> {
    /// With a provider that is like no other.
    pub fn over(provider: ProviderBuilder) -> Self {
        let client = session_mock::Client::new(ID, canary()).scopes(Scope::ALL);
        Self(Counterpart::start(provider, client).unwrap())
    }

    fn builder(&self, id: &str) -> MarqueeBuilder {
        self.builder_in(environment(self.0.provider()), id)
    }

    fn builder_in(&self, environment: MarqueeEnvironment, id: &str) -> MarqueeBuilder {
        let secret = self.0.provider().client_secret();
        Marquee::client_credentials(environment, id, secret).activity(TELLS)
    }
}

impl<const TELLS: bool> Subject for Application<TELLS> {
    fn start() -> Self {
        Self::over(Provider::builder())
    }

    fn session(&self) -> SessionHandle {
        self.builder(ID).open().unwrap()
    }

    fn answer(&self, answer: Answer<'_>) -> Result<(), Unable> {
        self.0.answer(answer)
    }

    fn authentications(&self) -> Result<usize, Unable> {
        Ok(self.0.authentications())
    }

    fn lifetime(&self) -> Result<Option<Duration>, Unable> {
        Ok(Some(Counterpart::LIFETIME))
    }

    fn set_lifetime(&self, lifetime: Duration) -> Result<(), Unable> {
        self.0.provider().set_lifetime(lifetime);
        Ok(())
    }

    fn interactions(&self) -> Result<usize, Unable> {
        Ok(0)
    }

    async fn admits(&self, session: &SessionHandle) -> Result<bool, Unable> {
        Ok(Client::new(session).get("/users/self").send().await.is_ok())
    }

    fn others(&self) -> Vec<SessionHandle> {
        let api = self.0.provider().api().as_str();
        let elsewhere = MarqueeEnvironment::custom("test", api, "https://idp.example.com/token");
        let others = [
            self.builder("another"),
            self.builder(ID).scope(Scope::ExecuteTrades),
            self.builder(ID).without_default_scopes(),
            self.builder_in(elsewhere.unwrap(), ID),
        ];
        others.map(|other| other.open().unwrap()).into()
    }

    fn secrets(&self) -> Vec<String> {
        self.0.secrets()
    }

    fn visible(&self) -> Vec<Box<dyn Debug>> {
        let client = Client::new(&self.session());
        let secret = self.0.provider().client_secret();
        let request = client.post("/x").query("q", secret);
        let request = request.header("x-own", secret).json(&secret);
        vec![
            Box::new(self.builder(ID)),
            Box::new(self.builder(ID).build().unwrap()),
            Box::new(client),
            Box::new(request),
        ]
    }
}

/// A token that was given to a session.
pub const TOKEN: u8 = 0;
/// A cookie of single sign-on, and its CSRF token.
pub const GSSSO: u8 = 1;
/// The cookie of a log-in, and its CSRF token.
pub const MARQUEE_LOGIN: u8 = 2;

/// What was given to a session, by a program that has a new one each time, as those have that know how to get one.
pub struct Given<const WHAT: u8> {
    folder: TempDir,
    secrets: [String; 2],
}

impl<const WHAT: u8> Given<WHAT> {
    fn builder(&self) -> MarqueeBuilder {
        let environment = MarqueeEnvironment::custom(
            "test",
            "https://api.example.com",
            "https://idp.example.com/token",
        );
        let environment = environment.unwrap();
        let [first, second] = ["first", "second"].map(|name| {
            let file = self.folder.path().join(name);
            let script = r#"printf %s- "$(cat "$0")"; mktemp -u XXXXXXXXXX"#;
            SecretSource::command(["sh", "-c", script, file.to_str().unwrap()])
        });
        match WHAT {
            TOKEN => Marquee::token(environment, first),
            GSSSO => Marquee::gssso(environment, first).csrf_token(second),
            _ => Marquee::marquee_login(environment, first).csrf_token(second),
        }
    }
}

impl<const WHAT: u8> Subject for Given<WHAT> {
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
