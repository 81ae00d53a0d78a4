//! The backend of the example `custom_backend` does as all others do.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "support/api_key.rs"]
mod api_key;

use api_key::ApiKeys;

session_mock::conformance!(ApiKeys);
