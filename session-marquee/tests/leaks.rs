//! This backend tells nobody its secrets. In a process of its own: it listens to all of it.

#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "tests fail by panicking"
)]

#[path = "support/echo.rs"]
mod echo;
mod support;

use echo::Echoed;
use support::{Application, GSSSO, Given, MARQUEE_LOGIN, TOKEN};

mod of_an_application {
    use super::*;
    session_mock::leak_check!(Application);
}

mod of_an_application_that_tells_of_itself {
    use super::*;
    session_mock::leak_check!(Application<true>);
}

mod of_an_application_whose_api_repeats_the_credential {
    use super::*;
    session_mock::leak_check!(Echoed);
}

mod of_a_token {
    use super::*;
    session_mock::leak_check!(Given<TOKEN>);
}

mod of_a_cookie_of_single_sign_on {
    use super::*;
    session_mock::leak_check!(Given<GSSSO>);
}

mod of_the_cookie_of_a_log_in {
    use super::*;
    session_mock::leak_check!(Given<MARQUEE_LOGIN>);
}
