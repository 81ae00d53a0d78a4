//! This backend tells nobody its secrets. In a process of its own: it listens to all of it.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use support::ClientCredentials;

mod known_by_its_endpoints {
    use super::*;
    session_mock::leak_check!(ClientCredentials<false>);
}

mod discovered {
    use super::*;
    session_mock::leak_check!(ClientCredentials<true>);
}

mod refreshed {
    use super::*;
    session_mock::leak_check!(ClientCredentials<false, true>);
}
