//! What the provider's thread and its handle share.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use url::Url;

use super::client::Client;
use super::clock::Clock;
use super::conduct::Conduct;
use super::entry::Kind;
use super::load::Load;
use super::log::Log;
use super::refresh_tokens::RefreshTokens;
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
    conducts: [Conduct; Kind::COUNT],
}

impl State {
    pub(super) fn new(endpoints: Endpoints, client: Client, terms: Terms, clock: Clock) -> Self {
        Self {
            endpoints,
            clock,
            clients: Mutex::new(BTreeMap::from([(client.id().to_owned(), client)])),
            tokens: Mutex::default(),
            refresh_tokens: Mutex::default(),
            terms: Mutex::new(terms),
            log: Log::new(),
            load: Load::default(),
            conducts: Default::default(),
        }
    }

    pub(super) fn conduct(&self, kind: Kind) -> &Conduct {
        &self.conducts[kind as usize]
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
    pub(super) fn at(address: SocketAddr) -> io::Result<Self> {
        let issuer = Url::parse(&format!("http://{address}/")).map_err(io::Error::other)?;
        let at = |path| issuer.join(path).map_err(io::Error::other);
        Ok(Self {
            token: at("token")?,
            revocation: at("revoke")?,
            api: at("api/")?,
            issuer,
        })
    }
}

/// Locks even after a panic: no panic can leave what is guarded here half changed, for none of the user's code runs
/// under a lock.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
