//! This backend tells nobody its secrets. In a process of its own: it listens to all of it.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use support::{Application, Given};

mod of_an_application {
    use super::*;
    session_mock::leak_check!(Application);
}

mod of_a_token {
    use super::*;
    session_mock::leak_check!(Given<false>);
}

mod of_cookies {
    use super::*;
    session_mock::leak_check!(Given<true>);
}
