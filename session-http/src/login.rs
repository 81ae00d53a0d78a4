//! Who asks the proxy.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::HeaderValue;
use session_core::{Error, ErrorKind, Proxy, Result, Secret};
use tokio::{sync::Mutex as Turns, time::Instant};
use zeroize::Zeroizing;

use crate::{transport_error, tunnel::TunnelError};

/// The credentials for the proxy, as it gets them. They are looked up once for all connections, and again after it refused them or
/// a disconnect.
///
/// Those that it refused it gets again after a pause only: it may lock out who tries too often.
#[derive(Default)]
pub(crate) struct Login {
    state: Mutex<State>,
    /// One looks them up, the others wait.
    looking: Turns<()>,
}

#[derive(Default)]
struct State {
    known: Option<HeaderValue>,
    refusal: Option<Refusal>,
    /// Goes up whenever what is known is forgotten.
    era: u64,
    /// How often they were not found, and why the last time.
    failures: u64,
    failure: Option<Error>,
}

struct Refusal {
    header: HeaderValue,
    until: Instant,
    pause: Duration,
}

impl Login {
    /// How long credentials that were refused are not tried again; twice as long each time.
    const PAUSE: Duration = Duration::from_secs(1);
    const LONGEST_PAUSE: Duration = Duration::from_secs(60);

    /// What to tell this proxy, if it is to be told anything.
    ///
    /// # Errors
    ///
    /// As [`SecretSource::resolve`](session_core::SecretSource::resolve); `Denied` as long as the proxy is spared credentials that it refused.
    pub(crate) async fn header(&self, proxy: &Proxy) -> Result<Option<HeaderValue>> {
        let (Some(user), Some(password)) = (proxy.user(), proxy.password()) else {
            return Ok(None);
        };
        let failures = self.state().failures;
        let _turn = self.looking.lock().await;
        let era = {
            let state = self.state();
            if state.known.is_some() {
                return Ok(state.known.clone());
            }
            // Else each of those who waited would wait for a lookup of its own.
            if let Some(failure) = state.failure.as_ref().filter(|_| state.failures > failures) {
                return Err(failure.clone());
            }
            state.era
        };
        let password = password.resolve().await.inspect_err(|error| {
            let mut state = self.state();
            state.failures += 1;
            state.failure = Some(error.clone());
        })?;
        let header = header(user, password.expose()).ok_or_else(|| unusable(proxy))?;
        let mut state = self.state();
        if state.refusal.as_ref().is_some_and(|it| it.bars(&header)) {
            let refused = TunnelError::refused(proxy);
            return Err(transport_error::tunnel_error(&refused, ""));
        }
        if state.era == era {
            state.known = Some(header.clone());
        }
        Ok(Some(header))
    }

    /// The proxy has let these through.
    pub(crate) fn accepted(&self, header: &HeaderValue) {
        self.state().refusal.take_if(|it| it.header == *header);
    }

    /// The proxy has refused these.
    pub(crate) fn refused(&self, header: &HeaderValue) {
        let mut state = self.state();
        let state = &mut *state;
        state.era += 1;
        state.known.take_if(|known| known == header);
        let before = state.refusal.as_ref().filter(|it| it.header == *header);
        let pause = match before {
            // One of several at the same time.
            Some(it) if it.bars(header) => return,
            Some(it) => Self::LONGEST_PAUSE.min(it.pause * 2),
            None => Self::PAUSE,
        };
        state.refusal = Some(Refusal {
            header: header.clone(),
            until: Instant::now() + pause,
            pause,
        });
    }

    /// Has them looked up again.
    pub(crate) fn forget(&self) {
        let mut state = self.state();
        state.era += 1;
        state.known = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Refusal {
    fn bars(&self, header: &HeaderValue) -> bool {
        self.header == *header && Instant::now() < self.until
    }
}

/// Basic (RFC 7617). What is put in is shared by all copies of the header, and wiped with the last.
fn header(user: &str, password: &[u8]) -> Option<HeaderValue> {
    let mut pair = Zeroizing::new(Vec::with_capacity(user.len() + 1 + password.len()));
    pair.extend_from_slice(user.as_bytes());
    pair.push(b':');
    pair.extend_from_slice(password);
    let pair = Zeroizing::new(STANDARD.encode(&*pair));
    Secret::prefixed("Basic ", &*pair).header_value()
}

/// The HTTP client does not take this proxy.
pub(crate) fn unusable(proxy: &Proxy) -> Error {
    Error::new(
        ErrorKind::Config,
        format!(
            "the HTTP client does not take the proxy {}; check the environment's `proxy`",
            proxy.url()
        ),
    )
}

#[cfg(test)]
mod tests {
    use session_core::SecretSource;
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_was_refused_is_tried_again_after_a_pause_that_grows() {
        let login = Login::default();
        let proxy = Proxy::new("http://proxy.test").unwrap();
        let with = |password| {
            let password = SecretSource::literal(password);
            proxy.clone().with_credentials("u", password).unwrap()
        };
        let (wrong, right) = (with("s3cr3t-wrong"), with("s3cr3t"));
        for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
            let header = login.header(&wrong).await.unwrap().unwrap();
            login.refused(&header);
            login.refused(&header);
            advance(Duration::from_millis(pause * 1000 - 1)).await;
            let error = login.header(&wrong).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Denied);
            let text = error.to_string();
            assert!(text.contains("the proxy `proxy.test:80`"), "{text}");
            login.forget();
            login.header(&wrong).await.unwrap_err();
            advance(Duration::from_millis(1)).await;
        }
        let header = login.header(&wrong).await.unwrap().unwrap();
        login.refused(&header);
        // Others are others.
        let other = login.header(&right).await.unwrap().unwrap();
        assert_ne!(other, header);
        login.forget();
        advance(Login::LONGEST_PAUSE).await;
        // It has taken them after all.
        login.accepted(&header);
        login.refused(&header);
        advance(Login::PAUSE).await;
        login.header(&wrong).await.unwrap();
    }
}
