//! What stands in for a Kerberos library in tests: no KDC, tokens that people can read.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};

use session_core::{Error, ErrorKind, Finding, Result};
use zeroize::Zeroizing;

use crate::mechanism::{
    Acquired, Begun, Initiation, Initiator, Mechanism, Principal, Progress, Wanted,
};

/// Gives everybody a credential for an hour.
#[derive(Debug, Default)]
pub(crate) struct Fake {
    /// What was asked of it.
    pub(crate) acquisitions: AtomicUsize,
    /// Whether nobody has to be asked for a second token for a service.
    pub(crate) keeps_tickets: Arc<AtomicBool>,
    pub(crate) initiations: Arc<Mutex<Vec<Initiation>>>,
    /// By whose tickets: by the how many-th that there were.
    pub(crate) initiators: Arc<Mutex<Vec<usize>>>,
    /// Whether there are no tickets for services.
    pub(crate) is_silent: Arc<AtomicBool>,
    /// Whether tickets can be renewed, and how often they were.
    pub(crate) is_renewable: Arc<AtomicBool>,
    pub(crate) renewals: Arc<AtomicUsize>,
    /// How many more tickets have ended before their time.
    pub(crate) ended: Arc<AtomicUsize>,
    /// Whether the realm gives nothing any more.
    pub(crate) is_denied: AtomicBool,
    /// Whether no KDC answers who asks for tickets.
    pub(crate) is_unreachable: AtomicBool,
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
        let before = self.acquisitions.fetch_add(1, Ordering::SeqCst);
        if self.is_denied.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Denied, "the password is wrong"));
        }
        if self.is_unreachable.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Unavailable, "no KDC answers"));
        }
        let somebody = Somebody {
            ended: Arc::clone(&self.ended),
            name: wanted.principal.clone().unwrap_or_default(),
            number: before + self.renewals.load(Ordering::SeqCst) + 1,
            tickets: Arc::default(),
            keeps_tickets: Arc::clone(&self.keeps_tickets),
            initiations: Arc::clone(&self.initiations),
            initiators: Arc::clone(&self.initiators),
            is_silent: Arc::clone(&self.is_silent),
            is_renewable: Arc::clone(&self.is_renewable),
            renewals: Arc::clone(&self.renewals),
            hold: Arc::clone(&self.hold),
        };
        Ok(somebody.acquired())
    }

    fn examine(&self, wanted: &Wanted) -> (Vec<Finding>, Option<String>) {
        let name = wanted.principal.clone();
        let found = Finding::ok("fake", name.clone().unwrap_or_default());
        (vec![found], name)
    }

    fn examine_kdc(&self, _: &Wanted, principal: &str) -> Finding {
        Finding::ok("fake KDC", principal)
    }
}

#[derive(Clone)]
struct Somebody {
    name: String,
    number: usize,
    /// For these services.
    tickets: Arc<Mutex<BTreeSet<String>>>,
    keeps_tickets: Arc<AtomicBool>,
    initiations: Arc<Mutex<Vec<Initiation>>>,
    initiators: Arc<Mutex<Vec<usize>>>,
    is_silent: Arc<AtomicBool>,
    is_renewable: Arc<AtomicBool>,
    renewals: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
    hold: Arc<Mutex<Option<Receiver<()>>>>,
}

impl Somebody {
    fn begun(&self, request: &Initiation) -> Begun {
        self.initiations.lock().unwrap().push(request.clone());
        self.initiators.lock().unwrap().push(self.number);
        Begun {
            initiator: Box::new(Script),
            token: Zeroizing::new(b"hello".to_vec()),
        }
    }

    fn acquired(self) -> Acquired {
        Acquired {
            lifetime: Some(Duration::from_secs(3600)),
            principal: Arc::new(self),
        }
    }
}

impl Principal for Somebody {
    fn name(&self) -> &str {
        &self.name
    }

    fn renew(&self) -> Result<Option<Acquired>> {
        if !self.is_renewable.load(Ordering::SeqCst) {
            return Ok(None);
        }
        self.renewals.fetch_add(1, Ordering::SeqCst);
        let renewed = Self {
            number: self.number + 1,
            tickets: Arc::default(),
            ..self.clone()
        };
        Ok(Some(renewed.acquired()))
    }

    fn initiate(&self, _: usize, request: &Initiation) -> Result<Begun> {
        let hold = self.hold.lock().unwrap().take();
        if let Some(hold) = hold {
            let _ = hold.recv();
        }
        if self.is_silent.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Unavailable, "no KDC answers"));
        }
        let is_more = |left: usize| left.checked_sub(1);
        let ended = &self.ended;
        if ended
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, is_more)
            .is_ok()
        {
            return Err(Error::new(
                ErrorKind::Interaction,
                "the ticket has expired; run `kinit`",
            ));
        }
        if self.keeps_tickets.load(Ordering::SeqCst) {
            let mut tickets = self.tickets.lock().unwrap();
            tickets.insert(request.service.clone());
        }
        Ok(self.begun(request))
    }

    fn initiate_now(&self, request: &Initiation) -> Option<Begun> {
        let is_ready = self.tickets.lock().unwrap().contains(&request.service);
        is_ready.then(|| self.begun(request))
    }

    fn ready(&self) -> Vec<String> {
        self.tickets.lock().unwrap().iter().cloned().collect()
    }

    fn examine(&self, _: usize, requests: &[Initiation]) -> Vec<Finding> {
        let names = requests.iter().map(|request| request.service.as_str());
        vec![Finding::ok("fake", names.collect::<Vec<_>>().join(" "))]
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
