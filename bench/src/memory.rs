//! What sessions weigh, one by one and in great number.

mod crowd;
mod keys;

use std::thread;

use http::header::AUTHORIZATION;
use session_core::SessionHandle;

pub(crate) use crowd::renewals;

use crate::{
    count::Counter,
    endpoint::token,
    memory::{crowd::SLICE, keys::Keys},
    runner::{Numbers, Program, Result, Runner},
    table::Table,
};

/// How many sessions a program has open at once.
const MANY: usize = 100_000;

/// Enough for an average.
const FEW: usize = 1000;

pub(crate) fn run(_: &Runner) -> Result<String> {
    let one = Runner::job(Program::Counting, "memory/one")?;
    let many = Runner::job(Program::Counting, "memory/many")?;
    let mut table = Table::new(["a session", "bytes", "allocations"]);
    for (key, what) in [
        ("closed", "made, never opened"),
        ("open", "open and idle, with its header"),
        ("again", "closed again"),
        ("second", "added by the second thread that uses it often"),
        ("third", "added by each such thread after that, at most 15"),
    ] {
        let [bytes, allocations] =
            ["bytes", "allocations"].map(|unit| one[&format!("{key} {unit}")]);
        table.row([
            what.to_owned(),
            format!("{bytes:.0}"),
            format!("{allocations:.0}"),
        ]);
    }
    let mut crowd = Table::new([&format!("{MANY} sessions open"), ""]);
    let megabytes = |key: &str| format!("{:.1} MB", many[key] / 1e6);
    crowd.row(["allocated".to_owned(), megabytes("bytes")]);
    crowd.row([
        "resident memory, more than before".to_owned(),
        megabytes("resident"),
    ]);
    crowd.row([
        "resident, for each".to_owned(),
        format!("{:.0} bytes", many["resident"] / MANY as f64),
    ]);

    let renewals = Runner::job(Program::Timing, "memory/renewal")?;
    let mut window = Table::new(["time before expiry", "renewals", "CPU, ms", "Pending"]);
    for slice in 0.. {
        let of = |key: &str| renewals.get(&format!("{key} {slice:02}")).copied();
        let Some((before, count)) = of("before").zip(of("count")) else {
            break;
        };
        let [cpu, pending] = ["cpu", "pending"].map(|key| of(key).unwrap_or_default());
        window.row([
            format!("{before:.0} s"),
            format!("{count:.0}"),
            format!("{cpu:.0}"),
            format!("{pending:.0}"),
        ]);
    }
    Ok(format!(
        "By an allocator that counts. The header is `Bearer ` and {} characters. The backend, the environment and the clock \
         are shared by all sessions, and weigh next to nothing.\n\n{table}\n{crowd}\n\
         {MANY} sessions, opened at once, with tokens of an hour on a clock that is moved by hand: each makes a request every \
         {} s, and that renews those that are due. The server answers at once, so that all the CPU time is session-kit's. A \
         round of requests without renewals takes {:.0} ms; {:.1} µs are added for each renewal.\n\n{window}",
        token().len(),
        SLICE.as_secs(),
        renewals["round"],
        renewals["each"],
    ))
}

/// `one` or `many`.
pub(crate) fn count(job: &str, counter: Counter) -> Result<Numbers> {
    match job {
        "one" => Ok(one(counter)),
        "many" => Ok(many(counter)),
        _ => Err(format!("there is no job `memory/{job}`")),
    }
}

/// Of one session, by the average of some.
fn one(counter: Counter) -> Numbers {
    let runtime = keys::runtime();
    let keys = Keys::new();
    // What is made once is made now.
    runtime.block_on(async {
        let session = keys.session();
        session.init().await.expect("a key is there");
        session.close().await.expect("there is nothing to close");
    });
    let mut sessions = Vec::with_capacity(FEW);
    let mut numbers = Numbers::new();
    let mut note = |key: &str, bytes: i64, allocations: u64, of: usize| {
        numbers.insert(format!("{key} bytes"), bytes as f64 / of as f64);
        numbers.insert(format!("{key} allocations"), allocations as f64 / of as f64);
    };
    let made = counter(&mut || sessions.extend((0..FEW).map(|_| keys.session())));
    note("closed", made.bytes, made.allocations, FEW);
    let opened = counter(&mut || runtime.block_on(open(&sessions)));
    note("open", made.bytes + opened.bytes, opened.allocations, FEW);

    // The first thread to use a session has the original; this one is numbered first.
    let used = &sessions[0];
    let use_it = || {
        for _ in 0..3 {
            assert!(used.header_now(&AUTHORIZATION).is_some());
        }
    };
    use_it();
    for key in ["second", "third"] {
        let added = thread::scope(|scope| scope.spawn(|| counter(&mut || use_it())).join());
        let added = added.expect("no thread panics");
        note(key, added.bytes, added.allocations, 1);
    }

    let others = &sessions[1..];
    let closed = counter(&mut || {
        runtime.block_on(async {
            for session in others {
                session.close().await.expect("there is nothing to close");
            }
        });
    });
    let again =
        (made.bytes + opened.bytes) as f64 / FEW as f64 + closed.bytes as f64 / others.len() as f64;
    note(
        "again",
        again.round() as i64,
        closed.allocations / others.len() as u64,
        1,
    );
    // What is still open is ended by the executor, which is this runtime.
    runtime.block_on(async { drop(sessions) });
    numbers
}

fn many(counter: Counter) -> Numbers {
    let runtime = keys::runtime();
    let keys = Keys::new();
    let before = resident();
    let mut sessions = Vec::with_capacity(MANY);
    let counted = counter(&mut || {
        sessions.extend((0..MANY).map(|_| keys.session()));
        runtime.block_on(open(&sessions));
    });
    let after = resident();
    runtime.block_on(async { drop(sessions) });
    [
        ("bytes", counted.bytes as f64),
        ("resident", after - before),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}

async fn open(sessions: &[SessionHandle]) {
    for session in sessions {
        session.init().await.expect("a key is there");
    }
}

/// Bytes of the process that are in memory; 0 where that cannot be told.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    1024.0 * kilobytes.unwrap_or_default()
}
