//! Sessions that are looked at.

use std::{sync::Mutex, time::Duration};

use async_trait::async_trait;
use session_core::{
    BasicEnvironment, BoxFuture, Credential, Environment, ErrorKind, Executor, Finding, Health,
    Result, Session, SessionHandle, State,
};
use session_mock::{Call, MockClock, MockExecutor, MockSession};

/// Finds on which thread it was asked, and with which credential.
#[derive(Debug)]
struct Patient {
    environment: BasicEnvironment,
    conduct: Conduct,
}

#[derive(Debug)]
enum Conduct {
    Answers,
    Hangs,
    Panics,
}

impl Patient {
    fn new(conduct: Conduct) -> Self {
        Self {
            environment: BasicEnvironment::new("t"),
            conduct,
        }
    }
}

#[async_trait]
impl Session for Patient {
    fn scheme(&self) -> &'static str {
        "patient"
    }

    fn environment(&self) -> &dyn Environment {
        &self.environment
    }

    async fn init(&self) -> Result<Credential> {
        Ok(Credential::bearer("t").scopes(["read"]))
    }

    async fn examine(&self, credential: Option<&Credential>) -> Vec<Finding> {
        match self.conduct {
            Conduct::Answers => {}
            Conduct::Hangs => std::future::pending().await,
            Conduct::Panics => panic!("on purpose"),
        }
        let scopes = credential.map(|credential| credential.granted_scopes().join(" "));
        let thread = std::thread::current();
        vec![Finding::ok(
            "patient",
            format!("{scopes:?} on {}", thread.name().unwrap_or("?")),
        )]
    }
}

/// Drops whatever it is given.
#[derive(Debug)]
struct Gone(Mutex<usize>);

impl Executor for Gone {
    fn spawn(&self, task: BoxFuture<()>) {
        *self.0.lock().unwrap() += 1;
        drop(task);
    }

    fn sleep(&self, _: Duration) -> BoxFuture<()> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_backend_is_examined_on_the_executor_with_the_credential_in_use() {
    let session = SessionHandle::new(Patient::new(Conduct::Answers));
    let found = session.examine().await;
    assert_eq!(found, [Finding::ok("patient", "None on session-kit")]);
    assert_eq!(session.status().state, State::Closed, "it was opened");
    session.init().await.unwrap();
    let found = session.examine().await;
    let expected = Finding::ok("patient", "Some(\"read\") on session-kit");
    assert_eq!(found, [expected]);
    session.close().await.unwrap();
    let found = session.examine().await;
    assert_eq!(found, [Finding::ok("patient", "None on session-kit")]);
}

#[track_caller]
fn failed(found: &[Finding], kind: ErrorKind, words: &str) {
    let [found] = found else {
        panic!("one finding: {found:?}");
    };
    assert_eq!(found.health(), Health::Problem);
    assert_eq!(found.kind(), Some(kind), "{found}");
    assert!(found.detail().contains(words), "{found}");
}

#[tokio::test]
async fn an_examination_that_panics_or_is_dropped_is_a_finding_too() {
    let session = SessionHandle::new(Patient::new(Conduct::Panics));
    failed(&session.examine().await, ErrorKind::Protocol, "panicked");
    session.init().await.unwrap();

    let session = SessionHandle::builder(Patient::new(Conduct::Answers))
        .executor(Gone(Mutex::default()))
        .build();
    failed(&session.examine().await, ErrorKind::Unavailable, "executor");
}

#[tokio::test]
async fn an_examination_that_hangs_ends_with_the_time_limit() {
    let clock = MockClock::new();
    let session = SessionHandle::builder(Patient::new(Conduct::Hangs))
        .clock(clock.clone())
        .executor(MockExecutor::new(&clock))
        .time_limit(Duration::from_secs(5))
        .build();
    let (found, ()) = tokio::join!(session.examine(), async {
        clock.sleeper(Duration::from_secs(5)).await;
        clock.advance(Duration::from_secs(5));
    });
    failed(&found, ErrorKind::Unavailable, "5s");
}

#[tokio::test]
async fn a_mock_finds_what_it_is_told_to() {
    let mock = MockSession::bearer("t");
    let session = mock.handle();
    let [found] = session.examine().await.try_into().unwrap();
    assert_eq!(found.health(), Health::Warning, "{found}");
    let scripted = Finding::problem("licence", "has ended").with_remedy("buy another");
    mock.always_find([scripted.clone()]);
    assert_eq!(session.examine().await, [scripted]);
    assert_eq!(mock.calls(), [Call::Examine, Call::Examine]);
}
