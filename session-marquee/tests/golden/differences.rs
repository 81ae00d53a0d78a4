//! What may differ from the traces, and why.
//!
//! Names of headers are compared without their case (RFC 9110 §5.1), headers of different names without their order (§5.3).

use crate::compare::Difference;

/// Something that may differ. What is not here must not, and what is here must.
pub(crate) struct Allowed {
    /// The numbers of the traces in which it does; none: in any.
    pub(crate) cases: &'static [&'static str],
    what: What,
    /// The capabilities of `gs_quant` that are to be done better, or were to be decided on. None: it is no matter of `gs_quant`'s, but of
    /// the library that it sends HTTP with.
    pub(crate) rows: &'static [u8],
    pub(crate) why: &'static str,
}

/// Which differences.
enum What {
    /// Of a header, with both values; `None` is any.
    Header(&'static str, Option<&'static str>, Option<&'static str>),
    /// A request of the trace that is not made.
    Missing(&'static str),
    /// A request that is made, and is not in the trace.
    Extra(&'static str),
    /// The body of a request, and so its length.
    Body(&'static str),
    Target,
    Result,
}

/// The capabilities that are not simply to be matched: those of which something is to be done better (B), or was to be decided (D). The 52nd, to
/// tell other systems which request belongs to which, is optional.
pub(crate) const BETTER_OR_DECIDED: &[u8] = &[
    1, 3, 4, 5, 6, 8, 10, 12, 13, 14, 15, 16, 17, 21, 22, 26, 28, 29, 31, 32, 33, 34, 36, 37, 38,
    39, 40, 43, 44, 45, 46, 49, 50, 51, 52, 53, 56, 57,
];

pub(crate) const ALLOWED: &[Allowed] = &[
    Allowed {
        cases: &[],
        what: What::Header("user-agent", None, None),
        rows: &[],
        why: "it is the client's own name (RFC 9110 §10.1.5), and ours is another",
    },
    Allowed {
        cases: &[],
        what: What::Header("accept-encoding", Some("gzip, deflate"), None),
        rows: &[],
        why: "answers are not compressed unless the program asks for it: then no server chooses how much memory a body takes",
    },
    Allowed {
        cases: &[],
        what: What::Header("connection", Some("keep-alive"), None),
        rows: &[],
        why: "connections of HTTP/1.1 persist without it (RFC 9112 §9.3)",
    },
    Allowed {
        cases: &["53", "54", "55"],
        what: What::Header("accept", None, Some("*/*")),
        rows: &[],
        why: "it says what its absence says (RFC 9110 §12.5.1), and the HTTP client always says it",
    },
    Allowed {
        cases: &["53", "54", "55"],
        what: What::Header("sec-websocket-extensions", None, None),
        rows: &[],
        why: "an offer (RFC 6455 §9.1), and messages are not compressed here",
    },
    Allowed {
        cases: &["01", "02", "03", "04", "05", "07", "36", "45", "48"],
        what: What::Body("/v1/activities"),
        rows: &[15],
        why: "there is no version of Python to report",
    },
    Allowed {
        cases: &["04"],
        what: What::Body("/as/token.oauth2"),
        rows: &[10],
        why: "without scopes there is no parameter for them: an empty one is malformed (RFC 6749 §3.3)",
    },
    Allowed {
        cases: &["10"],
        what: What::Missing("http GET /v1/users/self"),
        rows: &[44],
        why: "a token that was refused is not sent again, unless there is another",
    },
    Allowed {
        cases: &["10"],
        what: What::Result,
        rows: &[37, 44],
        why: "who is not known has failed to authenticate, whichever of its requests is told so",
    },
    Allowed {
        cases: &["17"],
        what: What::Missing("other GET /v1/x"),
        rows: &[32],
        why: "a token goes to the environment's own services and nowhere else",
    },
    Allowed {
        cases: &["17"],
        what: What::Result,
        rows: &[32],
        why: "that is an error, before anything is sent",
    },
    Allowed {
        cases: &["28"],
        what: What::Result,
        rows: &[34],
        why: "MessagePack is decoded by its other name too, and an answer without content is one",
    },
    Allowed {
        cases: &["31", "32", "33", "34", "43", "44"],
        what: What::Header("authorization", Some("Bearer tok-1"), None),
        rows: &[37],
        why: "the refused token is no part of asking for another: two means of authentication at once are forbidden (RFC 6749 §2.3)",
    },
    Allowed {
        cases: &["32", "44"],
        what: What::Result,
        rows: &[37],
        why: "who is not known, not even with a new token, has failed to authenticate",
    },
    Allowed {
        cases: &["34"],
        what: What::Missing("http GET /v1/users/self"),
        rows: &[14],
        why: "when a token expires is known, so no request is made with a dead one",
    },
    Allowed {
        cases: &["35"],
        what: What::Missing("other GET /as/token.oauth2"),
        rows: &[39],
        why: "a token endpoint that redirects is not followed, and what another server says is no token",
    },
    Allowed {
        cases: &["35"],
        what: What::Missing("other POST /as/token.oauth2"),
        rows: &[39],
        why: "a token endpoint that redirects is not followed, least of all with the client's secret",
    },
    Allowed {
        cases: &["35"],
        what: What::Missing("http POST /v1/activities"),
        rows: &[15, 39],
        why: "a session that has not authenticated reports nothing",
    },
    Allowed {
        cases: &["37"],
        what: What::Missing("other POST /v1/moved"),
        rows: &[39],
        why: "what was posted to Marquee is not posted to another server because an answer says so",
    },
    Allowed {
        cases: &["37"],
        what: What::Result,
        rows: &[39],
        why: "a redirect that is not followed is an error",
    },
    Allowed {
        cases: &["40", "42"],
        what: What::Target,
        rows: &[40],
        why: "there is one way to write a query, that of the synchronous methods, which leaves out what is not there",
    },
    Allowed {
        cases: &["41"],
        what: What::Header("content-length", None, Some("0")),
        rows: &[40],
        why: "the asynchronous methods send what the synchronous ones do, which say that a DELETE has no body",
    },
    Allowed {
        cases: &["49"],
        what: What::Header("traceparent", None, None),
        rows: &[52],
        why: "tracing is the program's to do, by a header of the request: no session knows what it is part of",
    },
    Allowed {
        cases: &["54"],
        what: What::Extra("http POST /as/token.oauth2"),
        rows: &[43],
        why: "a handshake that is refused has the token renewed, as a request has",
    },
    Allowed {
        cases: &["54"],
        what: What::Extra("ws GET /v1/stream"),
        rows: &[43],
        why: "and is repeated once; the trace has no second answer",
    },
    Allowed {
        cases: &["54"],
        what: What::Result,
        rows: &[43],
        why: "so the caller gets what became of the second handshake",
    },
    Allowed {
        cases: &["57"],
        what: What::Header("host", None, None),
        rows: &[45],
        why: "cookies go by TLS, or to this machine: the trace has them go anywhere in gs.com by plain HTTP",
    },
    Allowed {
        cases: &["57"],
        what: What::Missing("http GET /v1/x"),
        rows: &[45],
        why: "cookies go to the environment's own services and nowhere else, a CSRF token too",
    },
];

impl Allowed {
    pub(crate) fn covers(&self, case: &str, difference: &Difference) -> bool {
        let is_here = self.cases.is_empty() || self.cases.contains(&&case[..2]);
        is_here && self.what.is(difference)
    }
}

impl What {
    fn is(&self, difference: &Difference) -> bool {
        match (self, difference) {
            (
                Self::Header(wanted, their, our),
                Difference::Header {
                    name, theirs, ours, ..
                },
            ) => {
                let is = |wanted: Option<&str>, value: &Option<String>| {
                    wanted.is_none_or(|wanted| value.as_deref() == Some(wanted))
                };
                name == wanted && is(*their, theirs) && is(*our, ours)
            }
            (Self::Missing(wanted), Difference::Missing { request })
            | (Self::Extra(wanted), Difference::Extra { request }) => request == wanted,
            (Self::Body(path), Difference::Body { request, .. }) => request.ends_with(path),
            (Self::Body(path), Difference::Header { request, name, .. }) => {
                request.ends_with(path) && name == "content-length"
            }
            (Self::Target, Difference::Target { .. })
            | (Self::Result, Difference::Result { .. }) => true,
            _ => false,
        }
    }
}
