//! What work does to memory.

/// Allocations that a piece of work made on its thread, and the bytes that it left allocated.
#[derive(Clone, Copy, Debug)]
pub struct Count {
    /// How many times memory was asked for.
    pub allocations: u64,
    /// Allocated less freed.
    pub bytes: i64,
}

/// Does the work and counts.
pub(crate) type Counter = fn(&mut dyn FnMut()) -> Count;
