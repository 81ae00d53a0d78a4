//! Signs of life while a person waits.

use std::{
    borrow::Cow,
    env,
    ffi::OsStr,
    fmt,
    future::poll_fn,
    io::{self, IsTerminal as _, Write},
    mem,
    pin::pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, interval_at};

/// Says on a terminal what one waits for, from the first second on.
pub(crate) struct Progress(Option<Line>);

struct Line {
    /// Ready once a second.
    tick: Box<Tick>,
    seconds: u64,
    bytes: u64,
    /// What one waits for, where that is worth saying.
    what: Cow<'static, str>,
    shown: bool,
    to: Box<dyn Write>,
}

type Tick = dyn FnMut(&mut Context<'_>) -> Poll<()>;

impl Progress {
    /// On standard error, if that is a terminal on which a line can be rewritten.
    pub(crate) fn on_terminal() -> Self {
        if !io::stderr().is_terminal() || is_dumb(env::var_os("TERM").as_deref()) {
            return Self::none();
        }
        let second = Duration::from_secs(1);
        let mut seconds = interval_at(Instant::now() + second, second);
        Self::new(move |cx| seconds.poll_tick(cx).map(drop), io::stderr())
    }

    /// Says nothing.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    fn new(
        tick: impl FnMut(&mut Context<'_>) -> Poll<()> + 'static,
        to: impl Write + 'static,
    ) -> Self {
        Self(Some(Line {
            tick: Box::new(tick),
            seconds: 0,
            bytes: 0,
            what: Cow::Borrowed("waiting"),
            shown: false,
            to: Box::new(to),
        }))
    }

    /// That so much of the answer has come.
    pub(crate) fn received(&mut self, bytes: usize) {
        if let Some(line) = &mut self.0 {
            line.bytes = line.bytes.saturating_add(bytes as u64);
        }
    }

    /// What is waited for from now on, in place of `waiting`.
    pub(crate) fn for_what(&mut self, what: impl Into<Cow<'static, str>>) {
        if let Some(line) = &mut self.0 {
            line.what = what.into();
        }
    }

    /// Waits for the future, and says so. When this returns the line is gone.
    pub(crate) async fn during<F: Future>(&mut self, future: F) -> F::Output {
        let Some(line) = &mut self.0 else {
            return future.await;
        };
        let mut future = pin!(future);
        loop {
            tokio::select! {
                biased;
                output = &mut future => {
                    line.clear();
                    return output;
                }
                () = poll_fn(|cx| (line.tick)(cx)) => {
                    line.seconds += 1;
                    line.show();
                }
            }
        }
    }
}

impl Line {
    /// A terminal that is gone does not matter.
    fn show(&mut self) {
        let (seconds, bytes) = (self.seconds, Size(self.bytes));
        let _ = match self.bytes {
            0 => write!(self.to, "\r\x1b[K{}, {seconds} s", self.what),
            _ => write!(self.to, "\r\x1b[K{bytes} received, {seconds} s"),
        };
        let _ = self.to.flush();
        self.shown = true;
    }

    fn clear(&mut self) {
        if !mem::take(&mut self.shown) {
            return;
        }
        let _ = write!(self.to, "\r\x1b[K");
        let _ = self.to.flush();
    }
}

impl Drop for Line {
    /// Whoever stops waiting, as on a signal, leaves nothing on the screen.
    fn drop(&mut self) {
        self.clear();
    }
}

/// Whether the terminal knows no escape sequences, by the variable `TERM`. On Windows there is none, and terminals do.
fn is_dumb(term: Option<&OsStr>) -> bool {
    match term {
        Some(term) => term == "dumb",
        None => cfg!(not(windows)),
    }
}

struct Size(u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
        match UNITS.into_iter().find(|(unit, _)| self.0 >= *unit) {
            Some((unit, name)) => {
                let tenths = self.0 / (unit / 10);
                write!(f, "{}.{} {name}", tenths / 10, tenths % 10)
            }
            None => write!(f, "{} bytes", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Screen(Arc<Mutex<Vec<u8>>>);

    impl Screen {
        fn lines(&self) -> Vec<String> {
            let written = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
            written
                .split("\r\x1b[K")
                .skip(1)
                .map(str::to_owned)
                .collect()
        }

        /// Progress on it, where seconds pass when it is looked at: none, one, none, one …
        fn progress(&self) -> Progress {
            let mut looks = 0;
            let tick = move |_: &mut Context<'_>| {
                looks += 1;
                if looks % 2 == 0 {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            };
            Progress::new(tick, self.clone())
        }
    }

    impl Write for Screen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Takes so many looks at the time.
    async fn work(mut looks: usize) {
        poll_fn(|cx| {
            if looks == 0 {
                return Poll::Ready(());
            }
            looks -= 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    #[tokio::test]
    async fn nothing_is_said_before_a_second_has_passed() {
        let screen = Screen::default();
        screen.progress().during(work(1)).await;
        assert!(screen.lines().is_empty());
    }

    #[tokio::test]
    async fn a_line_a_second_that_is_gone_in_the_end() {
        let screen = Screen::default();
        let mut progress = screen.progress();
        progress.during(work(4)).await;
        progress.received(1_234_567);
        progress.during(work(2)).await;
        assert_eq!(
            screen.lines(),
            [
                "waiting, 1 s",
                "waiting, 2 s",
                "",
                "1.2 MB received, 3 s",
                ""
            ]
        );
    }

    #[tokio::test]
    async fn what_one_waits_for_is_said() {
        let screen = Screen::default();
        let mut progress = screen.progress();
        progress.for_what("authenticating");
        progress.during(work(2)).await;
        assert_eq!(screen.lines(), ["authenticating, 1 s", ""]);
    }

    #[tokio::test]
    async fn who_stops_waiting_leaves_nothing_on_the_screen() {
        let screen = Screen::default();
        let mut progress = screen.progress();
        {
            let mut waiting = pin!(progress.during(std::future::pending::<()>()));
            poll_fn(|cx| {
                for _ in 0..4 {
                    assert!(waiting.as_mut().poll(cx).is_pending());
                }
                Poll::Ready(())
            })
            .await;
        }
        assert_ne!(screen.lines().pop().unwrap(), "");
        drop(progress);
        assert_eq!(screen.lines().pop().unwrap(), "");
    }

    #[test]
    fn a_dumb_terminal_gets_no_escape_sequences() {
        assert!(is_dumb(Some(OsStr::new("dumb"))));
        assert!(!is_dumb(Some(OsStr::new("xterm-256color"))));
        assert_eq!(is_dumb(None), cfg!(not(windows)));
    }

    #[tokio::test]
    async fn nobody_has_to_be_told() {
        assert_eq!(Progress::none().during(async { 7 }).await, 7);
    }

    #[test]
    fn sizes_have_one_decimal() {
        for (bytes, shown) in [
            (1, "1 bytes"),
            (999, "999 bytes"),
            (1_000, "1.0 kB"),
            (999_999, "999.9 kB"),
            (1_000_000, "1.0 MB"),
            (2_550_000_000, "2.5 GB"),
        ] {
            assert_eq!(Size(bytes).to_string(), shown);
        }
    }
}
