//! The certificates of servers, for authorizations that are bound to them.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use http::Method;
use reqwest::tls::TlsInfo;
use session_core::Result;
use url::Url;

use crate::{Connections, transport_error};

/// A certificate (DER), shared.
pub(crate) type Certificate = Arc<[u8]>;

/// What servers showed last, by origin.
#[derive(Default)]
pub(crate) struct Certificates(Mutex<Vec<Known>>);

struct Known {
    origin: String,
    shown: Shown,
}

/// What a server showed; `None` when that could not be learned.
#[derive(Clone)]
struct Shown(Option<Certificate>);

impl Certificates {
    /// How many origins' are kept at most.
    const MOST_ORIGINS: usize = 64;

    fn get(&self, origin: &str) -> Option<Shown> {
        let mut known = self.known();
        let at = known.iter().position(|known| known.origin == origin)?;
        // The one used last is last.
        known[at..].rotate_left(1);
        known.last().map(|known| known.shown.clone())
    }

    fn set(&self, origin: String, certificate: Option<Certificate>) {
        let shown = Shown(certificate);
        let mut known = self.known();
        known.retain(|known| known.origin != origin);
        if known.len() >= Self::MOST_ORIGINS {
            known.remove(0);
        }
        known.push(Known { origin, shown });
    }

    /// Who comes back may have another.
    pub(crate) fn forget(&self) {
        self.known().clear();
    }

    fn known(&self) -> MutexGuard<'_, Vec<Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificates({} origins)", self.known().len())
    }
}

impl Connections {
    /// The certificate that the server at `url` showed last, for a session that binds its authorizations to it. `None` where there is none to know:
    /// without TLS, and through a proxy, where the HTTP client does not tell.
    ///
    /// Where nothing is known yet, it is learned by a request with neither body nor credential: a `HEAD` of `/`, which every server
    /// answers somehow and none acts on. (`OPTIONS` is often answered, or refused, by somebody in front of the server.) What the answer is
    /// does not matter. The caller's builder has no part in it, for that may put credentials on every request; if there is one, and
    /// the server cannot be reached without it, its certificate stays unknown until an answer shows it.
    ///
    /// # Errors
    ///
    /// When there is no connection, and no builder.
    pub(crate) async fn certificate(&self, url: &Url) -> Result<Option<Certificate>> {
        let recipe = self.recipe();
        if !recipe.knows_peers || url.scheme() != "https" || recipe.proxy(url).is_some() {
            return Ok(None);
        }
        let origin = url.origin().ascii_serialization();
        if let Some(Shown(known)) = self.certificates().get(&origin) {
            return Ok(known);
        }
        let mut root = url.clone();
        root.set_path("/");
        root.set_query(None);
        // In a box, for most requests have no use for it.
        let probe = Box::pin(async {
            let request = reqwest::Request::new(Method::HEAD, root);
            self.probing(url)
                .await?
                .execute(request)
                .await
                .map_err(|error| transport_error(&error, url))
        });
        match probe.await {
            Ok(answer) => Ok(self.learn(url, &answer)),
            // The builder may know another way.
            Err(_) if recipe.has_builder() => {
                self.certificates().set(origin, None);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The certificate of the server that sent this answer; remembered for its next request.
    pub(crate) fn learn(&self, url: &Url, answer: &reqwest::Response) -> Option<Certificate> {
        let der = answer.extensions().get::<TlsInfo>()?.peer_certificate()?;
        let origin = url.origin().ascii_serialization();
        match self.certificates().get(&origin) {
            Some(Shown(Some(known))) if *known == *der => Some(known),
            _ => {
                let certificate = Certificate::from(der);
                self.certificates()
                    .set(origin, Some(Arc::clone(&certificate)));
                Some(certificate)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_asked_for_longest_makes_room() {
        let certificates = Certificates::default();
        let set = |number: usize| {
            let certificate = Certificate::from([number as u8]);
            certificates.set(format!("https://{number}.test"), Some(certificate));
        };
        let knows = |number: usize| {
            certificates
                .get(&format!("https://{number}.test"))
                .is_some()
        };
        (0..Certificates::MOST_ORIGINS).for_each(set);
        assert!(knows(0));
        set(Certificates::MOST_ORIGINS);
        assert!(knows(0) && !knows(1) && knows(2));
        set(2);
        assert!(knows(3));
        certificates.forget();
        assert!(!knows(0));
    }
}
