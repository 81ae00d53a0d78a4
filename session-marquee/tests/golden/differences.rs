//! What may differ from the traces, and why: `differences.jsonl`.
//!
//! Names of headers are compared without their case (RFC 9110 §5.1), headers of different names without their order (§5.3). By which connection
//! a request comes is compared for `gs_quant` alone: HTTP has no meaning for it (RFC 9110 §3.3), and whether a connection is free again
//! before the next request is up to the machine.

use std::{collections::BTreeMap, fmt};

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
    /// The capabilities of `gs_quant` that it is about, with the clause of each that allows it; none: it is what a library says of itself.
    pub(crate) rows: BTreeMap<u8, String>,
    pub(crate) why: String,
}

/// The capabilities that are not simply to be matched, with what is to be done better about them (B), or was to be decided (D). What
/// else there is to a capability is to be matched.
pub(crate) const BETTER_OR_DECIDED: &[(u8, &str)] = &[
    (1, "B reject non-URLs"),
    (4, "B demand an explicit AuthURL"),
    (5, "B typed errors"),
    (6, "B check before authenticating (S:use_inside)"),
    (8, "B stable order"),
    (10, "B omit"),
    (12, "B redact"),
    (13, "B auth error"),
    (14, "B"),
    (15, "D opt-in, bounded"),
    (16, "B"),
    (17, "B typed error"),
    (22, "B one stack"),
    (26, "D"),
    (28, "B not Authorization"),
    (29, "B parse URLs"),
    (31, "B one shape"),
    (32, "B allow-list"),
    (33, "D"),
    (34, "B"),
    (36, "B any html"),
    (37, "B single flight"),
    (38, "B typed"),
    (39, "B"),
    (40, "B one encoding"),
    (43, "B"),
    (44, "B no repeat, token provider"),
    (45, "B Secure, host-bound"),
    (46, "D"),
    (49, "B"),
    (50, "B ignore netrc"),
    (51, "B refuse or encrypt"),
    (53, "D"),
    (56, "B"),
    (57, "D"),
];

/// Where what is to be matched (M) is not: the cases, and the capability. `docs/marquee.md` says so too.
pub(crate) const DEVIATIONS: &[(&str, u8)] = &[("05", 48), ("41", 40)];

impl Allowed {
    pub(crate) fn all() -> Vec<Self> {
        let lines = include_str!("differences.jsonl").lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Whether what it is about allows it, by the clause that it cites.
    pub(crate) fn is_allowed_by(&self, row: u8, clause: &str) -> bool {
        let deviates = |case: &String| DEVIATIONS.contains(&(case, row));
        match clause {
            "M" => self.cases.iter().all(deviates),
            _ => BETTER_OR_DECIDED.contains(&(row, clause)),
        }
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

    /// Whether it is of what a library of HTTP or websockets says of itself, whoever uses it.
    pub(crate) fn is_of_the_library(&self) -> bool {
        let its_own = [
            "accept-encoding",
            "connection",
            "sec-websocket-extensions",
            "user-agent",
        ];
        its_own.contains(&&*self.what) && self.rows.is_empty() && self.at.is_empty()
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
