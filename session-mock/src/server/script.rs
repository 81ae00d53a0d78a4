//! Scripting a provider while it runs.

use std::sync::Arc;
use std::time::Duration;

use super::client::Client;
use super::conduct::Hold;
use super::entry::Kind;
use super::outage::Outage;
use super::provider::Provider;
use super::state::lock;
use super::terms::ExpiresIn;

impl Provider {
    /// Registers a client, in place of one with the same id.
    pub fn add_client(&self, client: Client) {
        lock(&self.state.clients).insert(client.id().to_owned(), client);
    }

    /// Forgets a client: it is `invalid_client` from now on. Its tokens stay valid.
    pub fn remove_client(&self, id: &str) {
        lock(&self.state.clients).remove(id);
    }

    /// How long tokens issued from now on are accepted, and what their `expires_in` says, in whole seconds.
    pub fn set_lifetime(&self, lifetime: Duration) {
        let mut terms = lock(&self.state.terms);
        terms.lifetime = lifetime;
        terms.expires_in = ExpiresIn::Lifetime;
    }

    /// What `expires_in` says from now on, until the next [`set_lifetime`](Self::set_lifetime), however long tokens really
    /// live: this JSON as it is, such as `60`, `"3600"` with its quotes, `-1` or `1e400`; or no `expires_in` at all.
    pub fn set_expires_in(&self, json: Option<&str>) {
        lock(&self.state.terms).expires_in = match json {
            Some(json) => ExpiresIn::Verbatim(json.to_owned()),
            None => ExpiresIn::Omitted,
        };
    }

    /// Whether token answers from now on come with a refresh token (RFC 6749 §6); at first they do not.
    ///
    /// Each is good for one use, which gives another access token and another refresh token. One that is presented again
    /// makes all useless that came of it (RFC 9700 §4.14.2); access tokens live on.
    pub fn set_refresh_tokens(&self, given: bool) {
        lock(&self.state.terms).refresh_tokens = given;
    }

    /// Replaces the body of token answers from now on by what this makes of the access token. It runs on the
    /// provider's thread, and all requests wait for it.
    pub fn override_token_answer(&self, body: impl Fn(&str) -> String + Send + Sync + 'static) {
        let displaced = lock(&self.state.terms).body.replace(Arc::new(body));
        // The user's value, whose drop may use the provider: not under the lock.
        drop(displaced);
    }

    /// Ends what [`override_token_answer`](Self::override_token_answer) began.
    pub fn restore_token_answer(&self) {
        let displaced = lock(&self.state.terms).body.take();
        drop(displaced);
    }

    /// Revokes all tokens issued so far: the API refuses them as `invalid_token`.
    pub fn refuse(&self) {
        lock(&self.state.tokens).revoke_all();
    }

    /// Moves the provider's clock ahead, at once.
    pub fn advance(&self, by: Duration) {
        self.state.clock.advance(by);
    }

    /// Lets every request of this kind meet an outage, if it arrives before [`recover`](Self::recover).
    pub fn fail(&self, kind: Kind, outage: Outage) {
        self.state.conduct(kind).fail(outage);
    }

    /// Lets the next requests of this kind that arrive meet an outage. Scripted twice, one outage follows the other; after them comes
    /// what [`fail`](Self::fail) scripted, or the true answer.
    pub fn fail_next(&self, kind: Kind, times: usize, outage: Outage) {
        self.state.conduct(kind).treat_next(times, Some(outage));
    }

    /// Lets the next requests of this kind that arrive get the true answer, in turn with what [`fail_next`](Self::fail_next) scripts:
    /// so some fail and others between them do not.
    pub fn pass_next(&self, kind: Kind, times: usize) {
        self.state.conduct(kind).treat_next(times, None);
    }

    /// Ends all outages of this kind, for requests that arrive from now on: one that [hangs](Outage::hang) hangs on.
    pub fn recover(&self, kind: Kind) {
        self.state.conduct(kind).recover();
    }

    /// Lets every request of this kind wait so long for its answer, in real time; zero ends it. Meant for people to
    /// look at: a test uses [`hold`](Self::hold).
    pub fn set_delay(&self, kind: Kind, delay: Duration) {
        self.state.conduct(kind).set_delay(delay);
    }

    /// Holds back the answers to requests of this kind that arrive while the `Hold` lives. They are received and logged.
    /// Whether a client or a token is valid is decided when they are released; the outage that they meet, if any, was
    /// decided when they came.
    pub fn hold(&self, kind: Kind) -> Hold {
        self.state.conduct(kind).hold()
    }

    /// Holds back the answers to token requests: [`hold`](Self::hold) for [`Kind::Token`].
    pub fn hold_tokens(&self) -> Hold {
        self.hold(Kind::Token)
    }
}
