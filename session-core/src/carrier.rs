//! Whoever keeps connections for a session.

/// Something that keeps connections on which a session's requests travel.
///
/// Attached with [`SessionHandle::attach`](crate::SessionHandle::attach), it is told when the session closes.
pub trait Carrier: Send + Sync + 'static {
    /// Drops the session's connections, without blocking.
    fn disconnect(&self);
}
