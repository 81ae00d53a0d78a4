//! What stands in for a Kerberos library in tests: no KDC, tokens that people can read.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};

use session_core::{Error, ErrorKind, Result};
use zeroize::Zeroizing;

use crate::mechanism::{
    Acquired, Begun, Initiation, Initiator, Mechanism, Principal, Progress, Wanted,
};

/// Gives everybody a credential for an hour.
#[derive(Debug, Default)]
pub(crate) struct Fake {
    /// What was asked of it.
    pub(crate) acquisitions: AtomicUsize,
    pub(crate) initiations: Arc<Mutex<Vec<Initiation>>>,
    /// While there is one, whoever begins waits for its other end to go.
    hold: Arc<Mutex<Option<Receiver<()>>>>,
}

impl Fake {
    /// Has the next to begin hang, until what is returned is dropped.
    pub(crate) fn hang(&self) -> Sender<()> {
        let (sender, receiver) = channel();
        *self.hold.lock().unwrap() = Some(receiver);
        sender
    }
}

impl Mechanism for Fake {
    fn acquire(&self, wanted: &Wanted) -> Result<Acquired> {
        self.acquisitions.fetch_add(1, Ordering::SeqCst);
        Ok(Acquired {
            principal: Arc::new(Somebody {
                initiations: Arc::clone(&self.initiations),
                hold: Arc::clone(&self.hold),
            }),
            name: wanted.principal.clone().unwrap_or_default(),
            lifetime: Some(Duration::from_secs(3600)),
        })
    }
}

struct Somebody {
    initiations: Arc<Mutex<Vec<Initiation>>>,
    hold: Arc<Mutex<Option<Receiver<()>>>>,
}

impl Principal for Somebody {
    fn initiate(&self, _: usize, request: &Initiation) -> Result<Begun> {
        let hold = self.hold.lock().unwrap().take();
        if let Some(hold) = hold {
            let _ = hold.recv();
        }
        self.initiations.lock().unwrap().push(request.clone());
        Ok(Begun {
            initiator: Box::new(Script),
            token: Zeroizing::new(b"hello".to_vec()),
        })
    }
}

/// Does what the server's token says.
struct Script;

impl Initiator for Script {
    fn step(&mut self, token: &[u8]) -> Result<Progress> {
        match token {
            b"proof" => Ok(Progress::Complete { is_mutual: true }),
            b"no proof" => Ok(Progress::Complete { is_mutual: false }),
            b"go on" => Ok(Progress::Continues(Zeroizing::new(b"well".to_vec()))),
            _ => Err(Error::new(ErrorKind::Denied, "the token is wrong")),
        }
    }
}
