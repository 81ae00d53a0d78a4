use std::sync::mpsc;

use super::*;

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(600);
/// Over before anything is done.
const SHORT: Duration = Duration::from_millis(1);

#[tokio::test]
async fn work_is_done_elsewhere_by_threads_with_numbers() {
    let workers = Workers::new(LONG);
    let caller = thread::current().id();
    let (worker, thread) = workers
        .run(|worker| Ok((worker, thread::current().id())))
        .await
        .unwrap();
    assert!(worker < MOST_WORKERS);
    assert_ne!(thread, caller);
}

#[tokio::test]
async fn what_hangs_is_an_error_and_costs_nobody_else_anything() {
    let workers = Workers::new(SHORT);
    let (release, held) = mpsc::channel::<()>();
    let outcome = workers.run(move |_| Ok(held.recv().is_ok())).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("kdc_timeout"), "{error}");
    drop(release);
}

#[tokio::test]
async fn there_are_so_many_threads_and_no_more() {
    let workers = Workers::new(LONG);
    let (arrive, arrivals) = mpsc::channel();
    let held: Vec<_> = (0..MOST_WORKERS)
        .map(|_| {
            let (release, held) = mpsc::channel::<()>();
            let arrive = arrive.clone();
            let receiver = workers.submit(move |worker| {
                arrive.send(worker).unwrap();
                let _ = held.recv();
                Ok(worker)
            });
            (release, receiver.unwrap())
        })
        .collect();
    let mut numbers: Vec<usize> = arrivals.iter().take(MOST_WORKERS).collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..MOST_WORKERS));
    // All are busy: what comes now waits for one of them.
    let late = workers.submit(Ok).unwrap();
    let mut held = held.into_iter();
    let (release, first) = held.next().unwrap();
    drop(release);
    let freed = first.await.unwrap().unwrap();
    assert_eq!(late.await.unwrap().unwrap(), freed);
}

#[tokio::test]
async fn work_whose_caller_is_gone_is_not_begun() {
    let workers = Workers::new(LONG);
    let (begin, beginnings) = mpsc::channel();
    let held: Vec<_> = (0..MOST_WORKERS)
        .map(|_| {
            let (release, held) = mpsc::channel::<()>();
            let receiver = workers.submit(move |_| Ok(held.recv().is_ok()));
            (release, receiver)
        })
        .collect();
    let gone = begin.clone();
    drop(workers.submit(move |_| {
        gone.send("of one who is gone").unwrap();
        Ok(())
    }));
    let there = workers.submit(move |_| {
        begin.send("of one who is there").unwrap();
        Ok(())
    });
    drop(held);
    there.unwrap().await.unwrap().unwrap();
    assert_eq!(
        beginnings.iter().collect::<Vec<_>>(),
        ["of one who is there"]
    );
}

#[tokio::test]
async fn a_limit_beyond_all_time_is_none() {
    let workers = Workers::new(Duration::MAX);
    workers.run(|_| Ok(())).await.unwrap();
}

/// Holds what it waits for up until these are dropped.
fn busy(workers: &Workers) -> Vec<mpsc::Sender<()>> {
    let (arrive, arrivals) = mpsc::channel();
    let holds = (0..MOST_WORKERS).map(|_| {
        let (release, held) = mpsc::channel::<()>();
        let arrive = arrive.clone();
        let receiver = workers.submit(move |_| {
            arrive.send(()).unwrap();
            Ok(held.recv().is_ok())
        });
        // Its caller has to be there for it to begin.
        arrivals.recv().unwrap();
        drop(receiver);
        release
    });
    holds.collect()
}

#[tokio::test]
async fn what_took_too_long_to_begin_waits_no_longer() {
    let workers = Workers::new(SHORT);
    let mut holds = Vec::new();
    let (arrive, arrivals) = mpsc::channel();
    // On a slow machine some are late before they begin.
    for attempt in 0_u64.. {
        let (release, held) = mpsc::channel::<()>();
        let arrive = arrive.clone();
        let outcome = workers.run(move |_| {
            arrive.send(attempt).unwrap();
            Ok(held.recv().is_ok())
        });
        outcome.await.unwrap_err();
        if arrivals.try_iter().any(|it| it == attempt) {
            holds.push(release);
        }
        if holds.len() == MOST_WORKERS {
            break;
        }
    }
    // What a job has is gone with it.
    let kept = Arc::new(());
    let held = Arc::clone(&kept);
    let outcome = workers.run(move |_| {
        drop(held);
        Ok(())
    });
    assert_eq!(outcome.await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(Arc::strong_count(&kept), 1);
    drop(holds);
}

#[tokio::test]
async fn there_is_room_for_so_many_to_wait_and_no_more() {
    let workers = Workers::new(LONG);
    let holds = busy(&workers);
    let wait = || workers.submit(|_| Ok(()));
    let mut waiting: Vec<_> = (0..MOST_WAITING).map(|_| wait().unwrap()).collect();
    let error = wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("fewer at once"), "{error}");
    // Of one who is gone the place is another's.
    waiting.truncate(MOST_WAITING - 1);
    waiting.push(wait().unwrap());
    wait().unwrap_err();
    drop(holds);
    for receiver in waiting {
        receiver.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_panic_is_an_error_and_the_thread_goes_on() {
    let workers = Workers::new(LONG);
    let outcome = workers
        .run(|_| -> Result<()> { panic!("on purpose") })
        .await;
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Protocol);
    workers.run(|_| Ok(())).await.unwrap();
}

#[tokio::test]
async fn requests_that_hang_leave_a_thread_to_renew_the_session() {
    let workers = Workers::new(LONG);
    let holds: Vec<_> = (0..=MOST_WORKERS)
        .map(|_| {
            let (release, held) = mpsc::channel::<()>();
            let work = move |_| Ok(held.recv().is_ok());
            workers.spawn_for_requests(work, drop).unwrap();
            release
        })
        .collect();
    workers.run(|_| Ok(())).await.unwrap();
    drop(holds);
}
