//! A backend that hands out numbered tokens.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::HeaderValue;
use session_core::{
    BasicEnvironment, Cause, Credential, Environment, Error, ErrorKind, Result, Secret, Session,
    SessionHandle,
};
use url::Url;

/// Its tokens are `s3cr3t-1`, `s3cr3t-2` and so on, unless there is a script.
#[derive(Debug)]
pub struct Tokens {
    environment: BasicEnvironment,
    calls: Arc<Calls>,
    script: Vec<String>,
}

/// What a backend was asked to do.
#[derive(Debug, Default)]
pub struct Calls {
    made: Mutex<Vec<&'static str>>,
    refused_with: Mutex<Vec<String>>,
    fails: Mutex<Option<ErrorKind>>,
}

impl Calls {
    pub fn made(&self) -> Vec<&'static str> {
        self.made.lock().unwrap().clone()
    }

    /// The schemes of the challenges that came with refusals.
    pub fn refused_with(&self) -> Vec<String> {
        self.refused_with.lock().unwrap().clone()
    }

    /// From now on, authentication fails.
    pub fn fail(&self, kind: ErrorKind) {
        *self.fails.lock().unwrap() = Some(kind);
    }

    fn authenticate(&self, call: &'static str) -> Result<usize> {
        let mut made = self.made.lock().unwrap();
        made.push(call);
        match *self.fails.lock().unwrap() {
            Some(kind) => Err(Error::new(kind, "told to fail")),
            None => Ok(made.len()),
        }
    }
}

impl Tokens {
    pub fn new(environment: BasicEnvironment) -> (Self, Arc<Calls>) {
        let calls = Arc::new(Calls::default());
        let tokens = Self {
            environment,
            calls: Arc::clone(&calls),
            script: Vec::new(),
        };
        (tokens, calls)
    }

    /// With these tokens, one after the other; then the last one again and again.
    pub fn scripted(self, script: Vec<String>) -> Self {
        Self { script, ..self }
    }

    fn credential(&self, number: usize) -> Credential {
        let scripted = self.script.get(number - 1).or(self.script.last()).cloned();
        credential(
            number,
            scripted.unwrap_or_else(|| format!("s3cr3t-{number}")),
        )
    }
}

#[async_trait]
impl Session for Tokens {
    fn scheme(&self) -> &'static str {
        "tokens"
    }

    fn environment(&self) -> &dyn Environment {
        &self.environment
    }

    async fn init(&self) -> Result<Credential> {
        let number = self.calls.authenticate("init")?;
        Ok(self.credential(number))
    }

    async fn renew(&self, _: &Credential, why: Cause<'_>) -> Result<Credential> {
        if let Cause::Refused(challenges) = why {
            let mut schemes = self.calls.refused_with.lock().unwrap();
            schemes.extend(challenges.iter().map(|it| it.scheme().to_owned()));
        }
        let number = self.calls.authenticate("renew")?;
        Ok(self.credential(number))
    }

    /// The same that servers get.
    async fn authorize_proxy(
        &self,
        credential: &Credential,
        _: &Url,
    ) -> Result<Option<HeaderValue>> {
        let value = credential.header(&http::header::AUTHORIZATION);
        Ok(value.and_then(|value| HeaderValue::from_bytes(value.expose()).ok()))
    }
}

fn credential(number: usize, token: String) -> Credential {
    Credential::headers([
        (
            http::header::AUTHORIZATION,
            Secret::prefixed("Bearer ", token),
        ),
        (
            http::HeaderName::from_static("x-csrf-token"),
            Secret::new(format!("s3cr3t-csrf-{number}")),
        ),
    ])
}

pub fn environment(api: &str) -> BasicEnvironment {
    BasicEnvironment::new("test").service("api", api).unwrap()
}

/// An open session for the API at this address.
pub async fn open(api: &str) -> (SessionHandle, Arc<Calls>) {
    let (tokens, calls) = Tokens::new(environment(api));
    let session = SessionHandle::new(tokens);
    session.init().await.unwrap();
    (session, calls)
}
