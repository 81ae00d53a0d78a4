//! Signs of life while a person waits.

use std::{
    fmt,
    io::{self, IsTerminal as _, Write},
    pin::pin,
    time::Duration,
};

use tokio::time::{Instant, Interval, interval_at};

const SECOND: Duration = Duration::from_secs(1);

/// Says on a terminal what one waits for, from the first second on.
pub(crate) struct Progress(Option<Line>);

struct Line {
    ticks: Interval,
    seconds: u64,
    bytes: u64,
    to: Box<dyn Write>,
}

impl Progress {
    /// On standard error, if that is a terminal.
    pub(crate) fn on_terminal() -> Self {
        if io::stderr().is_terminal() {
            Self::on(Box::new(io::stderr()))
        } else {
            Self::none()
        }
    }

    /// Says nothing.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    fn on(to: Box<dyn Write>) -> Self {
        let ticks = interval_at(Instant::now() + SECOND, SECOND);
        Self(Some(Line {
            ticks,
            seconds: 0,
            bytes: 0,
            to,
        }))
    }

    /// That so much of the answer has come.
    pub(crate) fn received(&mut self, bytes: usize) {
        if let Some(line) = &mut self.0 {
            line.bytes = line.bytes.saturating_add(bytes as u64);
        }
    }

    /// Waits for the future, and says so. When this returns the line is gone.
    pub(crate) async fn during<F: Future>(&mut self, future: F) -> F::Output {
        let Some(line) = &mut self.0 else {
            return future.await;
        };
        let mut future = pin!(future);
        let mut shown = false;
        loop {
            tokio::select! {
                biased;
                output = &mut future => {
                    if shown {
                        line.clear();
                    }
                    return output;
                }
                _ = line.ticks.tick() => {
                    line.seconds += 1;
                    line.show();
                    shown = true;
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
            0 => write!(self.to, "\r\x1b[Kwaiting, {seconds} s"),
            _ => write!(self.to, "\r\x1b[K{bytes} received, {seconds} s"),
        };
        let _ = self.to.flush();
    }

    fn clear(&mut self) {
        let _ = write!(self.to, "\r\x1b[K");
        let _ = self.to.flush();
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

    use tokio::time::sleep;

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
    }

    impl Write for Screen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_said_within_the_first_second() {
        let screen = Screen::default();
        let mut progress = Progress::on(Box::new(screen.clone()));
        progress.during(sleep(Duration::from_millis(999))).await;
        assert!(screen.lines().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_a_second_that_is_gone_in_the_end() {
        let screen = Screen::default();
        let mut progress = Progress::on(Box::new(screen.clone()));
        progress.during(sleep(Duration::from_millis(1500))).await;
        progress.received(1_234_567);
        progress.during(sleep(Duration::from_millis(1000))).await;
        progress.during(sleep(Duration::from_millis(100))).await;
        assert_eq!(
            screen.lines(),
            ["waiting, 1 s", "", "1.2 MB received, 2 s", ""]
        );
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
