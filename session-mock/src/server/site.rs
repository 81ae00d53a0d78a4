//! What a provider serves in place of its own API.

use super::reply::Reply;
use super::request::Request;

/// Answers requests in place of a [`Provider`](super::Provider)'s own API; a closure is one.
///
/// The provider stays what it is: it issues tokens, keeps its log, and fails as it is scripted, by [`Kind`](super::Kind). All
/// that is neither its token endpoint, its revocation endpoint nor its metadata is of the kind `Api`, and the site's to answer.
pub trait Site: Send + Sync + 'static {
    /// The path of the provider's token endpoint. `None`: the provider issues no tokens and has no metadata, and each request is
    /// the site's to answer.
    fn token_path(&self) -> Option<&str> {
        Some("/token")
    }

    /// The scopes that the provider's client may have, unless it [comes with its own](super::ProviderBuilder::client).
    fn scopes(&self) -> Vec<String> {
        vec!["read".to_owned(), "write".to_owned()]
    }

    /// Whether a token request may carry a bearer token beside the client's id and secret. RFC 6749 §2.3 does not allow it.
    fn takes_bearer_with_secret(&self) -> bool {
        false
    }

    /// The answer to a request. It is made on the provider's thread, and other requests wait for it.
    fn answer(&self, request: &Request<'_>) -> Reply;
}

impl<F> Site for F
where
    F: Fn(&Request<'_>) -> Reply + Send + Sync + 'static,
{
    fn answer(&self, request: &Request<'_>) -> Reply {
        self(request)
    }
}
