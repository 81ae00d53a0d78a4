//! What takes time, on a clock that is moved by hand.

use std::{collections::BTreeMap, fmt, time::Duration};

use session_kit::{
    Clock as _, Error, ErrorKind, SessionBuilder, SessionHandle, State,
    http::{Client, reqwest::StatusCode},
    mock::{Entry, Kind, MockClock, MockExecutor, Outage, Provider},
    oauth::{AuthorizationServer, OAuth},
};
use tokio::task::JoinSet;

use super::{
    received::{last, of_kind},
    running::Running,
    teller::{self, Teller},
    work::{CALLERS, TASKS, ask, finish, outcomes, work},
};
use crate::{
    failure::Failure,
    output::{CODE, DIM},
};

const LIFETIME: Duration = Duration::from_secs(60);

/// A third environment: its provider and its session live by one clock.
pub(crate) struct Staging {
    pub(crate) running: Running,
    clock: MockClock,
    session: SessionHandle,
}

impl Staging {
    pub(crate) fn start() -> Result<Self, Failure> {
        let clock = MockClock::new();
        let provider = Provider::builder().clock(clock.clone()).lifetime(LIFETIME);
        let running = Running::of("staging", provider)?;
        let provider = &running.provider;
        let idp = AuthorizationServer::issuer(provider.issuer().as_str());
        let oauth = OAuth::client_credentials(idp, provider.client_id(), provider.client_secret())
            .environment(running.environment()?)
            .scope("read")
            .build()?;
        let session = SessionHandle::builder(oauth)
            .clock(clock.clone())
            .executor(MockExecutor::new(&clock))
            .build();
        Ok(Self {
            running,
            clock,
            session,
        })
    }

    pub(crate) async fn close(&self) -> Result<(), Failure> {
        Ok(self.session.close().await?)
    }

    /// A renewal takes its time, and nobody waits for it.
    pub(crate) async fn renew_ahead(&self, teller: &mut Teller) -> Result<(), Failure> {
        teller.step(
            "A token is renewed ahead; nobody waits for it",
            "let staging = SessionHandle::builder(oauth).clock(clock.clone()).build();",
        )?;
        teller::say(format_args!(
            "   {DIM}staging, a third provider, lives by this clock too. The demo moves it by hand; a token lasts a minute.{DIM:#}"
        ))?;
        self.session.init().await?;
        let opened = "POST /token → 200, token 1";
        self.fact(
            teller,
            opened,
            last(&self.running, 1),
            vec![opened.to_owned()],
        )?;
        let hold = self.running.provider.hold_tokens();
        self.clock.advance(Duration::from_secs(55));
        let answered = self.call(20).await?;
        // The request for it is on its way from another thread.
        self.received(2).await;
        self.fact(
            teller,
            format_args!(
                "{TASKS} tasks made {} calls: all answered 200, with token 1",
                TASKS * 20
            ),
            answered,
            BTreeMap::from([(1, TASKS * 20)]),
        )?;
        let log = self.running.provider.log();
        let renewal: Vec<_> = of_kind(&log, Kind::Token)
            .skip(1)
            .map(Entry::status)
            .collect();
        self.fact(
            teller,
            "the first of them had token 2 asked for: the provider has yet to answer",
            renewal,
            vec![None],
        )?;
        hold.release();
        self.settled().await;
        self.fact(
            teller,
            "it answers: calls go with token 2",
            self.call(1).await?,
            BTreeMap::from([(2, TASKS)]),
        )?;
        self.fact(
            teller,
            "2 token requests in all",
            self.running.count(Kind::Token),
            2,
        )
    }

    /// The provider fails in one way after the other; while the token is good, nobody is the wiser.
    pub(crate) async fn outlive(&self, teller: &mut Teller) -> Result<(), Failure> {
        teller.step(
            "The provider is down; nobody need notice while the token lasts",
            r#"client.get("orders").send().await?;"#,
        )?;
        let provider = &self.running.provider;
        let before = self.running.count(Kind::Token);
        // Each of these is tried once: then comes a pause, of up to a second, two, four.
        for (wait, outage, what) in [
            (
                53,
                Outage::status(StatusCode::SERVICE_UNAVAILABLE),
                "renewal is due, the provider answers 503",
            ),
            (1, Outage::reset(), "it resets the connection"),
            (
                2,
                Outage::answer_lost(),
                "it issues token 3, and the answer is lost",
            ),
        ] {
            provider.fail(Kind::Token, outage);
            self.clock.advance(Duration::from_secs(wait));
            let answered = self.call(2).await?;
            self.settled().await;
            self.fact(
                teller,
                format_args!("{what}: {} calls answered 200, with token 2", TASKS * 2),
                answered,
                BTreeMap::from([(2, TASKS * 2)]),
            )?;
        }
        self.fact(
            teller,
            "3 token requests, one for each of these",
            self.running.count(Kind::Token) - before,
            3,
        )?;
        self.expire(teller).await?;
        self.recover(teller).await
    }

    async fn expire(&self, teller: &mut Teller) -> Result<(), Failure> {
        self.running.provider.fail(Kind::Token, Outage::hang());
        self.clock.advance(Duration::from_secs(4));
        self.fact(
            teller,
            "token 2 has expired",
            self.session.status().state,
            State::Expired,
        )?;
        let before = self.running.count(Kind::Token);
        let waiting = ask(&self.session).await;
        self.received(before + 1).await;
        self.fact(
            teller,
            format_args!("the provider hangs: {CALLERS} tasks wait for 1 token request"),
            (waiting.len(), self.running.count(Kind::Token) - before),
            (CALLERS, 1),
        )?;
        self.clock.advance(SessionBuilder::TIME_LIMIT);
        let errors = outcomes(waiting).await?;
        let told = |error: &Error| (error.kind(), error.to_string());
        let first = errors[0].as_ref().err().map(told);
        let alike = errors
            .iter()
            .filter(|error| error.as_ref().err().map(told) == first)
            .count();
        self.fact(
            teller,
            format_args!("it is given up: all {CALLERS} get the same error, to try again later"),
            (alike, first.map(|(kind, _)| kind)),
            (CALLERS, Some(ErrorKind::Unavailable)),
        )?;
        let later = outcomes(ask(&self.session).await).await?;
        let told_to_wait = later
            .iter()
            .filter(|error| {
                error
                    .as_ref()
                    .is_err_and(|error| error.retry_after().is_some())
            })
            .count();
        self.fact(
            teller,
            format_args!("{CALLERS} more fail at once, told how long to wait: nothing is sent"),
            (told_to_wait, self.running.count(Kind::Token) - before),
            (CALLERS, 1),
        )
    }

    async fn recover(&self, teller: &mut Teller) -> Result<(), Failure> {
        self.running.provider.recover(Kind::Token);
        // The longest pause after four failures.
        self.clock.advance(Duration::from_secs(8));
        let before = self.running.count(Kind::Token);
        let got = outcomes(ask(&self.session).await).await?;
        self.fact(
            teller,
            format_args!("the provider is back, the pause over: {CALLERS} tasks have a token by 1 token request"),
            (
                got.iter().filter(|outcome| outcome.is_ok()).count(),
                self.running.count(Kind::Token) - before,
            ),
            (CALLERS, 1),
        )?;
        self.fact(
            teller,
            "calls go with token 4",
            self.call(1).await?,
            BTreeMap::from([(4, TASKS)]),
        )
    }

    /// Has tasks call the API so often each, and tells how many calls were answered with status 200, by their tokens.
    async fn call(&self, each: usize) -> Result<BTreeMap<usize, usize>, Failure> {
        let before = self.running.provider.log().len();
        let mut tasks = JoinSet::new();
        for _ in 0..TASKS {
            let client = Client::new(&self.session);
            tasks.spawn(async move { work(&client, each).await });
        }
        finish(tasks).await?;
        let log = self.running.provider.log();
        let mut answered = BTreeMap::new();
        for entry in of_kind(&log[before..], Kind::Api) {
            if let (Some(StatusCode::OK), Some(token)) = (entry.status(), entry.token()) {
                *answered.entry(token).or_default() += 1;
            }
        }
        Ok(answered)
    }

    /// Waits until the provider has so many token requests.
    async fn received(&self, count: usize) {
        let has = |log: &[Entry]| of_kind(log, Kind::Token).count() >= count;
        self.running.provider.wait_for(has).await;
    }

    /// Waits until the renewal under way has ended.
    async fn settled(&self) {
        let mut changes = self.session.changes();
        while self.session.status().is_renewing {
            changes.next().await;
        }
    }

    /// A fact, with the time at which it was one.
    fn fact<T: PartialEq + fmt::Debug>(
        &self,
        teller: &mut Teller,
        fact: impl fmt::Display,
        found: T,
        expected: T,
    ) -> Result<(), Failure> {
        let now = self.clock.monotonic().as_secs();
        let (minutes, seconds) = (now / 60, now % 60);
        teller.fact(
            format_args!("{CODE}{minutes}:{seconds:02}{CODE:#}  {fact}"),
            found,
            expected,
        )
    }
}
