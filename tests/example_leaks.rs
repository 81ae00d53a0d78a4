//! The backend of the example `custom_backend` tells nobody its secrets. In a process of its own: it listens to all of it.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "support/api_key.rs"]
mod api_key;

use api_key::ApiKeys;

session_mock::leak_check!(ApiKeys);
