//! Stores that do not do what they should.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use session_core::{Credential, Error, ErrorKind, Identity, Lease, Result, Store, Stored};
use session_mock::MockClock;
use tokio::sync::watch;

use crate::{store::Client, support::bearer};

/// What a store does wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Fails,
    Panics,
    Hangs,
    Lies,
}

#[derive(Clone, Debug)]
struct Faulty {
    fault: Fault,
    /// How often it was asked to load or to save.
    asked: Arc<watch::Sender<usize>>,
}

impl Faulty {
    fn new(fault: Fault) -> Self {
        Self {
            fault,
            asked: Arc::default(),
        }
    }

    async fn do_wrong<T>(&self, lie: T) -> Result<T> {
        match self.fault {
            Fault::Fails => Err(Error::new(ErrorKind::Unavailable, "the disk is full")),
            Fault::Panics => panic!("the store's own bug"),
            Fault::Hangs => std::future::pending().await,
            Fault::Lies => Ok(lie),
        }
    }
}

#[async_trait]
impl Store for Faulty {
    async fn load(&self, _: &Identity) -> Result<Option<Stored>> {
        self.asked.send_modify(|asked| *asked += 1);
        let credential = Credential::per_request(1_u8);
        self.do_wrong(Some(Stored::new(
            credential,
            std::time::SystemTime::UNIX_EPOCH,
            None,
        )))
        .await
    }
    async fn save(&self, _: &Identity, _: &Stored) -> Result<()> {
        self.asked.send_modify(|asked| *asked += 1);
        self.do_wrong(()).await
    }
    async fn remove(&self, _: &Identity) -> Result<()> {
        self.do_wrong(()).await
    }
    async fn lease(&self, _: &Identity, _: Duration) -> Result<Lease> {
        self.do_wrong(Lease::new(())).await
    }
}

#[tokio::test]
async fn a_store_that_fails_hangs_or_lies_costs_no_request() {
    for fault in [Fault::Fails, Fault::Panics, Fault::Hangs, Fault::Lies] {
        let (provider, clock) = (Arc::default(), MockClock::new());
        let store = Faulty::new(fault);
        let session = Client::new(&provider)
            .builder(&clock)
            .store(store.clone())
            .build();
        let init = tokio::spawn({
            let session = session.clone();
            async move { session.init().await }
        });
        if fault == Fault::Hangs {
            // One that cannot be read is not asked for a lease.
            for seconds in [2, 2] {
                clock.sleeper(Duration::from_secs(seconds)).await;
                clock.advance(Duration::from_secs(seconds));
            }
        }
        init.await.unwrap().unwrap();
        assert_eq!(bearer(&session).await.unwrap(), "Bearer t1", "{fault:?}");
        let mut asked = store.asked.subscribe();
        if fault == Fault::Fails {
            // It goes on trying, in the background, a given number of times.
            for attempt in 0..8 {
                clock.sleeper(Duration::from_secs(3 << attempt)).await;
                clock.advance(Duration::from_secs(3 << attempt));
                asked.wait_for(|asked| *asked == attempt + 3).await.unwrap();
            }
        }
        let close = tokio::spawn(async move { session.close().await });
        if fault == Fault::Hangs {
            // For its lease, and for what is in it.
            for seconds in [2, 2] {
                clock.sleeper(Duration::from_secs(seconds)).await;
                clock.advance(Duration::from_secs(seconds));
            }
        }
        close.await.unwrap().unwrap();
    }
}
