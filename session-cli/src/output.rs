//! Standard output for what was asked for, standard error for everything else.

use std::{
    fmt::Display,
    io::{self, Write as _},
};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use serde::Serialize;

use crate::failure::Failure;

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const CODE: Style = AnsiColor::Cyan.on_default();
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();

/// When to use colors.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

impl Color {
    /// For the whole process.
    pub(crate) fn apply(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

/// For text that people read: styles are left out where they do not belong.
pub(crate) fn text() -> AutoStream<io::StdoutLock<'static>> {
    AutoStream::auto(io::stdout().lock())
}

/// For data, which goes out as it is.
pub(crate) fn data() -> io::StdoutLock<'static> {
    io::stdout().lock()
}

/// Data that there may be much of. Who reads it may pause, and the command can be ended all the same: a thread of its
/// own waits for them.
pub(crate) async fn pass_on(bytes: impl AsRef<[u8]> + Send + 'static) -> Result<(), Failure> {
    let write = move || {
        let mut data = data();
        data.write_all(bytes.as_ref())?;
        data.flush()
    };
    let written = tokio::task::spawn_blocking(write).await;
    Ok(written.map_err(io::Error::from)??)
}

/// One JSON document, indented.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let mut data = data();
    // Only writing can fail: what this program prints has no maps with odd keys.
    serde_json::to_writer_pretty(&mut data, value).map_err(io::Error::from)?;
    writeln!(data)?;
    Ok(data.flush()?)
}

/// `error: …`. Where standard error is closed, nobody wants to know.
pub(crate) fn error(message: impl Display) {
    let _ = writeln!(anstream::stderr(), "{BAD}error:{BAD:#} {message}");
}

/// `warning: …`
pub(crate) fn warning(message: impl Display) {
    let _ = writeln!(anstream::stderr(), "{WARNING}warning:{WARNING:#} {message}");
}

/// A line that belongs to the one before.
pub(crate) fn note(label: &str, message: impl Display) {
    let _ = writeln!(anstream::stderr(), "  {BOLD}{label}:{BOLD:#} {message}");
}
