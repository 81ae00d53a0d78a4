//! Where secrets are looked for.

/// Where something can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Place {
    /// In `Debug` or `Display` of a value.
    Shown,
    /// In an error, or in what caused it.
    Errors,
    /// In a log line or a span, at any level.
    Logs,
    /// In the message of a panic.
    Panics,
    /// In the name or a label of a metric.
    Metrics,
    /// On a request, where it does not belong: in a header that is not marked sensitive; and, by feature `http`, in what
    /// arrives at a server beside the headers of the session.
    Requests,
}

impl Place {
    /// All of them: [`leak_check!`](crate::leak_check!) has a test for each.
    pub const ALL: &[Self] = {
        macro_rules! list {
            ([] $($place:ident: $test:ident)*) => {
                &[$(Self::$place),*]
            };
        }
        crate::__places!((list) [])
    };
}
