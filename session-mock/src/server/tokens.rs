//! The access tokens that the provider issued.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// How many tokens are remembered, the latest: a provider may be left running for days.
const LIMIT: usize = 65_536;

/// No `Debug`: it holds the tokens.
#[derive(Default)]
pub(super) struct Tokens {
    issued: VecDeque<Token>,
    serials: HashMap<Arc<str>, usize>,
    /// How many tokens were dropped from the front.
    forgotten: usize,
}

pub(super) struct Token {
    text: Arc<str>,
    pub(super) client_id: String,
    pub(super) scopes: Vec<String>,
    expires_at: Option<Duration>,
    revoked: bool,
}

/// Why the API does not take a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Invalid {
    Unknown,
    Expired,
    Revoked,
}

impl Token {
    /// A token that is accepted until `expires_at`, by the provider's clock; `None`: for ever.
    pub(super) fn new(
        text: &str,
        client_id: &str,
        scopes: &[String],
        expires_at: Option<Duration>,
    ) -> Self {
        Self {
            text: text.into(),
            client_id: client_id.to_owned(),
            scopes: scopes.to_vec(),
            expires_at,
            revoked: false,
        }
    }
}

impl Tokens {
    /// Adds a token, and says which one it is: the first is 1.
    pub(super) fn issue(&mut self, token: Token) -> usize {
        if self.issued.len() == LIMIT
            && let Some(oldest) = self.issued.pop_front()
        {
            self.serials.remove(&oldest.text);
            self.forgotten += 1;
        }
        let serial = self.forgotten + self.issued.len() + 1;
        self.serials.insert(token.text.clone(), serial);
        self.issued.push_back(token);
        serial
    }

    /// A token that was issued, valid or not, and which one it is.
    pub(super) fn find(&self, text: &str) -> Option<(usize, &Token)> {
        let serial = *self.serials.get(text)?;
        Some((serial, self.issued.get(serial - 1 - self.forgotten)?))
    }

    pub(super) fn valid(&self, text: &str, now: Duration) -> Result<&Token, Invalid> {
        let (_, token) = self.find(text).ok_or(Invalid::Unknown)?;
        if token.revoked {
            return Err(Invalid::Revoked);
        }
        if token.expires_at.is_some_and(|expires_at| expires_at <= now) {
            return Err(Invalid::Expired);
        }
        Ok(token)
    }

    pub(super) fn revoke(&mut self, serial: usize) {
        let index = serial.checked_sub(1 + self.forgotten);
        if let Some(token) = index.and_then(|index| self.issued.get_mut(index)) {
            token.revoked = true;
        }
    }

    pub(super) fn revoke_all(&mut self) {
        for token in &mut self.issued {
            token.revoked = true;
        }
    }

    pub(super) fn texts(&self) -> Vec<String> {
        self.issued
            .iter()
            .map(|token| token.text.to_string())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_when_there_are_too_many() {
        let mut tokens = Tokens::default();
        for n in 1..=LIMIT + 2 {
            let serial = tokens.issue(Token::new(&n.to_string(), "client", &[], None));
            assert_eq!(serial, n);
        }
        assert_eq!(tokens.texts().len(), LIMIT);
        assert_eq!(
            tokens.valid("2", Duration::ZERO).err(),
            Some(Invalid::Unknown)
        );
        assert_eq!(tokens.find("3").map(|(serial, _)| serial), Some(3));
        tokens.revoke(2);
        tokens.revoke(4);
        assert!(tokens.valid("3", Duration::ZERO).is_ok());
        assert_eq!(
            tokens.valid("4", Duration::ZERO).err(),
            Some(Invalid::Revoked)
        );
        assert!(tokens.valid("5", Duration::ZERO).is_ok());
    }
}
