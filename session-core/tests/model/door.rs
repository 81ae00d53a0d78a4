//! Where a call of the backend waits for its server, and who lets it in.

use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use super::checker::{block_on, let_others_act};

/// Where a call of the backend waits for its server: it goes on when somebody else wakes it.
///
/// Under shuttle that is a thread for each wait. For so many loom has no room: there it is whoever runs the task.
#[derive(Clone, Debug, Default)]
pub(crate) struct Door(Arc<Mutex<Vec<Knock>>>);

/// One who waits.
#[derive(Debug)]
struct Knock {
    is_let_in: Arc<AtomicBool>,
    waker: Waker,
}

impl Door {
    /// Waits until somebody lets it in.
    pub(crate) async fn wait(&self) {
        let is_let_in = Arc::new(AtomicBool::new(false));
        let mut has_knocked = false;
        poll_fn(|cx| {
            if is_let_in.load(Ordering::SeqCst) {
                return Poll::Ready(());
            }
            if !std::mem::replace(&mut has_knocked, true) {
                self.knock(Knock {
                    is_let_in: Arc::clone(&is_let_in),
                    waker: cx.waker().clone(),
                });
            }
            Poll::Pending
        })
        .await;
    }

    fn knock(&self, knock: Knock) {
        if cfg!(model_loom) {
            self.0.lock().unwrap().push(knock);
        } else {
            drop(super::checker::spawn(move || knock.let_in()));
        }
    }

    /// Completes a task of the engine, which waits for nothing but its server.
    pub(crate) fn complete(&self, task: impl Future<Output = ()>) {
        if !cfg!(model_loom) {
            return block_on(task);
        }
        let mut task = std::pin::pin!(task);
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        while task
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
        {
            let_others_act();
            let knocks = std::mem::take(&mut *self.0.lock().unwrap());
            knocks.into_iter().for_each(Knock::let_in);
            let is_woken = woken.0.swap(false, Ordering::SeqCst);
            assert!(is_woken, "a task of the engine waits for nobody");
        }
    }
}

impl Knock {
    fn let_in(self) {
        self.is_let_in.store(true, Ordering::SeqCst);
        self.waker.wake();
    }
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}
