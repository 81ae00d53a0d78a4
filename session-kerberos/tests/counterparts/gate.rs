//! Ways to a KDC that can be shut.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
};

use serde_json::Value;
use session_core::SecretSource;
use session_kerberos::{Kerberos, KerberosBuilder};
use tokio::sync::watch;

use crate::{kdc_message, realm::Realm};

/// The way to the KDC of a realm that nobody else uses meanwhile: all that clients of that realm ask goes through here. Open
/// at first. Dropped, it is somebody else's.
pub(crate) struct Gate {
    number: usize,
    realm: &'static Value,
    shared: Arc<Shared>,
    /// Where nothing listens, there is nobody to accept.
    accepting: Mutex<Option<JoinHandle<()>>>,
    administered: Mutex<Administered>,
}

/// What a KDC does with what it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Conduct {
    /// Answers.
    Open,
    /// Takes it and does not answer, until it does something else.
    Silent,
    /// Answers, but not what it was silent to, also if that is asked again.
    OpenToOthers,
    /// Takes it and hangs up.
    HangsUp,
    /// Says this.
    Says(Vec<u8>),
}

/// How much a KDC was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// For tickets to begin with (RFC 4120 §3.1), however many requests each takes.
    pub(crate) authentications: usize,
    /// For tickets for services (RFC 4120 §3.3).
    pub(crate) tickets: usize,
    /// For tickets to be renewed, where no authentication came of that: one does where renewing has gained nothing.
    pub(crate) renewals: usize,
    is_renewal_last: bool,
}

impl Asked {
    fn count(&mut self, request: &[u8]) {
        self.tickets += usize::from(kdc_message::asks_for_ticket(request));
        if kdc_message::asks_for_renewal(request) {
            self.renewals += 1;
            self.is_renewal_last = true;
        }
        if kdc_message::begins_authentication(request) {
            self.authentications += 1;
            self.renewals -= usize::from(std::mem::take(&mut self.is_renewal_last));
        }
    }
}

struct Shared {
    kdc: u16,
    conduct: Mutex<Conduct>,
    changed: Condvar,
    /// What it was silent to since it last answered everything.
    kept: Mutex<Vec<Vec<u8>>>,
    asked: watch::Sender<Asked>,
}

/// What was changed in the realm's database.
#[derive(Default)]
struct Administered {
    is_locked: bool,
    has_lifetime: bool,
}

/// Which gates somebody has.
static TAKEN: Mutex<[bool; 4]> = Mutex::new([false; 4]);
static GIVEN_BACK: Condvar = Condvar::new();

impl Gate {
    /// One that nobody else has; waits for it.
    pub(crate) fn take() -> Self {
        let mut taken = lock(&TAKEN);
        let number = loop {
            if let Some(number) = taken.iter().position(|taken| !taken) {
                break number;
            }
            taken = GIVEN_BACK
                .wait(taken)
                .unwrap_or_else(PoisonError::into_inner);
        };
        taken[number] = true;
        drop(taken);
        Self::of(number)
    }

    /// For a process of its own, to which it is lent.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// The one that another process has taken, and taken down meanwhile.
    pub(crate) fn lent(number: usize) -> Self {
        Self::of(number)
    }

    fn of(number: usize) -> Self {
        let realm = Realm::shared().value(&format!("/gates/{number}"));
        let kdc = realm["kdc"].as_u64().and_then(|port| port.try_into().ok());
        let gate = Self {
            number,
            realm,
            shared: Arc::new(Shared {
                kdc: kdc.unwrap(),
                conduct: Mutex::new(Conduct::Open),
                changed: Condvar::new(),
                kept: Mutex::default(),
                asked: watch::Sender::default(),
            }),
            accepting: Mutex::default(),
            administered: Mutex::default(),
        };
        gate.listen();
        gate
    }

    fn text(&self, key: &str) -> &'static str {
        self.realm[key].as_str().unwrap()
    }

    fn port(&self) -> u16 {
        let port = self.realm["port"].as_u64();
        port.and_then(|port| port.try_into().ok()).unwrap()
    }

    pub(crate) fn password(&self) -> &'static str {
        self.text("password")
    }

    pub(crate) fn keytab(&self) -> &'static str {
        self.text("keytab")
    }

    pub(crate) fn principal(&self) -> &'static str {
        self.text("principal")
    }

    /// The only client of the realm, with Apache, which has a key of it.
    pub(crate) fn by_keytab(&self) -> KerberosBuilder {
        self.among(Kerberos::keytab(self.keytab()))
    }

    pub(crate) fn by_password(&self) -> KerberosBuilder {
        let password = SecretSource::literal(self.password());
        self.among(Kerberos::password(self.principal(), password))
    }

    pub(crate) fn by_cache(&self, name: &str) -> KerberosBuilder {
        self.among(Kerberos::ccache(name))
    }

    /// The host of a service in the realm, which no configuration says that it is in. Apache has its key.
    pub(crate) fn unmapped(&self) -> &'static str {
        self.text("unmapped")
    }

    fn among(&self, builder: KerberosBuilder) -> KerberosBuilder {
        let environment = Realm::shared().environment();
        builder.environment(environment).spn(self.text("spn"))
    }

    /// From now on the KDC does this, also with what it was asked before and has not answered.
    pub(crate) fn set(&self, conduct: Conduct) {
        {
            let mut current = lock(&self.shared.conduct);
            if conduct == Conduct::Open {
                lock(&self.shared.kept).clear();
            }
            *current = conduct;
        }
        self.shared.changed.notify_all();
        self.listen();
    }

    /// Nothing listens there any more: who connects is refused.
    pub(crate) fn take_down(&self) {
        let Some(accepting) = lock(&self.accepting).take() else {
            return;
        };
        // A connection without a request is what ends it.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port())).unwrap());
        accepting.join().unwrap();
    }

    pub(crate) fn asked(&self) -> Asked {
        *self.shared.asked.borrow()
    }

    /// Waits until it was asked so much.
    pub(crate) async fn until_asked(&self, enough: impl Fn(Asked) -> bool) {
        let mut asked = self.shared.asked.subscribe();
        asked.wait_for(|asked| enough(*asked)).await.unwrap();
    }

    /// Has the realm refuse its client, or not.
    pub(crate) fn set_locked(&self, is_locked: bool) {
        let mut administered = lock(&self.administered);
        if administered.is_locked != is_locked {
            administered.is_locked = is_locked;
            let sign = if is_locked { '-' } else { '+' };
            self.modify(&format!("{sign}allow_tix"));
        }
    }

    /// Has tickets of the client live that long.
    pub(crate) fn set_lifetime(&self, seconds: u64) {
        lock(&self.administered).has_lifetime = true;
        self.modify(&format!("-maxlife \"{seconds} seconds\""));
    }

    fn modify(&self, options: &str) {
        let done = Command::new("kadmin.local")
            .args(["-r", self.text("realm"), "-q"])
            .arg(format!("modprinc {options} {}", self.principal()))
            .envs(Realm::shared().administration())
            .env(
                "PATH",
                format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap()),
            )
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stdout);
        assert!(said.contains("modified"), "{said} {done:?}");
    }

    fn listen(&self) {
        let mut accepting = lock(&self.accepting);
        if accepting.is_some() {
            return;
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port())).unwrap();
        let shared = Arc::clone(&self.shared);
        *accepting = Some(thread::spawn(move || shared.accept(&listener)));
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        *lock(&self.shared.conduct) = Conduct::HangsUp;
        self.shared.changed.notify_all();
        self.take_down();
        if std::mem::take(&mut lock(&self.administered).has_lifetime) {
            self.set_lifetime(10 * 60 * 60);
        }
        self.set_locked(false);
        lock(&TAKEN)[self.number] = false;
        GIVEN_BACK.notify_one();
    }
}

impl Shared {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let Ok(request) = receive(&mut client) else {
                return;
            };
            let shared = Arc::clone(self);
            // Who has gone away does not matter, and neither does a KDC that is stopped.
            thread::spawn(move || drop(shared.answer(&mut client, &request)));
        }
    }

    fn answer(&self, client: &mut TcpStream, request: &[u8]) -> io::Result<()> {
        let mut conduct = lock(&self.conduct);
        // Whoever sees that it was asked can rely on what was done with that: no other conduct comes between.
        self.asked.send_modify(|asked| asked.count(request));
        let mut is_kept = lock(&self.kept).iter().any(|kept| kept == request);
        while *conduct == Conduct::Silent || (is_kept && *conduct == Conduct::OpenToOthers) {
            if !is_kept {
                is_kept = true;
                lock(&self.kept).push(request.to_vec());
            }
            conduct = self
                .changed
                .wait(conduct)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let conduct = conduct.clone();
        match conduct {
            Conduct::HangsUp | Conduct::Silent => Ok(()),
            Conduct::Says(answer) => send(client, &answer),
            Conduct::Open | Conduct::OpenToOthers => {
                let mut kdc = TcpStream::connect((Ipv4Addr::LOCALHOST, self.kdc))?;
                send(&mut kdc, request)?;
                let answer = receive(&mut kdc)?;
                send(client, &answer)
            }
        }
    }
}

/// A message as it is sent by TCP (RFC 4120 §7.2.2).
fn receive(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut message = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
    stream.read_exact(&mut message)?;
    Ok(message)
}

fn send(stream: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    let length = u32::try_from(message.len()).unwrap();
    stream.write_all(&[&length.to_be_bytes(), message].concat())
}

/// What is under these locks is whole, whatever panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
