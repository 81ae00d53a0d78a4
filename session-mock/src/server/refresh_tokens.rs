//! The refresh tokens that the provider issued.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// How many are remembered, the latest: a provider may be left running for days.
const LIMIT: usize = 65_536;

/// No `Debug`: it holds the tokens.
#[derive(Default)]
pub(super) struct RefreshTokens {
    issued: HashMap<Arc<str>, RefreshToken>,
    order: VecDeque<Arc<str>>,
}

pub(super) struct RefreshToken {
    /// That of the access token with which it came.
    pub(super) serial: usize,
    /// The serial of the first one, from which it descends by refreshes.
    pub(super) family: usize,
    pub(super) client_id: String,
    pub(super) scopes: Vec<String>,
    useless: bool,
}

impl RefreshToken {
    /// The first of a family, unless it has one.
    pub(super) fn new(
        serial: usize,
        family: Option<usize>,
        client_id: &str,
        scopes: &[String],
    ) -> Self {
        Self {
            serial,
            family: family.unwrap_or(serial),
            client_id: client_id.to_owned(),
            scopes: scopes.to_vec(),
            useless: false,
        }
    }
}

impl RefreshTokens {
    pub(super) fn issue(&mut self, text: &str, token: RefreshToken) {
        if self.order.len() == LIMIT
            && let Some(oldest) = self.order.pop_front()
        {
            self.issued.remove(&oldest);
        }
        let text: Arc<str> = text.into();
        self.order.push_back(text.clone());
        self.issued.insert(text, token);
    }

    /// A token that was issued, useful or not.
    pub(super) fn find(&self, text: &str) -> Option<&RefreshToken> {
        self.issued.get(text)
    }

    /// Uses a token up. `None`: it is useless; if it was used before, somebody has stolen it, and all that came of it
    /// become useless too (RFC 9700 §4.14.2).
    pub(super) fn spend(&mut self, text: &str) -> Option<&RefreshToken> {
        let token = self.issued.get_mut(text)?;
        if std::mem::replace(&mut token.useless, true) {
            let family = token.family;
            self.revoke(family);
            return None;
        }
        self.find(text)
    }

    /// Makes a family useless, and says with which access tokens its members came.
    pub(super) fn revoke(&mut self, family: usize) -> Vec<usize> {
        let members = self.issued.values_mut();
        let members = members.filter(|token| token.family == family);
        members
            .map(|token| {
                token.useless = true;
                token.serial
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_when_there_are_too_many() {
        let mut tokens = RefreshTokens::default();
        for n in 1..=LIMIT + 1 {
            tokens.issue(&n.to_string(), RefreshToken::new(n, None, "client", &[]));
        }
        assert!(tokens.find("1").is_none());
        assert_eq!(tokens.spend("2").map(|token| token.serial), Some(2));
        assert_eq!((tokens.issued.len(), tokens.order.len()), (LIMIT, LIMIT));
    }
}
