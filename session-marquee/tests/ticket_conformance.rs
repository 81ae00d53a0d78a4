//! This backend does as all others do, where a real KDC gives the ticket that it logs in with.

#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "tests fail by panicking, and use a part of what they share"
)]

mod support;
#[path = "support/ticket.rs"]
mod ticket;

use ticket::ByTicket;

mod of_a_log_in {
    use super::*;
    session_mock::conformance!(ByTicket);
}

mod of_a_log_in_that_tells_of_itself {
    use super::*;
    session_mock::conformance!(ByTicket<true>);
}
