//! A session by Kerberos.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use http::HeaderValue;
use session_core::{
    Cause, Credential, Environment, Error, ErrorKind, Exchange, Finding, Outgoing, Result,
    SecretSource, Session,
};
use url::Url;

use crate::{
    ChannelBindings, Delegation, KerberosBuilder, Mutual,
    channel_bindings::server_end_point,
    mechanism::{Acquired, Begun, Initiation, Mechanism, Principal, Wanted},
    negotiation::{self, Negotiation},
    openings::Openings,
    service_names::ServiceNames,
    source::Source,
    workers::Workers,
};

/// A session that authenticates each request by Kerberos 5 (SPNEGO, RFC 4559).
///
/// Made by [`ccache`](Self::ccache), [`default_cache`](Self::default_cache), [`keytab`](Self::keytab) or
/// [`password`](Self::password).
#[derive(Debug)]
pub struct Kerberos {
    pub(crate) environment: Box<dyn Environment>,
    pub(crate) principal: Option<String>,
    pub(crate) source: Source,
    pub(crate) service_names: ServiceNames,
    pub(crate) mutual: Mutual,
    pub(crate) delegation: Delegation,
    pub(crate) channel_bindings: ChannelBindings,
    pub(crate) workers: Arc<Workers>,
    pub(crate) mechanism: Arc<dyn Mechanism>,
}

/// What the engine holds.
pub(crate) struct State {
    current: RwLock<Arc<Held>>,
    /// For whoever replaces what is held. What the realm has said no with, it is not asked for again: failures may lock an account.
    replacing: tokio::sync::Mutex<Option<Error>>,
}

/// Somebody's tickets, and the services that there were tokens for.
pub(crate) struct Held {
    pub(crate) principal: Arc<dyn Principal>,
    openings: Openings,
}

impl State {
    fn new(principal: Arc<dyn Principal>) -> Self {
        Self {
            current: RwLock::new(Held::new(principal)),
            replacing: tokio::sync::Mutex::default(),
        }
    }

    pub(crate) fn current(&self) -> Arc<Held> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current)
    }

    fn set(&self, held: &Arc<Held>) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::clone(held);
    }
}

impl Held {
    fn new(principal: Arc<dyn Principal>) -> Arc<Self> {
        Arc::new(Self {
            principal,
            openings: Openings::default(),
        })
    }
}

impl Kerberos {
    /// Whoever is logged in: with the tickets in the default credential cache, as `kinit` leaves them. Where that is a collection,
    /// as [`ccache`](Self::ccache) has it.
    pub fn default_cache() -> KerberosBuilder {
        KerberosBuilder::new(Source::DefaultCache)
    }

    /// With the tickets in this credential cache, such as `FILE:/tmp/krb5cc_1000`, or in this collection of caches, such as
    /// `DIR:/run/user/1000/krb5cc`, `KCM:` or `KEYRING:persistent:1000`: in that of the builder's principal, or of none else in
    /// the collection's first.
    pub fn ccache(name: impl Into<String>) -> KerberosBuilder {
        KerberosBuilder::new(Source::Ccache(name.into()))
    }

    /// A service as itself, by the keys in this keytab; as the first principal in there, unless the builder is told another. A file,
    /// with or without `FILE:` before its path.
    pub fn keytab(path: impl Into<std::path::PathBuf>) -> KerberosBuilder {
        KerberosBuilder::new(Source::Keytab(path.into()))
    }

    /// A principal by its password, which is asked for at each authentication.
    pub fn password(principal: impl Into<String>, password: SecretSource) -> KerberosBuilder {
        KerberosBuilder::new(Source::Password(password)).principal(principal)
    }

    /// A credential of whoever is wanted; of `owner`, if there was one before.
    async fn acquire(&self, owner: Option<&str>, is_second: bool) -> Result<Acquired> {
        let wanted = Wanted {
            principal: self.principal.clone().or_else(|| owner.map(str::to_owned)),
            from: self.source.given().await?,
        };
        let mechanism = Arc::clone(&self.mechanism);
        let work = move |_| {
            if is_second {
                mechanism.acquire_anew(&wanted)
            } else {
                mechanism.acquire(&wanted)
            }
        };
        let acquired = self.workers.run(work).await;
        match owner {
            Some(owner) if self.principal.is_none() && self.is_by_cache() => {
                acquired.map_err(|error| of_another(&error, owner))
            }
            _ => acquired,
        }
    }

    fn is_by_cache(&self) -> bool {
        matches!(self.source, Source::DefaultCache | Source::Ccache(_))
    }

    fn credential(acquired: Acquired) -> Credential {
        tracing::debug!(
            principal = %acquired.name,
            lifetime = ?acquired.lifetime,
            "got a Kerberos credential"
        );
        let credential = Credential::per_request(State::new(acquired.principal));
        match acquired.lifetime {
            // The library counts whole seconds, and the one that has begun as well.
            Some(lifetime) => {
                credential.expires_in(lifetime.saturating_sub(Duration::from_secs(1)))
            }
            None => credential,
        }
    }

    async fn begin(&self, state: &State, initiation: Initiation) -> Result<Begun> {
        let held = state.current();
        match self.begin_with(&held, &initiation).await {
            // While this machine slept, or by a clock that was set since, the tickets have ended before their time.
            Err(error) if error.kind() == ErrorKind::Interaction => {
                tracing::debug!(%error, "tickets have ended before their time");
                let held = self.replace(state, &held).await?;
                let begun = self.begin_with(&held, &initiation).await;
                begun.map_err(|error| self.in_vain(error, &held))
            }
            begun => begun,
        }
    }

    /// What is in the place of tickets that have ended: once, for however many requests find that.
    async fn replace(&self, state: &State, ended: &Arc<Held>) -> Result<Arc<Held>> {
        let mut denied = state.replacing.lock().await;
        let current = state.current();
        if !Arc::ptr_eq(&current, ended) {
            return Ok(current);
        }
        if let Some(error) = &*denied {
            return Err(error.clone());
        }
        match self.acquire(Some(ended.principal.name()), false).await {
            Ok(acquired) => {
                let held = Held::new(acquired.principal);
                state.set(&held);
                Ok(held)
            }
            Err(error) => {
                if error.kind() == ErrorKind::Denied {
                    *denied = Some(error.clone());
                }
                Err(error)
            }
        }
    }

    /// Where tickets have ended as soon as the realm has given them, nobody has to log in.
    fn in_vain(&self, error: Error, held: &Held) -> Error {
        if error.kind() != ErrorKind::Interaction || self.is_by_cache() {
            return error;
        }
        let name = held.principal.name();
        Error::new(
            ErrorKind::Config,
            format!(
                "the Kerberos tickets of `{name}` have ended as soon as the realm gave them; the clocks differ: set those of this \
                 machine and of the KDC"
            ),
        )
        .with_source(error)
    }

    async fn begin_with(&self, held: &Held, initiation: &Initiation) -> Result<Begun> {
        if let Some(begun) = held.principal.initiate_now(initiation) {
            return Ok(begun);
        }
        let elsewhere = async || {
            let (principal, initiation) = (Arc::clone(&held.principal), initiation.clone());
            let work = move |worker| principal.initiate(worker, &initiation);
            self.workers.run(work).await
        };
        if let Some(first) = held.openings.open(&initiation.service, elsewhere()).await? {
            return Ok(first);
        }
        match held.principal.initiate_now(initiation) {
            Some(begun) => Ok(begun),
            None => elsewhere().await,
        }
    }

    pub(crate) fn initiation(&self, request: &Outgoing<'_>) -> Initiation {
        let certificate = match self.channel_bindings {
            ChannelBindings::Auto => request.peer_certificate,
            ChannelBindings::Off => None,
        };
        Initiation {
            service: self.service_names.of(request.url),
            is_mutual: self.mutual != Mutual::Off,
            delegation: self.delegation,
            channel_bindings: certificate.and_then(server_end_point),
        }
    }

    /// How long one call of the Kerberos library may take.
    pub fn kdc_timeout(&self) -> Duration {
        self.workers.limit()
    }
}

#[async_trait]
impl Session for Kerberos {
    fn scheme(&self) -> &'static str {
        "kerberos"
    }

    fn environment(&self) -> &dyn Environment {
        &*self.environment
    }

    async fn init(&self) -> Result<Credential> {
        self.acquire(None, false).await.map(Self::credential)
    }

    async fn renew(&self, stale: &Credential, why: Cause<'_>) -> Result<Credential> {
        let held = stale.state().map(State::current);
        // What was refused is got anew from its beginning: a renewed ticket has the same to say.
        let is_refused = !matches!(why, Cause::Expiring);
        if let (false, Some(held)) = (is_refused, &held) {
            let principal = Arc::clone(&held.principal);
            if let Some(renewed) = self.workers.run(move |_| principal.renew()).await? {
                return Ok(Self::credential(renewed));
            }
        }
        let owner = held.as_ref().map(|held| held.principal.name());
        self.acquire(owner, is_refused).await.map(Self::credential)
    }

    async fn examine(&self, credential: Option<&Credential>) -> Vec<Finding> {
        match credential {
            None => self.examine_means().await,
            Some(credential) => self.examine_tickets(credential).await,
        }
    }

    fn binds_to_peer(&self) -> bool {
        self.channel_bindings == ChannelBindings::Auto
    }

    async fn authorize(
        &self,
        credential: &Credential,
        request: Outgoing<'_>,
    ) -> Result<Option<Box<dyn Exchange>>> {
        let state = state(credential)?;
        let initiation = self.initiation(&request);
        let service = initiation.service.clone();
        let Begun { initiator, token } = self.begin(state, initiation).await?;
        negotiation::put(&token, request.request);
        Ok(Some(Box::new(Negotiation::new(
            initiator,
            self.mutual,
            service,
        ))))
    }

    async fn authorize_proxy(
        &self,
        credential: &Credential,
        proxy: &Url,
    ) -> Result<Option<HeaderValue>> {
        let initiation = Initiation {
            service: self.service_names.of_proxy(proxy),
            // Carriers do not see what it has to say.
            is_mutual: false,
            delegation: Delegation::Off,
            channel_bindings: None,
        };
        let Begun { token, .. } = self.begin(state(credential)?, initiation).await?;
        Ok(Some(negotiation::header(&token)))
    }
}

/// Why a session has no credential any more that is of whoever it was before.
fn of_another(error: &Error, owner: &str) -> Error {
    if error.kind() != ErrorKind::Interaction {
        return error.clone();
    }
    Error::new(
        ErrorKind::Interaction,
        format!(
            "{error}; this session is of `{owner}` and stays so: to be somebody else, close it and open it anew"
        ),
    )
}

fn state(credential: &Credential) -> Result<&State> {
    credential.state().ok_or_else(|| {
        Error::new(
            ErrorKind::Protocol,
            "the credential is none of Kerberos; use one that this session made",
        )
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use http::{Request, request::Parts};
    use session_core::SessionHandle;
    use session_mock::MockClock;

    use super::*;
    use crate::fake::Fake;

    fn faked(builder: KerberosBuilder) -> (SessionHandle, Arc<Fake>) {
        let mechanism = Arc::new(Fake::default());
        let builder = builder.api("https://api.example.com/");
        let mut session = builder.build().unwrap();
        session.mechanism = Arc::clone(&mechanism) as _;
        (SessionHandle::new(session), mechanism)
    }

    async fn authorize(session: &SessionHandle, certificate: Option<&[u8]>) -> Result<Parts> {
        let url = Url::parse("https://api.example.com/orders").unwrap();
        let mut head = Request::new(()).into_parts().0;
        let mut outgoing = Outgoing::new(&url, &mut head);
        outgoing.peer_certificate = certificate;
        session.authorize(outgoing).await?;
        Ok(head)
    }

    #[tokio::test]
    async fn a_context_is_asked_for_what_was_chosen() {
        // As little of one as shows that it is looked at.
        let certificate =
            b"\x30\x11\x30\x00\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02\x03\x01\x00";
        let (plain, mechanism) = faked(Kerberos::default_cache());
        plain.init().await.unwrap();
        authorize(&plain, Some(certificate)).await.unwrap();
        let asked = mechanism.initiations.lock().unwrap().pop().unwrap();
        assert_eq!(asked.service, "HTTP@api.example.com");
        assert!(asked.is_mutual);
        assert_eq!(asked.delegation, Delegation::Off);
        assert!(asked.channel_bindings.is_some());
        authorize(&plain, None).await.unwrap();
        let asked = mechanism.initiations.lock().unwrap().pop().unwrap();
        assert_eq!(asked.channel_bindings, None);

        let other = Kerberos::default_cache()
            .spn_of("api.example.com", "HTTP/x@EXAMPLE.COM")
            .mutual(Mutual::Off)
            .delegation(Delegation::Policy)
            .channel_bindings(ChannelBindings::Off);
        let (other, mechanism) = faked(other);
        other.init().await.unwrap();
        authorize(&other, Some(certificate)).await.unwrap();
        let asked = mechanism.initiations.lock().unwrap().pop().unwrap();
        assert_eq!(asked.service, "HTTP/x@EXAMPLE.COM");
        assert!(!asked.is_mutual);
        assert_eq!(asked.delegation, Delegation::Policy);
        assert_eq!(asked.channel_bindings, None);
    }

    #[tokio::test]
    async fn a_request_whose_token_takes_too_long_fails_and_the_next_does_not() {
        let hasty = Kerberos::default_cache().kdc_timeout(Duration::from_millis(1));
        let (session, mechanism) = faked(hasty);
        // The machine may be slow; all that this shows is what comes of a time-out.
        while session.init().await.is_err() {}
        let hold = mechanism.hang();
        let error = authorize(&session, None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        drop(hold);
        while authorize(&session, None).await.is_err() {}
        assert!(!mechanism.initiations.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_thread_waits_for_the_library_and_the_callers_does_not() {
        let (session, mechanism) = faked(Kerberos::default_cache());
        session.init().await.unwrap();
        let hold = mechanism.hang();
        // On this one thread: if the first blocked it, the second would never come to let it go.
        let (outcome, ()) = tokio::join!(authorize(&session, None), async move { drop(hold) });
        outcome.unwrap();
    }

    #[tokio::test]
    async fn a_token_that_needs_nobody_is_there_at_once() {
        let (session, mechanism) = faked(Kerberos::default_cache());
        session.init().await.unwrap();
        mechanism.is_ready.store(true, Ordering::SeqCst);
        tokio::select! {
            biased;
            outcome = authorize(&session, None) => drop(outcome.unwrap()),
            () = std::future::ready(()) => panic!("it waits"),
        }
    }

    #[tokio::test]
    async fn tickets_that_end_before_their_time_are_replaced_once_for_all_requests() {
        let (session, mechanism) = faked(Kerberos::keytab("x.keytab").principal("svc"));
        session.init().await.unwrap();
        mechanism.ended.store(1, Ordering::SeqCst);
        for _ in 0..2 {
            authorize(&session, None).await.unwrap();
            assert_eq!(mechanism.acquisitions.load(Ordering::SeqCst), 2);
        }
        assert_eq!(session.status().generation, 1);
    }

    #[tokio::test]
    async fn who_has_a_keytab_is_not_told_to_log_in_where_tickets_have_ended_at_once() {
        let (session, mechanism) = faked(Kerberos::keytab("x.keytab").principal("svc"));
        session.init().await.unwrap();
        mechanism.ended.store(2, Ordering::SeqCst);
        let error = authorize(&session, None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        let text = error.to_string();
        assert!(text.contains("clocks") && !text.contains("kinit"), "{text}");
        // Who has a cache, is.
        let (session, mechanism) = faked(Kerberos::default_cache());
        session.init().await.unwrap();
        mechanism.ended.store(2, Ordering::SeqCst);
        let error = authorize(&session, None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interaction, "{error}");
    }

    #[tokio::test]
    async fn a_password_that_is_wrong_by_now_is_not_tried_by_each_request() {
        let password = SecretSource::literal("x");
        let (session, mechanism) = faked(Kerberos::password("alice", password));
        session.init().await.unwrap();
        mechanism.ended.store(usize::MAX, Ordering::SeqCst);
        mechanism.is_denied.store(true, Ordering::SeqCst);
        for _ in 0..3 {
            let error = authorize(&session, None).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
        }
        assert_eq!(mechanism.acquisitions.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn all_that_a_session_needs_is_examined_and_then_all_that_it_has() {
        let environment = session_core::BasicEnvironment::new("qa")
            .service("api", "https://api.example.com/v1/")
            .and_then(|it| it.service("reports", "https://api.example.com/reports/"))
            .and_then(|it| it.service("feed", "wss://feed.example.com/"))
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        let builder = Kerberos::password("alice", SecretSource::file(&file));
        let mut session = builder.environment(environment).build().unwrap();
        session.mechanism = Arc::new(Fake::default());
        let session = SessionHandle::new(session);

        let found = session.examine().await;
        assert_eq!(found[0].what(), "password");
        assert_eq!(found[0].kind(), Some(ErrorKind::Config));
        let rest = ["fake", "fake KDC"].map(|what| Finding::ok(what, "alice"));
        assert_eq!(found[1..], rest);

        std::fs::write(&file, "hunter2").unwrap();
        let found = session.examine().await;
        let source = format!("secret file `{}`", file.display());
        assert_eq!(found[0], Finding::ok("password", source));
        assert_eq!(found[1..], rest);

        session.init().await.unwrap();
        let services = "HTTP@api.example.com HTTP@feed.example.com";
        assert_eq!(session.examine().await, [Finding::ok("fake", services)]);
    }

    #[tokio::test]
    async fn a_password_is_looked_up_at_each_authentication() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        let builder = Kerberos::password("alice", SecretSource::file(&file));
        let (session, mechanism) = faked(builder);
        assert_eq!(session.init().await.unwrap_err().kind(), ErrorKind::Config);
        assert_eq!(mechanism.acquisitions.load(Ordering::SeqCst), 0);
        std::fs::write(&file, "x").unwrap();
        session.init().await.unwrap();
        assert_eq!(mechanism.acquisitions.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_password_is_not_looked_up_as_long_as_renewing_will_do() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "x").unwrap();
        let mechanism = Arc::new(Fake::default());
        mechanism.is_renewable.store(true, Ordering::SeqCst);
        let builder = Kerberos::password("alice", SecretSource::file(&file));
        let mut session = builder.api("https://api.example.com/").build().unwrap();
        session.mechanism = Arc::clone(&mechanism) as _;
        let clock = MockClock::new();
        let session = SessionHandle::builder(session).clock(clock.clone()).build();
        session.init().await.unwrap();
        std::fs::remove_file(&file).unwrap();
        for renewals in 1..3 {
            clock.advance(Duration::from_secs(3600));
            authorize(&session, None).await.unwrap();
            assert_eq!(mechanism.renewals.load(Ordering::SeqCst), renewals);
        }
        assert_eq!(mechanism.acquisitions.load(Ordering::SeqCst), 1);
        // Then there is no other way.
        mechanism.is_renewable.store(false, Ordering::SeqCst);
        clock.advance(Duration::from_secs(3600));
        let error = authorize(&session, None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        std::fs::write(&file, "x").unwrap();
        session.init().await.unwrap();
        assert_eq!(mechanism.acquisitions.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn what_was_refused_is_not_renewed_but_got_anew() {
        let (session, mechanism) = faked(Kerberos::default_cache());
        mechanism.is_renewable.store(true, Ordering::SeqCst);
        session.init().await.unwrap();
        let url = Url::parse("https://api.example.com/orders").unwrap();
        let mut head = Request::new(()).into_parts().0;
        let receipt = session
            .authorize(Outgoing::new(&url, &mut head))
            .await
            .unwrap();
        session.report_refusal(&receipt, &[]).await.unwrap();
        authorize(&session, None).await.unwrap();
        assert_eq!(mechanism.renewals.load(Ordering::SeqCst), 0);
        assert_eq!(mechanism.acquisitions.load(Ordering::SeqCst), 2);
    }
}
