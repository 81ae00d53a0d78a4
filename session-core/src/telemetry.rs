//! What is told to those who watch: spans and events, and metrics by feature.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use tracing::Span;

use crate::{Error, ErrorKind, Session, settings::Settings};

/// One call of the backend, from its start to its outcome.
pub(crate) struct Operation<'a> {
    labels: Labels<'a>,
    settings: &'a Settings,
    /// `init`, `renew`, `close` or `follow_up`.
    action: &'static str,
    /// On the clock's monotonic time.
    began: Duration,
    is_over: bool,
}

/// What tells the sessions of a program apart.
struct Labels<'a> {
    session: &'a str,
    scheme: &'a str,
    environment: &'a str,
}

impl<'a> Operation<'a> {
    pub(crate) fn begin(
        session: &'a dyn Session,
        settings: &'a Settings,
        action: &'static str,
    ) -> Self {
        Self {
            labels: Labels::of(session, settings),
            settings,
            action,
            began: settings.clock.monotonic(),
            is_over: false,
        }
    }

    /// The span that the backend's own spans and events belong to.
    pub(crate) fn span(&self) -> Span {
        let Labels {
            session,
            scheme,
            environment,
        } = self.labels;
        tracing::debug_span!(
            "session",
            session,
            scheme,
            environment,
            action = self.action
        )
    }

    /// A subscriber or recorder that panics must not cost what the backend has got.
    pub(crate) fn end(mut self, error: Option<&Error>) {
        self.is_over = true;
        let outcome = error.map_or("ok", |error| word(error.kind()));
        let _ = catch_unwind(AssertUnwindSafe(|| self.tell(outcome, error)));
    }

    fn tell(&self, outcome: &'static str, error: Option<&Error>) {
        let duration = self.settings.clock.monotonic().saturating_sub(self.began);
        let Self { labels, action, .. } = self;
        let (session, environment) = (labels.session, labels.environment);
        match error {
            None => tracing::debug!(session, environment, action, outcome, ?duration, "done"),
            Some(error) => tracing::warn!(
                session,
                environment,
                action,
                outcome,
                ?duration,
                %error,
                "failed"
            ),
        }
        #[cfg(feature = "metrics")]
        metrics::operation(labels, action, outcome, duration);
    }
}

impl Drop for Operation<'_> {
    /// The session was closed meanwhile, or its executor is no more.
    fn drop(&mut self) {
        if !self.is_over {
            let _ = catch_unwind(AssertUnwindSafe(|| self.tell("dropped", None)));
        }
    }
}

impl<'a> Labels<'a> {
    fn of(session: &'a dyn Session, settings: &'a Settings) -> Self {
        Self {
            session: settings.name(session),
            scheme: session.scheme(),
            environment: session.environment().name(),
        }
    }
}

/// A server refused the credential in use.
pub(crate) fn refused(session: &dyn Session, settings: &Settings, generation: u64) {
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let labels = Labels::of(session, settings);
        let (session, environment) = (labels.session, labels.environment);
        tracing::debug!(session, environment, generation, "refused");
        #[cfg(feature = "metrics")]
        metrics::refusal(&labels);
    }));
}

/// The credential in use has ended before its time.
pub(crate) fn ended(session: &dyn Session, settings: &Settings, generation: u64) {
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let labels = Labels::of(session, settings);
        let (session, environment) = (labels.session, labels.environment);
        tracing::debug!(session, environment, generation, "ended before its time");
    }));
}

/// What opens the session, or renews it, came from its store.
pub(crate) fn reused(session: &dyn Session, settings: &Settings) {
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let labels = Labels::of(session, settings);
        let (session, environment) = (labels.session, labels.environment);
        tracing::debug!(session, environment, "taken from the store");
        #[cfg(feature = "metrics")]
        metrics::reuse(&labels);
    }));
}

/// The kind of an error as a label.
fn word(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Config => "config",
        ErrorKind::UnknownBackend => "unknown_backend",
        ErrorKind::NoSession => "no_session",
        ErrorKind::Closed => "closed",
        ErrorKind::Denied => "denied",
        ErrorKind::Interaction => "interaction",
        ErrorKind::Unavailable => "unavailable",
        ErrorKind::Protocol => "protocol",
        ErrorKind::Forbidden => "forbidden",
    }
}

#[cfg(feature = "metrics")]
mod metrics {
    use std::time::Duration;

    use metrics::{Label, counter, histogram};

    use super::Labels;

    pub(super) fn operation(
        labels: &Labels<'_>,
        action: &'static str,
        outcome: &'static str,
        duration: Duration,
    ) {
        let mut labels = owned(labels);
        labels.push(Label::from_static_parts("action", action));
        labels.push(Label::from_static_parts("outcome", outcome));
        histogram!("session.operation.duration", labels.clone()).record(duration.as_secs_f64());
        counter!("session.operations", labels).increment(1);
    }

    pub(super) fn refusal(labels: &Labels<'_>) {
        counter!("session.refusals", owned(labels)).increment(1);
    }

    pub(super) fn reuse(labels: &Labels<'_>) {
        counter!("session.reuses", owned(labels)).increment(1);
    }

    fn owned(labels: &Labels<'_>) -> Vec<Label> {
        vec![
            Label::new("session", labels.session.to_owned()),
            Label::new("scheme", labels.scheme.to_owned()),
            Label::new("environment", labels.environment.to_owned()),
        ]
    }
}
