//! What is said along the way, on standard error.

use std::fmt;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{
    Layer as _,
    filter::{LevelFilter, Targets},
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    layer::SubscriberExt as _,
    registry::{LookupSpan, Registry},
};

use crate::output;

/// Says warnings; with `-v` more.
pub(crate) fn start(verbosity: u8) {
    let level = match verbosity {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let mut targets = Targets::new().with_default(level);
    if verbosity == 0 {
        // What fails here comes back as this program's own error or warning.
        targets = targets.with_target("session_core::telemetry", LevelFilter::ERROR);
    }
    let events = tracing_subscriber::fmt::layer()
        .with_writer(anstream::stderr)
        .event_format(Line {
            detailed: verbosity > 0,
        })
        .with_filter(targets);
    // Fails only where there is one already, and this is the first thing that the program does.
    let _ = tracing::subscriber::set_global_default(Registry::default().with(events));
}

/// A line that looks like this program's own: `warning: …`.
struct Line {
    /// Where it comes from is for those who asked for more.
    detailed: bool,
}

impl<S, F> FormatEvent<S, F> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    F: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, F>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let (label, style) = match *event.metadata().level() {
            Level::ERROR => ("error", output::BAD),
            Level::WARN => ("warning", output::WARNING),
            Level::INFO => ("info", output::GOOD),
            Level::DEBUG => ("debug", output::DIM),
            Level::TRACE => ("trace", output::DIM),
        };
        write!(writer, "{style}{label}:{style:#} ")?;
        if self.detailed {
            let target = event.metadata().target();
            write!(writer, "{DIM}{target}:{DIM:#} ", DIM = output::DIM)?;
        }
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}
