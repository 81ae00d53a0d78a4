//! How long an answer may take, on one timer.

use std::{
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    task::coop::unconstrained,
    time::{Instant, Sleep, sleep_until},
};

use crate::upload::Upload;

/// When a request's answer is due, and for how long its server may be silent until then.
///
/// One timer serves a request from its authorization to the end of its answer's body: each that is registered costs
/// as much as the authorization. It is made when something has to be waited for, and moved from then on, as seldom as can be.
#[derive(Default)]
pub(crate) struct Watch {
    /// When the last byte of the answer is due.
    deadline: Option<Instant>,
    silence: Option<Duration>,
    timer: Option<Pin<Box<Sleep>>>,
    /// What is sent meanwhile: a server that takes it is not silent.
    upload: Option<Arc<Upload>>,
}

/// It took too long.
#[derive(Debug)]
pub(crate) struct Elapsed;

impl Watch {
    /// With this long from now on for everything, and this long for each part of what a server sends.
    pub(crate) fn new(limit: Option<Duration>, silence: Option<Duration>) -> Self {
        Self {
            // What is beyond the clock's range is no limit.
            deadline: limit.and_then(|limit| Instant::now().checked_add(limit)),
            silence,
            timer: None,
            upload: None,
        }
    }

    /// Notes what is being sent from now on.
    pub(crate) fn set_upload(&mut self, upload: Option<Arc<Upload>>) {
        self.upload = upload;
    }

    /// What is being sent, or was last.
    pub(crate) fn upload(&self) -> Option<&Upload> {
        self.upload.as_deref()
    }

    /// How long there is until the deadline.
    pub(crate) fn left(&self) -> Option<Duration> {
        let deadline = self.deadline?;
        Some(deadline.saturating_duration_since(Instant::now()))
    }

    /// Waits for something on our side, until the deadline.
    pub(crate) async fn wait<T>(&mut self, event: impl Future<Output = T>) -> Result<T, Elapsed> {
        self.until(event, None).await
    }

    /// Waits for something that the server sends, until the deadline or as long as it may be silent.
    pub(crate) async fn hear<T>(&mut self, event: impl Future<Output = T>) -> Result<T, Elapsed> {
        self.until(event, self.silence).await
    }

    async fn until<T>(
        &mut self,
        event: impl Future<Output = T>,
        silence: Option<Duration>,
    ) -> Result<T, Elapsed> {
        // Else a body that comes faster than it is read, so that there is nothing to wait for, would never be late.
        if self.is_over() {
            return Err(Elapsed);
        }
        let mut event = pin!(event);
        let mut due = None;
        std::future::poll_fn(|context| {
            if let Poll::Ready(output) = event.as_mut().poll(context) {
                return Poll::Ready(Ok(output));
            }
            loop {
                let until = *due.get_or_insert_with(|| self.set(silence, Instant::now()));
                ready!(self.poll_timer(until, context));
                let Some(taken) = self.taken_lately(silence) else {
                    return Poll::Ready(Err(Elapsed));
                };
                due = Some(self.set(silence, taken));
            }
        })
        .await
    }

    /// When the server took something last of what is sent to it, if it is due later for that.
    fn taken_lately(&self, silence: Option<Duration>) -> Option<Instant> {
        let taken = self.upload.as_ref()?.taken();
        let now = Instant::now();
        let is_late = self.deadline.is_some_and(|deadline| deadline <= now);
        (!is_late && taken.checked_add(silence?)? > now).then_some(taken)
    }

    /// Whether the deadline has passed, as far as the timer knows.
    fn is_over(&self) -> bool {
        let has_elapsed = self.timer.as_ref().is_some_and(|timer| timer.is_elapsed());
        has_elapsed
            && self
                .deadline
                .is_some_and(|deadline| deadline <= Instant::now())
    }

    /// Sets the timer for what comes first, and says when that is.
    fn set(&mut self, silence: Option<Duration>, from: Instant) -> Option<Instant> {
        let silent = silence.and_then(|silence| from.checked_add(silence));
        let due = match (self.deadline, silent) {
            (Some(deadline), Some(silent)) => Some(deadline.min(silent)),
            (deadline, silent) => deadline.or(silent),
        };
        match (due, &mut self.timer) {
            // One that goes off too early is moved then, which is hardly ever: to move it takes the lock of all timers.
            (Some(due), Some(timer)) if timer.deadline() > due => timer.as_mut().reset(due),
            (Some(due), none @ None) => *none = Some(Box::pin(sleep_until(due))),
            (Some(_), Some(_)) => {}
            (None, timer) => *timer = None,
        }
        due
    }

    fn poll_timer(&mut self, due: Option<Instant>, context: &mut Context<'_>) -> Poll<()> {
        let (Some(due), Some(timer)) = (due, &mut self.timer) else {
            return Poll::Pending;
        };
        loop {
            // Whoever has used up its turn is late all the same.
            ready!(pin!(unconstrained(timer.as_mut())).poll(context));
            if timer.deadline() >= due {
                return Poll::Ready(());
            }
            timer.as_mut().reset(due);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::time::{advance, sleep};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn what_comes_too_late_is_given_up_on() {
        let began = Instant::now();
        let mut watch = Watch::new(Some(5 * SECOND), Some(3 * SECOND));
        watch.hear(pending::<()>()).await.unwrap_err();
        assert_eq!(began.elapsed(), 3 * SECOND, "the server is silent");
        watch.wait(pending::<()>()).await.unwrap_err();
        assert_eq!(began.elapsed(), 5 * SECOND, "all of it takes too long");
        watch.wait(ready(())).await.unwrap_err();
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_stands_however_often_something_comes() {
        let began = Instant::now();
        let mut watch = Watch::new(Some(5 * SECOND), Some(3 * SECOND));
        while watch.hear(sleep(2 * SECOND)).await.is_ok() {}
        assert_eq!(began.elapsed(), 5 * SECOND);
        let mut watch = Watch::new(Some(5 * SECOND), None);
        watch.hear(sleep(SECOND)).await.unwrap();
        advance(5 * SECOND).await;
        watch.hear(ready(())).await.unwrap_err();
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_servers_silence_counts() {
        let mut watch = Watch::new(None, Some(3 * SECOND));
        watch.hear(sleep(2 * SECOND)).await.unwrap();
        watch.wait(sleep(9 * SECOND)).await.unwrap();
        watch.hear(sleep(2 * SECOND)).await.unwrap();
        advance(9 * SECOND).await;
        watch.hear(ready(())).await.unwrap();
        watch.hear(sleep(2 * SECOND)).await.unwrap();
        watch.hear(pending::<()>()).await.unwrap_err();
    }

    #[tokio::test(start_paused = true)]
    async fn each_part_has_the_whole_time_that_the_server_may_be_silent() {
        let mut watch = Watch::new(Some(60 * SECOND), Some(3 * SECOND));
        watch.hear(sleep(2 * SECOND)).await.unwrap();
        let began = Instant::now();
        watch.hear(pending::<()>()).await.unwrap_err();
        assert_eq!(began.elapsed(), 3 * SECOND);
        // After a longer wait on our side, too.
        watch.wait(sleep(9 * SECOND)).await.unwrap();
        let began = Instant::now();
        watch.hear(pending::<()>()).await.unwrap_err();
        assert_eq!(began.elapsed(), 3 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_used_up_its_turn_is_late_all_the_same() {
        let mut watch = Watch::new(Some(SECOND), None);
        let busy = std::future::poll_fn(|context| {
            while let Poll::Ready(progress) = tokio::task::coop::poll_proceed(context) {
                progress.made_progress();
            }
            Poll::<()>::Pending
        });
        let (outcome, ()) = tokio::join!(watch.wait(busy), advance(SECOND));
        outcome.unwrap_err();
    }

    #[tokio::test(start_paused = true)]
    async fn without_limits_there_is_no_timer() {
        let mut watch = Watch::new(None, None);
        watch.wait(sleep(SECOND)).await.unwrap();
        assert!(watch.timer.is_none() && watch.left().is_none());
        let mut watch = Watch::new(Some(SECOND), Some(SECOND));
        watch.hear(ready(())).await.unwrap();
        assert!(watch.timer.is_none(), "nothing was waited for");
        assert_eq!(watch.left(), Some(SECOND));
    }
}
