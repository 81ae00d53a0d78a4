//! How long a session stays open.

use std::{mem, time::Duration};

use session_kit::{Result, SessionHandle};
use tokio::time::timeout;

use crate::{
    failure::Failure,
    moment::rfc3339,
    output,
    signals::{Signal, Signals},
};

/// Opens the session, uses it, and closes it.
pub(crate) async fn for_now(
    session: SessionHandle,
    work: impl AsyncFnOnce(&SessionHandle) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut signals = catch()?;
    now(&session, async || signals.next().await, work).await
}

/// Leaves it to the work to open the session, and closes it.
pub(crate) async fn for_a_look(
    session: SessionHandle,
    work: impl AsyncFnOnce(&SessionHandle) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut signals = catch()?;
    let mut signal = async || signals.next().await;
    let outcome = unless_ended(&mut signal, work(&session)).await;
    close(&session, outcome, signal).await
}

/// Opens the session and leaves it open at the server: what was printed is the reader's now. Where printing failed,
/// nobody has it, and the session is closed.
pub(crate) async fn for_keeps(
    session: SessionHandle,
    print: impl AsyncFnOnce(&SessionHandle) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut signals = catch()?;
    keeps(session, async || signals.next().await, print).await
}

fn catch() -> Result<Signals, Failure> {
    Signals::catch().map_err(|error| {
        Failure::Unexpected(format!("the signals that end it cannot be caught: {error}"))
    })
}

async fn now(
    session: &SessionHandle,
    mut signal: impl AsyncFnMut() -> Signal,
    work: impl AsyncFnOnce(&SessionHandle) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let outcome = open_for(session, &mut signal, work).await;
    close(session, outcome, signal).await
}

async fn keeps(
    session: SessionHandle,
    mut signal: impl AsyncFnMut() -> Signal,
    print: impl AsyncFnOnce(&SessionHandle) -> Result<(), Failure>,
) -> Result<(), Failure> {
    match open_for(&session, &mut signal, print).await {
        Ok(()) => {
            // A session that is dropped open is closed.
            mem::forget(session);
            Ok(())
        }
        failed => close(&session, failed, signal).await,
    }
}

/// Opens the session and uses it, unless a signal comes first.
async fn open_for(
    session: &SessionHandle,
    signal: &mut impl AsyncFnMut() -> Signal,
    work: impl AsyncFnOnce(&SessionHandle) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let work = async {
        open(session).await?;
        work(session).await
    };
    unless_ended(signal, work).await
}

/// Does the work, unless a signal comes first.
async fn unless_ended(
    signal: &mut impl AsyncFnMut() -> Signal,
    work: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    tokio::select! {
        // What is done when the signal comes is done.
        biased;
        outcome = work => outcome,
        signal = signal() => {
            tracing::info!(?signal, "told to end");
            Err(Failure::Ended(signal))
        }
    }
}

async fn open(session: &SessionHandle) -> Result<()> {
    session.init().await?;
    let status = session.status();
    tracing::info!(
        session = status.name,
        environment = status.environment,
        expires_at = status.expires_at.map(rfc3339),
        "authenticated"
    );
    Ok(())
}

/// Closes the session, if it is open. What was asked for is done by now, whatever comes of this; only who wants the
/// command to end does not wait for long.
async fn close(
    session: &SessionHandle,
    outcome: Result<(), Failure>,
    mut signal: impl AsyncFnMut() -> Signal,
) -> Result<(), Failure> {
    let patience = match outcome {
        Err(Failure::Ended(_)) => PATIENCE,
        _ => Duration::MAX,
    };
    let (closed, outcome) = tokio::select! {
        biased;
        closed = timeout(patience, session.close()) => (closed.ok(), outcome),
        signal = signal() => (None, Err(Failure::Ended(signal))),
    };
    let name = session.name();
    match closed {
        Some(Ok(())) => tracing::info!(session = name, "closed"),
        Some(Err(error)) => output::warning(format_args!(
            "session `{name}` could not be closed at the server: {error}"
        )),
        None => output::warning(format_args!(
            "session `{name}` may still be open at the server, which has not confirmed its end"
        )),
    }
    outcome
}

/// How long the end of the session may take, once somebody wants the command to end.
const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use session_kit::{
        ErrorKind,
        mock::{Call, Gate, MockSession, Step},
    };
    use std::future::{pending, ready};

    use tokio::{runtime::Handle, task::yield_now};

    use super::*;

    /// A session whose work is done on the one thread of its test.
    fn session(mock: &MockSession) -> SessionHandle {
        mock.builder().executor(Handle::current()).build()
    }

    /// What was asked of it, also by tasks that nobody waits for.
    async fn calls(mock: &MockSession) -> Vec<Call> {
        for _ in 0..10 {
            yield_now().await;
        }
        mock.calls()
    }

    fn failed() -> Failure {
        Failure::Unexpected("as told".into())
    }

    #[tokio::test]
    async fn what_was_printed_stays_valid() {
        let mock = MockSession::bearer("t0k3n");
        for_keeps(session(&mock), async |_| Ok(())).await.unwrap();
        assert_eq!(calls(&mock).await, [Call::Init]);
    }

    #[tokio::test]
    async fn what_could_not_be_printed_is_closed() {
        let mock = MockSession::bearer("t0k3n");
        let outcome = for_keeps(session(&mock), async |_| Err(failed())).await;
        assert!(matches!(outcome, Err(Failure::Unexpected(_))));
        assert_eq!(mock.calls(), [Call::Init, Call::Close]);
    }

    #[tokio::test]
    async fn what_was_used_is_closed_whatever_came_of_it() {
        for outcome in [Ok(()), Err(failed())] {
            let mock = MockSession::bearer("t0k3n");
            let expected = outcome.is_ok();
            let outcome = for_now(session(&mock), async |_| outcome).await;
            assert_eq!(outcome.is_ok(), expected);
            assert_eq!(mock.calls(), [Call::Init, Call::Close]);
        }
    }

    #[tokio::test]
    async fn what_did_not_open_is_not_used() {
        let mock = MockSession::scripted([Step::fail(ErrorKind::Denied)]);
        let outcome = for_now(session(&mock), async |_| panic!("used")).await;
        assert!(
            matches!(outcome, Err(Failure::Session(error)) if error.kind() == ErrorKind::Denied)
        );
    }

    fn ended(outcome: &Result<(), Failure>) -> Option<Signal> {
        match outcome {
            Err(Failure::Ended(signal)) => Some(*signal),
            _ => None,
        }
    }

    #[tokio::test]
    async fn what_is_interrupted_is_closed() {
        for signal in [Signal::Interrupt, Signal::Terminate] {
            // Under way when the signal comes, and answered only then.
            let on_its_way = Gate::new();
            let mut signals = 0;
            let next = async || {
                on_its_way.arrived(1).await;
                signals += 1;
                if signals > 1 {
                    pending::<()>().await;
                }
                on_its_way.open();
                signal
            };
            let mock = MockSession::scripted([Step::bearer("t0k3n").behind(&on_its_way)]);
            let outcome = keeps(session(&mock), next, async |_| panic!("printed")).await;
            assert_eq!(ended(&outcome), Some(signal));
            assert_eq!(mock.calls(), [Call::Init, Call::Close]);
        }
    }

    #[tokio::test]
    async fn what_is_interrupted_at_work_is_closed() {
        let at_work = Gate::new();
        let mut signals = 0;
        let next = async || {
            at_work.arrived(1).await;
            signals += 1;
            if signals > 1 {
                pending::<()>().await;
            }
            Signal::Interrupt
        };
        let mock = MockSession::bearer("t0k3n");
        let work = async |_: &SessionHandle| {
            at_work.pass().await;
            Ok(())
        };
        let outcome = now(&session(&mock), next, work).await;
        assert_eq!(ended(&outcome), Some(Signal::Interrupt));
        assert_eq!(mock.calls(), [Call::Init, Call::Close]);
    }

    #[tokio::test]
    async fn a_second_signal_waits_for_nothing() {
        let mock = MockSession::scripted([Step::hang()]);
        let next = async || ready(Signal::Interrupt).await;
        let outcome = now(&session(&mock), next, async |_| panic!("used")).await;
        assert_eq!(ended(&outcome), Some(Signal::Interrupt));
    }

    #[tokio::test(start_paused = true)]
    async fn who_ends_it_does_not_wait_for_long() {
        let mock = MockSession::scripted([Step::hang()]);
        let mut signals = 0;
        let next = async || {
            signals += 1;
            if signals > 1 {
                pending::<()>().await;
            }
            Signal::Terminate
        };
        let outcome = now(&session(&mock), next, async |_| panic!("used")).await;
        assert_eq!(ended(&outcome), Some(Signal::Terminate));
    }

    #[tokio::test]
    async fn what_was_printed_as_the_signal_came_stays_valid() {
        let mock = MockSession::bearer("t0k3n");
        let opened = session(&mock);
        opened.init().await.unwrap();
        let next = async || ready(Signal::Interrupt).await;
        keeps(opened, next, async |_| Ok(())).await.unwrap();
        assert_eq!(calls(&mock).await, [Call::Init]);
    }
}
