//! The ways to a header.

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use http::{HeaderMap, HeaderValue, Request, header::AUTHORIZATION};
use session_core::{Outgoing, set_current, with_current};
use tokio::runtime::Runtime;
use url::Url;

use crate::{
    endpoint::{Endpoint, token},
    peers::{Azure, Google, Kit, Lock, ObjectStore, Peer},
    runner::Result,
    watched::now,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    Floor,
    FloorWithExpiry,
    FloorInserted,
    FloorChecked,
    Alone,
    HeaderNow,
    Authorize,
    NoScope,
    Scope,
    Lock,
    ObjectStore,
    Azure,
    Google,
    GoogleUnchanged,
}

impl Case {
    pub(crate) const ALL: &[Self] = &[
        Self::Floor,
        Self::FloorWithExpiry,
        Self::FloorInserted,
        Self::FloorChecked,
        Self::Alone,
        Self::HeaderNow,
        Self::Authorize,
        Self::NoScope,
        Self::Scope,
        Self::Lock,
        Self::ObjectStore,
        Self::Azure,
        Self::Google,
        Self::GoogleUnchanged,
    ];

    /// Those that yield the header.
    pub(crate) const PEERS: &[Self] = &[Self::Lock, Self::ObjectStore, Self::Azure, Self::Google];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::FloorWithExpiry => "floor with expiry",
            Self::FloorInserted => "floor with expiry, put on a request",
            Self::FloorChecked => "floor with expiry, origin checked, put on a request",
            Self::Alone => "each thread's own header, nothing shared or checked",
            Self::HeaderNow => "session-kit: header_now",
            Self::Authorize => "session-kit: authorize (origin checked, put on a request)",
            Self::NoScope => "session-kit: with_current, header_now; no scope",
            Self::Scope => "session-kit: with_current, header_now; in a scope",
            Self::Lock => "oauth2 and a tokio RwLock",
            Self::ObjectStore => "object_store, formatted",
            Self::Azure => "azure_identity, formatted",
            Self::Google => "google-cloud-auth: headers",
            Self::GoogleUnchanged => "google-cloud-auth: EntityTag (no header)",
        }
    }

    pub(crate) fn named(name: &str) -> Result<Self> {
        let case = Self::ALL.iter().find(|case| case.name() == name);
        case.copied()
            .ok_or_else(|| format!("there is no case `{name}`"))
    }
}

/// Does it so many times.
pub(crate) type Batch = Box<dyn Fn(u32) + Send + Sync>;

/// A case made ready, and what must live as long.
pub(crate) struct Prepared {
    pub(crate) batch: Batch,
    _runtime: Runtime,
}

/// Makes a case ready: the token is there.
pub(crate) fn case(case: Case) -> Prepared {
    let endpoint = Endpoint::start().expect("loopback has a free port");
    // An hour is within the margin of none; and nobody is to renew while it is measured.
    endpoint.conduct.set_lifetime(24 * 3600);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    let runtime = runtime.expect("the system allows a thread");
    let batch = match case {
        Case::Floor => floor(|entry| Some(entry.header.clone())),
        Case::FloorWithExpiry => floor(valid),
        Case::FloorInserted => floor_inserted(|_| true),
        Case::FloorChecked => floor_inserted(|url| {
            url.scheme() == "https"
                && url.host_str() == Some("api.example.com")
                && url.port_or_known_default() == Some(443)
        }),
        Case::Alone => alone(),
        Case::Lock => peer::<Lock>(&runtime, &endpoint),
        Case::ObjectStore => peer::<ObjectStore>(&runtime, &endpoint),
        Case::Azure => peer::<Azure>(&runtime, &endpoint),
        Case::Google => peer::<Google>(&runtime, &endpoint),
        Case::GoogleUnchanged => google_unchanged(&runtime, &endpoint),
        Case::HeaderNow | Case::Authorize | Case::NoScope | Case::Scope => {
            kit(case, &runtime, &endpoint)
        }
    };
    Prepared {
        batch,
        _runtime: runtime,
    }
}

/// The header stays where it is made: to move it would cost a tenth of the whole, everywhere.
fn batch(call: impl Fn() + Send + Sync + 'static) -> Batch {
    Box::new(move |times| (0..times).for_each(|_| call()))
}

struct Entry {
    header: HeaderValue,
    expires: Instant,
}

fn entry() -> ArcSwap<Entry> {
    let mut header = HeaderValue::from_str(&format!("Bearer {}", token())).expect("visible ASCII");
    header.set_sensitive(true);
    ArcSwap::from_pointee(Entry {
        header,
        expires: Instant::now() + Duration::from_secs(3600),
    })
}

fn valid(entry: &Entry) -> Option<HeaderValue> {
    (Instant::now() < entry.expires).then(|| entry.header.clone())
}

fn floor(header: impl Fn(&Entry) -> Option<HeaderValue> + Send + Sync + 'static) -> Batch {
    let entry = entry();
    batch(move || {
        black_box(&header(&entry.load()));
    })
}

fn floor_inserted(may_go_to: impl Fn(&Url) -> bool + Send + Sync + 'static) -> Batch {
    let entry = entry();
    let url = Url::parse("https://api.example.com/v1/orders").expect("an absolute URL");
    Box::new(move |times| {
        let mut headers = HeaderMap::new();
        for _ in 0..times {
            headers.clear();
            if may_go_to(black_box(&url))
                && let Some(value) = valid(&entry.load())
            {
                headers.insert(AUTHORIZATION, value);
            }
            black_box(&headers);
        }
    })
}

/// As far as two threads can be faster than one on this machine.
fn alone() -> Batch {
    Box::new(move |times| {
        let header = entry().load_full().header.clone();
        for _ in 0..times {
            black_box(&black_box(&header).clone());
        }
    })
}

fn kit(case: Case, runtime: &Runtime, endpoint: &Endpoint) -> Batch {
    let Kit { session, url } = Kit::new(endpoint);
    runtime
        .block_on(session.init())
        .expect("the endpoint gives a token");
    let header = |session: &session_core::SessionHandle| {
        black_box(&session.header_now(&AUTHORIZATION));
    };
    let from_current = move || with_current(header).expect("a session is current");
    match case {
        Case::Authorize => Box::new(move |times| {
            let (mut parts, ()) = Request::new(()).into_parts();
            for _ in 0..times {
                parts.headers.clear();
                let receipt = now(session.authorize(Outgoing::new(&url, &mut parts)));
                black_box(&receipt.expect("the session is open"));
            }
        }),
        Case::NoScope => {
            set_current(Some(session)).expect("outside of any scope");
            batch(from_current)
        }
        Case::Scope => {
            Box::new(move |times| session.in_scope(|| (0..times).for_each(|_| from_current())))
        }
        _ => batch(move || header(&session)),
    }
}

fn peer<P: Peer>(runtime: &Runtime, endpoint: &Endpoint) -> Batch {
    let peer = runtime.block_on(async {
        let peer = P::new(endpoint);
        black_box(peer.header().await);
        peer
    });
    batch(move || {
        black_box(&now(peer.header()));
    })
}

fn google_unchanged(runtime: &Runtime, endpoint: &Endpoint) -> Batch {
    let (google, tag) = runtime.block_on(async {
        let google = Google::new(endpoint);
        let tag = google.tag().await;
        (Arc::new(google), tag)
    });
    batch(move || assert!(now(google.is_unchanged(tag.clone()))))
}
