//! This backend tells nobody its secrets. In a process of its own: it listens to all of it.

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "tests fail by panicking, and use a part of what they share"
)]

#[path = "counterparts/gate.rs"]
mod gate;
#[path = "counterparts/kdc_message.rs"]
mod kdc_message;
#[path = "counterparts/realm.rs"]
mod realm;
#[path = "counterparts/subject.rs"]
mod subject;

use subject::{CACHE, ClientBy, KEYTAB, PASSWORD};

mod by_keytab {
    use super::*;
    session_mock::leak_check!(ClientBy<KEYTAB>);
}

mod by_password {
    use super::*;
    session_mock::leak_check!(ClientBy<PASSWORD>);
}

mod by_cache {
    use super::*;
    session_mock::leak_check!(ClientBy<CACHE>);
}
