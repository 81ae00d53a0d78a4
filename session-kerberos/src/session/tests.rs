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
    let session = SessionHandle::builder(session).clock(MockClock::new());
    (session.jitter(|| 1.0).build(), mechanism)
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
    mechanism.keeps_tickets.store(true, Ordering::SeqCst);
    session.init().await.unwrap();
    authorize(&session, None).await.unwrap();
    authorize_at_once(&session).await;
}

async fn authorize_at_once(session: &SessionHandle) {
    tokio::select! {
        biased;
        outcome = authorize(session, None) => drop(outcome.unwrap()),
        () = std::future::ready(()) => panic!("it waits"),
    }
}

/// A session with a ticket for its service, that has been renewed before its tickets have ended.
async fn renewed(is_renewable: bool, is_silent: bool) -> (SessionHandle, Arc<Fake>) {
    let mechanism = Arc::new(Fake::default());
    mechanism.keeps_tickets.store(true, Ordering::SeqCst);
    mechanism.is_renewable.store(is_renewable, Ordering::SeqCst);
    let builder = Kerberos::keytab("x.keytab").api("https://api.example.com/");
    let mut session = builder.build().unwrap();
    session.mechanism = Arc::clone(&mechanism) as _;
    let clock = MockClock::new();
    let session = SessionHandle::builder(session).clock(clock.clone());
    let session = session.jitter(|| 1.0).build();
    session.init().await.unwrap();
    authorize(&session, None).await.unwrap();
    mechanism.is_silent.store(is_silent, Ordering::SeqCst);
    clock.advance(Duration::from_secs(3590));
    authorize_at_once(&session).await;
    let mut changes = session.changes();
    while session.status().generation < 2 {
        changes.next().await.unwrap();
    }
    (session, mechanism)
}

#[tokio::test]
async fn a_renewal_gets_tickets_for_the_services_in_use_too() {
    for is_renewable in [true, false] {
        let (session, mechanism) = renewed(is_renewable, false).await;
        // Nobody waits for them, so that they may come later than the renewal.
        while !mechanism.initiators.lock().unwrap().contains(&2) {
            tokio::task::yield_now().await;
        }
        authorize_at_once(&session).await;
        // What the renewal needs may come before the request that it was due at.
        let mut initiators = mechanism.initiators.lock().unwrap().clone();
        initiators.sort_unstable();
        assert_eq!(initiators, [1, 1, 2, 2]);
    }
}

#[tokio::test]
async fn what_a_renewal_gets_no_ticket_for_goes_on_with_that_from_before() {
    for is_renewable in [true, false] {
        let (session, mechanism) = renewed(is_renewable, true).await;
        authorize_at_once(&session).await;
        assert_eq!(*mechanism.initiators.lock().unwrap(), [1, 1, 1]);
    }
}

#[tokio::test]
async fn a_renewal_waits_for_no_ticket_of_a_service_in_use() {
    let mechanism = Arc::new(Fake::default());
    mechanism.keeps_tickets.store(true, Ordering::SeqCst);
    let builder = Kerberos::keytab("x.keytab").api("https://api.example.com/");
    let mut session = builder.build().unwrap();
    session.mechanism = Arc::clone(&mechanism) as _;
    let clock = MockClock::new();
    let session = SessionHandle::builder(session).clock(clock.clone());
    let session = session.jitter(|| 1.0).build();
    session.init().await.unwrap();
    authorize(&session, None).await.unwrap();
    let hold = mechanism.hang();
    clock.advance(Duration::from_secs(3590));
    let mut changes = session.changes();
    authorize_at_once(&session).await;
    while session.status().generation < 2 {
        changes.next().await.unwrap();
    }
    authorize_at_once(&session).await;
    assert_eq!(*mechanism.initiators.lock().unwrap(), [1, 1, 1]);
    drop(hold);
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
    assert_eq!(session.status().generation, 2);
}

#[tokio::test]
async fn tickets_that_end_before_their_time_are_replaced_for_a_proxy_too() {
    let proxy = session_core::Proxy::new("http://proxy.example.com:3128/").unwrap();
    let environment = session_core::BasicEnvironment::new("qa").proxy(proxy.with_session_login());
    let builder = Kerberos::keytab("x.keytab").environment(environment);
    let mut session = builder.build().unwrap();
    let mechanism = Arc::new(Fake::default());
    session.mechanism = Arc::clone(&mechanism) as _;
    let session = SessionHandle::new(session);
    session.init().await.unwrap();
    mechanism.ended.store(1, Ordering::SeqCst);
    let (_, receipt) = session.authorize_proxy().await.unwrap().unwrap();
    assert_eq!(receipt.generation(), 2);
}

#[tokio::test]
async fn where_tickets_that_have_ended_cannot_be_replaced_all_who_ask_get_that_error() {
    let (session, mechanism) = faked(Kerberos::keytab("x.keytab").principal("svc"));
    session.init().await.unwrap();
    mechanism.ended.store(usize::MAX, Ordering::SeqCst);
    mechanism.is_unreachable.store(true, Ordering::SeqCst);
    let requests = (0..10).map(|_| {
        let session = session.clone();
        tokio::spawn(async move { authorize(&session, None).await })
    });
    for request in requests.collect::<Vec<_>>() {
        let error = request.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    }
    assert_eq!(mechanism.acquisitions.load(Ordering::SeqCst), 2);
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
    assert!(std::error::Error::source(&error).is_none(), "{error:?}");
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
    // Once it is right again, and somebody says so, the session goes on.
    mechanism.is_denied.store(false, Ordering::SeqCst);
    mechanism.ended.store(0, Ordering::SeqCst);
    let mut changes = session.changes();
    session.init().await.unwrap();
    while session.status().generation < 2 {
        changes.next().await.unwrap();
    }
    mechanism.ended.store(1, Ordering::SeqCst);
    authorize(&session, None).await.unwrap();
    assert_eq!(mechanism.acquisitions.load(Ordering::SeqCst), 4);
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
