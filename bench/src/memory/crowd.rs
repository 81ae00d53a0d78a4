//! Many sessions that were opened at once, and are renewed over a time.

use std::{fs, time::Duration};

use http::Request;
use session_core::{Outgoing, SessionHandle};
use session_mock::MockClock;
use tokio::{runtime::Handle, task::yield_now};
use url::Url;

use super::{
    MANY,
    keys::{self, Keys},
    open,
};
use crate::{runner::Numbers, watched::watched};

/// How often each of them is used.
pub(super) const SLICE: Duration = Duration::from_secs(10);

/// When renewal may begin, and when the tokens expire.
const WINDOW: [Duration; 2] = [Duration::from_secs(3300), Duration::from_secs(3600)];

/// A round of requests of all sessions.
struct Round {
    renewals: u64,
    pending: u64,
    cpu: Duration,
}

/// How many renewals each slice of time has, and what they cost.
pub(crate) fn renewals() -> Numbers {
    keys::runtime().block_on(async {
        let (keys, clock) = (Keys::new(), MockClock::new());
        let session = |_| keys.builder().clock(clock.clone()).build();
        let sessions: Vec<_> = (0..MANY).map(session).collect();
        open(&sessions).await;
        // The first round after a jump looks at each credential; the second is like all others.
        clock.advance(WINDOW[0].saturating_sub(SLICE));
        round(&sessions, &keys).await;
        let without = round(&sessions, &keys).await;

        let mut numbers = Numbers::new();
        let (mut now, mut count, mut cpu) = (WINDOW[0].saturating_sub(SLICE), 0, Duration::ZERO);
        for slice in 0.. {
            clock.advance(SLICE);
            now += SLICE;
            if now >= WINDOW[1] || count == MANY as u64 {
                break;
            }
            let round = round(&sessions, &keys).await;
            count += round.renewals;
            cpu += round.cpu.saturating_sub(without.cpu);
            for (key, value) in [
                ("before", WINDOW[1].saturating_sub(now).as_secs_f64()),
                ("count", round.renewals as f64),
                ("cpu", round.cpu.as_secs_f64() * 1e3),
                ("pending", round.pending as f64),
            ] {
                numbers.insert(format!("{key} {slice:02}"), value);
            }
        }
        numbers.insert("round".to_owned(), without.cpu.as_secs_f64() * 1e3);
        numbers.insert("each".to_owned(), cpu.as_secs_f64() * 1e6 / count as f64);
        numbers
    })
}

async fn round(sessions: &[SessionHandle], keys: &Keys) -> Round {
    let url: Url = "https://api.example.com/orders"
        .parse()
        .expect("an absolute URL");
    let (before, began) = (keys.given(), cpu_time());
    let mut pending = 0;
    for session in sessions {
        let (mut parts, ()) = Request::new(()).into_parts();
        let (receipt, was_pending) =
            watched(session.authorize(Outgoing::new(&url, &mut parts))).await;
        receipt.expect("the session is open");
        pending += u64::from(was_pending);
    }
    while Handle::current().metrics().num_alive_tasks() > 0 {
        yield_now().await;
    }
    Round {
        renewals: keys.given() - before,
        pending,
        cpu: cpu_time().saturating_sub(began),
    }
}

/// For how long this thread was on a processor; zero where that cannot be told.
fn cpu_time() -> Duration {
    let statistics = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = statistics
        .split(' ')
        .next()
        .and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}
