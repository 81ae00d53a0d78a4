//! What an authorized request was authorized with.

use std::fmt;

use crate::Exchange;

/// Says which credential a request was authorized with, so that a refusal refers to that one and
/// not to its successor; and holds the request's [`Exchange`], where the scheme has one.
pub struct Receipt {
    generation: u64,
    is_of_one_request: bool,
    exchange: Option<Box<dyn Exchange>>,
}

impl Receipt {
    pub(crate) fn new(generation: u64) -> Self {
        Self {
            generation,
            is_of_one_request: false,
            exchange: None,
        }
    }

    pub(crate) fn of_one_request(generation: u64, exchange: Option<Box<dyn Exchange>>) -> Self {
        Self {
            generation,
            is_of_one_request: true,
            exchange,
        }
    }

    /// The number of the credential: the first that a session gets is 1.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether the authorization was made for this request alone, and may be bound to where that was to go: to its
    /// URL, or to the server's certificate.
    pub fn is_of_one_request(&self) -> bool {
        self.is_of_one_request
    }

    /// The dialogue that must see every answer to this request.
    pub fn exchange(&mut self) -> Option<&mut (dyn Exchange + 'static)> {
        self.exchange.as_deref_mut()
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt")
            .field("generation", &self.generation)
            .field("is_of_one_request", &self.is_of_one_request)
            .field("exchange", &self.exchange.is_some())
            .finish()
    }
}
