//! A KDC that is down, or silent, and comes back.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use session_core::{ErrorKind, Outgoing, SessionBuilder, SessionHandle, State};
use session_kerberos::KerberosBuilder;
use session_mock::{MockClock, MockExecutor};

use crate::{
    gate::{Asked, Conduct, Gate},
    libraries::{HEIMDAL, MIT},
    realm::{request, user},
};

/// Open, by a clock to move, with nothing left to chance.
pub(crate) async fn opened(builder: KerberosBuilder) -> (SessionHandle, MockClock) {
    let clock = MockClock::new();
    let session = SessionHandle::builder(builder.build().unwrap())
        .clock(clock.clone())
        .executor(MockExecutor::new(&clock))
        .jitter(|| 1.0)
        .build();
    session.init().await.unwrap();
    (session, clock)
}

pub(crate) async fn until(session: &SessionHandle, is_so: impl Fn(&session_core::Status) -> bool) {
    let mut changes = session.changes();
    while !is_so(&session.status()) {
        changes.next().await.unwrap();
    }
}

pub(crate) async fn authorize(
    session: &SessionHandle,
) -> session_core::Result<session_core::Receipt> {
    authorize_to(session, "api").await
}

pub(crate) async fn authorize_to(
    session: &SessionHandle,
    service: &str,
) -> session_core::Result<session_core::Receipt> {
    let url = session.environment().url(service).unwrap();
    let mut head = http::Request::new(()).into_parts().0;
    session.authorize(Outgoing::new(url, &mut head)).await
}

#[tokio::test]
async fn while_the_kdc_is_down_tickets_go_on_and_when_it_is_back_so_does_the_session() {
    let gate = Gate::take();
    let (session, clock) = opened(gate.by_keytab()).await;
    let lifetime = session.credential().await.unwrap().lifetime().unwrap();
    assert_eq!(user(&session, "api", "").await, gate.principal());
    gate.take_down();

    // A renewal ahead fails, and nobody notices.
    clock.advance(lifetime.checked_sub(Duration::from_secs(60)).unwrap());
    assert_eq!(user(&session, "api", "").await, gate.principal());
    until(&session, |status| status.failure.is_some()).await;
    let failure = session.status().failure.unwrap();
    assert_eq!(failure.kind(), ErrorKind::Unavailable, "{failure}");
    assert!(failure.to_string().contains("no KDC"), "{failure}");
    assert_eq!(user(&session, "api", "").await, gate.principal());

    // Without a ticket, there is that error, and nobody is asked in vain.
    clock.advance(Duration::from_secs(120));
    let error = request(&session, "api", "").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    let before = gate.asked();
    gate.set(Conduct::Open);
    let error = request(&session, "api", "").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert_eq!(gate.asked(), before, "asked during the pause");

    clock.advance(Duration::from_secs(60));
    assert_eq!(user(&session, "api", "").await, gate.principal());
    assert_eq!(session.status().state, State::Open);
    assert_eq!(session.status().generation, 2);
}

#[tokio::test]
async fn while_the_kdc_is_silent_all_wait_for_one_attempt_and_none_for_long() {
    let gate = Gate::take();
    let (session, clock) = opened(gate.by_password()).await;
    let lifetime = session.credential().await.unwrap().lifetime().unwrap();
    assert_eq!(user(&session, "api", "").await, gate.principal());
    gate.set(Conduct::Silent);
    let before = gate.asked();
    clock.advance(lifetime + Duration::from_secs(1));
    let requests: Vec<_> = (0..20)
        .map(|_| {
            let session = session.clone();
            tokio::spawn(async move { authorize(&session).await.map(drop) })
        })
        .collect();
    gate.until_asked(|asked| asked != before).await;
    clock.sleeper(SessionBuilder::TIME_LIMIT).await;
    clock.advance(SessionBuilder::TIME_LIMIT);
    for request in requests {
        let error = request.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    }
    let all = |asked: Asked| asked.authentications + asked.tickets;
    assert_eq!(all(gate.asked()), all(before) + 1);

    gate.set(Conduct::Open);
    clock.advance(Duration::from_secs(60));
    assert_eq!(user(&session, "api", "").await, gate.principal());
    assert_eq!(session.status().generation, 2);
}

#[tokio::test]
async fn a_kdc_that_is_down_for_a_service_is_an_outage_and_nothing_is_renewed() {
    let gate = Gate::take();
    let (session, _) = opened(gate.by_keytab()).await;
    // There is no ticket for the service yet.
    gate.take_down();
    for _ in 0..2 {
        let error = request(&session, "api", "").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        assert!(error.to_string().contains("no KDC"), "{error}");
    }
    gate.set(Conduct::Open);
    assert_eq!(user(&session, "api", "").await, gate.principal());
    assert_eq!(session.status().generation, 1);
    assert_eq!(gate.asked().authentications, 1);
}

#[tokio::test]
async fn a_hundred_first_requests_ask_the_kdc_once() {
    let gate = Gate::take();
    let session = gate.by_keytab().open().unwrap();
    gate.set(Conduct::Silent);
    let request = |session: SessionHandle| async move {
        session.init().await.unwrap();
        user(&session, "api", "").await
    };
    let requests: Vec<_> = (0..100)
        .map(|_| tokio::spawn(request(session.clone())))
        .collect();
    gate.until_asked(|asked| asked.authentications > 0).await;
    gate.set(Conduct::Open);
    for request in requests {
        assert_eq!(request.await.unwrap(), gate.principal());
    }
    let asked = gate.asked();
    assert_eq!((asked.authentications, asked.tickets), (1, 1));
    assert_eq!(session.status().generation, 1);
}

#[tokio::test]
async fn a_hundred_requests_to_a_silent_kdc_are_one_question_and_one_error() {
    let gate = Gate::take();
    let (session, _) = opened(gate.by_keytab()).await;
    gate.set(Conduct::Silent);
    let mut requests: Vec<_> = (0..100).map(|_| Box::pin(authorize(&session))).collect();
    for request in &mut requests {
        let mut context = Context::from_waker(Waker::noop());
        assert!(request.as_mut().poll(&mut context).is_pending());
    }
    gate.until_asked(|asked| asked.tickets > 0).await;
    gate.set(Conduct::HangsUp);
    for request in requests {
        let error = request.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    }
    assert_eq!(gate.asked().tickets, 1);
}

#[tokio::test]
async fn after_a_renewal_too_a_service_in_use_waits_for_no_kdc() {
    for library in [MIT, HEIMDAL] {
        let gate = Gate::take();
        let (session, clock) = opened(gate.by_keytab().library(library)).await;
        let lifetime = session.credential().await.unwrap().lifetime().unwrap();
        assert_eq!(user(&session, "api", "").await, gate.principal());
        clock.advance(lifetime.checked_sub(Duration::from_secs(60)).unwrap());
        assert_eq!(user(&session, "api", "").await, gate.principal());
        until(&session, |status| status.generation == 2).await;
        gate.set(Conduct::Silent);
        assert!(is_authorized_at_once(&session), "{library}");
        assert_eq!(user(&session, "api", "").await, gate.principal());
    }
}

pub(crate) fn is_authorized_at_once(session: &SessionHandle) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    let authorized = pin!(authorize(session)).poll(&mut context);
    matches!(authorized, Poll::Ready(Ok(_)))
}

/// On this one thread: whoever blocked it would keep the other task from letting the KDC answer.
#[tokio::test(flavor = "current_thread")]
async fn while_the_kdc_is_silent_the_thread_of_a_runtime_does_other_things() {
    let gate = Gate::take();
    let session = gate.by_keytab().open().unwrap();
    gate.set(Conduct::Silent);
    let another = async |asked: fn(Asked) -> bool| {
        gate.until_asked(asked).await;
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        gate.set(Conduct::Open);
    };
    let (opened, ()) = tokio::join!(session.init(), another(|asked| asked.authentications > 0));
    opened.unwrap();
    gate.set(Conduct::Silent);
    let (authorized, ()) = tokio::join!(authorize(&session), another(|asked| asked.tickets > 0));
    authorized.unwrap();
}
