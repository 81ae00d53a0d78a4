//! Time on the processor.

use rustix::time::{ClockId, clock_gettime};

/// What this process has had of it, in seconds.
pub(crate) fn time() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// What the processes that this one has waited for have had of it, in seconds.
#[cfg(feature = "kerberos")]
pub(crate) fn time_of_children() -> crate::runner::Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")
        .map_err(|error| format!("cannot read /proc/self/stat: {error}"))?;
    // After the name, which may have any characters: proc_pid_stat(5).
    let (_, fields) = stat.rsplit_once(") ").unwrap_or_default();
    let ticks = fields.split(' ').skip(13).take(2);
    let ticks: f64 = ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    Ok(ticks / rustix::param::clock_ticks_per_second() as f64)
}
