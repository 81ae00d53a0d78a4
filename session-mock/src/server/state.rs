//! What the provider's thread and its handle share.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use url::Url;

use super::client::Client;
use super::clock::Clock;
use super::conduct::Conduct;
use super::entry::Kind;
use super::load::Load;
use super::log::Log;
use super::refresh_tokens::RefreshTokens;
use super::site::Site;
use super::terms::Terms;
use super::tokens::Tokens;

pub(super) struct State {
    pub(super) endpoints: Endpoints,
    pub(super) clock: Clock,
    pub(super) clients: Mutex<BTreeMap<String, Client>>,
    pub(super) tokens: Mutex<Tokens>,
    pub(super) refresh_tokens: Mutex<RefreshTokens>,
    pub(super) terms: Mutex<Terms>,
    pub(super) log: Log,
    pub(super) load: Load,
    /// What it serves in place of its own API.
    pub(super) site: Option<Arc<dyn Site>>,
    /// How many connections brought a request.
    pub(super) connections: AtomicUsize,
    conducts: [Conduct; Kind::COUNT],
}

impl State {
    pub(super) fn new(
        endpoints: Endpoints,
        client: Client,
        terms: Terms,
        clock: Clock,
        site: Option<Arc<dyn Site>>,
    ) -> Self {
        Self {
            endpoints,
            clock,
            clients: Mutex::new(BTreeMap::from([(client.id().to_owned(), client)])),
            tokens: Mutex::default(),
            refresh_tokens: Mutex::default(),
            terms: Mutex::new(terms),
            log: Log::new(),
            load: Load::default(),
            site,
            connections: AtomicUsize::new(0),
            conducts: Default::default(),
        }
    }

    pub(super) fn conduct(&self, kind: Kind) -> &Conduct {
        &self.conducts[kind as usize]
    }

    /// What a request is for.
    pub(super) fn kind_of(&self, path: &str) -> Kind {
        let site = self.site.as_ref();
        if site.is_some_and(|site| site.token_path().is_none()) {
            return Kind::Api;
        }
        match path {
            path if path == self.endpoints.token.path() => Kind::Token,
            path if path == self.endpoints.revocation.path() => Kind::Revoke,
            "/.well-known/openid-configuration" | "/.well-known/oauth-authorization-server" => {
                Kind::Discovery
            }
            path if site.is_some() || path.starts_with("/api/") => Kind::Api,
            _ => Kind::Other,
        }
    }
}

#[derive(Debug)]
pub(super) struct Endpoints {
    pub(super) issuer: Url,
    pub(super) token: Url,
    pub(super) revocation: Url,
    pub(super) api: Url,
}

impl Endpoints {
    /// On this address. A site is its own API, from the root.
    pub(super) fn at(
        address: SocketAddr,
        scheme: &str,
        site: Option<&dyn Site>,
    ) -> io::Result<Self> {
        let issuer = Url::parse(&format!("{scheme}://{address}/")).map_err(io::Error::other)?;
        let at = |path| issuer.join(path).map_err(io::Error::other);
        Ok(Self {
            token: at(site.and_then(Site::token_path).unwrap_or("/token"))?,
            revocation: at("/revoke")?,
            api: at(if site.is_some() { "/" } else { "/api/" })?,
            issuer,
        })
    }
}

/// Locks even after a panic: no panic can leave what is guarded here half changed, for none of the user's code runs
/// under a lock.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
