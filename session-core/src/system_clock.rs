//! Time, from the operating system.

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod elsewhere;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux;

/// The clock of the operating system.
///
/// On Linux and Android it counts the time in suspend, and has a cheap reading. Elsewhere its monotonic time is that of
/// [`Instant`](std::time::Instant), which may stand still in suspend.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;
