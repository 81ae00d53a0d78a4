//! Who is measured: session-kit, and what else yields an `Authorization` header for a token that it caches.

mod azure;
mod google;
mod kit;
mod lock;
mod object_store;

use std::time::Duration;

use http::HeaderValue;

pub(crate) use self::{
    azure::Azure, google::Google, kit::Kit, lock::Lock, object_store::ObjectStore,
};
use crate::endpoint::Endpoint;

/// A cache of tokens that come from an [`Endpoint`].
pub(crate) trait Peer: Send + Sync + 'static {
    const NAME: &'static str;

    /// Such a lifetime, in seconds, that a new token is due for renewal within some seconds, while it is still good; and
    /// a time after which it is certainly under way, or over.
    const DUE_SOON: (u64, Duration);

    /// Made in a runtime.
    fn new(endpoint: &Endpoint) -> Self;

    /// What a program does at its start.
    fn open(&self) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// The header for a request.
    fn header(&self) -> impl Future<Output = HeaderValue> + Send;
}

/// Those that count as peers do so by this format, as their own clients do.
fn bearer(token: &str) -> HeaderValue {
    let mut value =
        HeaderValue::from_str(&format!("Bearer {token}")).expect("a token is visible ASCII");
    value.set_sensitive(true);
    value
}

/// Calls a function that is generic over the peer, with the one that has this name.
macro_rules! with_peer {
    ($name:expr, $function:ident($($argument:expr),*)) => {
        match $name {
            $crate::peers::Kit::NAME => Ok($function::<$crate::peers::Kit>($($argument),*)),
            $crate::peers::Lock::NAME => Ok($function::<$crate::peers::Lock>($($argument),*)),
            $crate::peers::ObjectStore::NAME => Ok($function::<$crate::peers::ObjectStore>($($argument),*)),
            $crate::peers::Azure::NAME => Ok($function::<$crate::peers::Azure>($($argument),*)),
            $crate::peers::Google::NAME => Ok($function::<$crate::peers::Google>($($argument),*)),
            unknown => Err(format!("there is no peer `{unknown}`")),
        }
    };
}

pub(crate) use with_peer;

/// The names of all.
pub(crate) const NAMES: [&str; 5] = [
    Kit::NAME,
    Lock::NAME,
    ObjectStore::NAME,
    Azure::NAME,
    Google::NAME,
];
