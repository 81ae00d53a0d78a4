//! A unit test of code that uses sessions, without a server and without touching anything global.
//!
//!     cargo test --example mock_in_a_unit_test --features mock
#![expect(clippy::print_stdout, reason = "a terminal program")]

use session_kit::{ErrorKind, Result, current};

/// The code under test: may the batch run now?
async fn is_ready() -> Result<bool> {
    match current()?.credential().await {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::Unavailable => Ok(false),
        Err(error) => Err(error),
    }
}

#[tokio::main]
async fn main() {
    // Nothing is current here.
    println!("{:?}", is_ready().await.map_err(|error| error.kind()));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use session_kit::mock::{Call, MockClock, MockSession, Step};

    use super::*;

    #[tokio::test]
    async fn it_is_ready_with_a_session() {
        let mock = MockSession::bearer("t0k3n");
        let ready = mock.handle().enter(is_ready()).await.unwrap();
        assert!(ready.unwrap());
        assert_eq!(mock.calls(), [Call::Init, Call::Close]);
    }

    #[tokio::test]
    async fn it_is_not_ready_while_the_provider_is_down() {
        let clock = MockClock::new();
        let first = Step::bearer("t0k3n").expires_in(Duration::from_secs(3600));
        let mock =
            MockSession::scripted([first, Step::fail(ErrorKind::Unavailable)]).by_clock(&clock);
        let session = mock.handle();
        session.init().await.unwrap();
        clock.advance(Duration::from_secs(3600));
        assert!(!session.scope(is_ready()).await.unwrap());
    }
}
