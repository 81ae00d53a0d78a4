//! What may differ from the traces, and why: `differences.jsonl`.
//!
//! Names of headers are compared without their case (RFC 9110 §5.1), headers of different names without their order (§5.3). By which connection
//! a request comes is compared for `gs_quant` alone: HTTP has no meaning for it (RFC 9110 §3.3), and whether a connection is free again
//! before the next request is up to the machine.

use std::fmt;

use serde::Deserialize;

use crate::compare::Difference;

/// Something that may differ: exactly this. What is not here must not, and what is here must.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Allowed {
    /// The numbers of the traces in which it does; none: in any.
    pub(crate) cases: Vec<String>,
    /// Where, and what: as [`Difference`] has them. Empty: of any request.
    pub(crate) at: String,
    pub(crate) what: String,
    pub(crate) theirs: Option<String>,
    pub(crate) ours: Option<String>,
    /// The capabilities of `gs_quant` that are to be done better, or were to be decided on.
    pub(crate) rows: Vec<u8>,
    pub(crate) why: String,
}

/// The capabilities that are not simply to be matched: those of which something is to be done better (B), or was to be decided (D).
pub(crate) const BETTER_OR_DECIDED: &[u8] = &[
    1, 4, 5, 6, 8, 10, 12, 13, 14, 15, 16, 17, 21, 22, 26, 28, 29, 31, 32, 33, 34, 36, 37, 38, 39,
    40, 43, 44, 45, 46, 49, 50, 51, 53, 56, 57,
];

/// Of these `verify`, the adapter and proxies are: what is that HTTP library's own in place of which ours has another.
const HTTP_LIBRARY: u8 = 49;

impl Allowed {
    pub(crate) fn all() -> Vec<Self> {
        let lines = include_str!("differences.jsonl").lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    pub(crate) fn covers(&self, case: &str, difference: &Difference) -> bool {
        let is_here = self.cases.is_empty() || self.cases.iter().any(|it| *it == case[..2]);
        let is_at = self.at.is_empty() || self.at == difference.at;
        is_here
            && is_at
            && self.what == difference.what
            && self.theirs == difference.theirs
            && self.ours == difference.ours
    }

    /// Whether it is of what an HTTP library says of itself, whoever uses it.
    pub(crate) fn is_of_the_library(&self) -> bool {
        let its_own = [
            "accept",
            "accept-encoding",
            "connection",
            "sec-websocket-extensions",
            "user-agent",
        ];
        its_own.contains(&&*self.what) && self.rows == [HTTP_LIBRARY]
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            at,
            what,
            theirs,
            ours,
            ..
        } = self;
        write!(f, "{at}: {what}: {theirs:?} | {ours:?}: {}", self.why)
    }
}
