//! The benchmarks with an allocator that counts, and so is not for figures of time.

use std::process::ExitCode;

use session_bench::Count;

fn main() -> ExitCode {
    session_bench::run(Some(|work| {
        let info = allocation_counter::measure(work);
        Count {
            allocations: info.count_total,
            bytes: info.bytes_current,
        }
    }))
}
