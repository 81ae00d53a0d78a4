//! The cases.

use std::fmt;

use session_core::ErrorKind;

use crate::{scheme::Scheme, server::Answer};

/// A request, how its server answers, and what comes of it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) method: &'static str,
    pub(crate) body: Body,
    pub(crate) scheme: Scheme,
    answers: &'static [Reply],
    /// With a status that is an error taken for one.
    outcome: Outcome,
    /// Where that of a websocket is another, and after how many requests.
    websocket: Option<(Outcome, usize)>,
    pub(crate) requests: usize,
    pub(crate) credentials: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    None,
    Bytes,
    Stream,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Success,
    Error(ErrorKind),
}

/// What a server does with a request.
#[derive(Clone, Copy)]
enum Reply {
    Ok,
    /// A 200 that has this header.
    OkWith(&'static str),
    /// Status, and headers each after a line break.
    Status(&'static str),
    /// Redirects with this status to the same origin.
    Here(&'static str),
    /// To another origin.
    Away(&'static str),
    Break,
    /// A 200 with a header of 1 MiB.
    Oversized,
    /// A long time after.
    Later(&'static Reply),
}

use Outcome::{Error, Success};
use Reply::{Away, Break, Here, Later, Ok, OkWith, Oversized, Status};
use Scheme::{Bearer, Dialogue};

const DENIED: Outcome = Error(ErrorKind::Denied);
const FORBIDDEN: Outcome = Error(ErrorKind::Forbidden);
const UNAVAILABLE: Outcome = Error(ErrorKind::Unavailable);
const PROTOCOL: Outcome = Error(ErrorKind::Protocol);
const INTERACTION: Outcome = Error(ErrorKind::Interaction);
const CONFIG: Outcome = Error(ErrorKind::Config);

const WHO: Reply = Status("401 Unauthorized\r\nwww-authenticate: Dialogue who");
const REFUSED: Reply =
    Status("401 Unauthorized\r\nwww-authenticate: Bearer error=\"invalid_token\"");
const SCOPE: Reply = Status(
    "403 Forbidden\r\nwww-authenticate: Bearer error=\"insufficient_scope\", scope=\"write\"",
);
const STEP_UP: Reply = Status(
    "401 Unauthorized\r\nwww-authenticate: Bearer error=\"insufficient_user_authentication\", max_age=5",
);
const RIGHT: Reply = OkWith("authentication-info: right");
const WRONG: Reply = OkWith("authentication-info: wrong");

const fn case(
    name: &'static str,
    method: &'static str,
    answers: &'static [Reply],
    outcome: Outcome,
    requests: usize,
    credentials: usize,
) -> Case {
    Case {
        name,
        method,
        body: Body::None,
        scheme: Bearer,
        answers,
        outcome,
        websocket: None,
        requests,
        credentials,
    }
}

impl Case {
    const fn by(mut self, scheme: Scheme) -> Self {
        self.scheme = scheme;
        self
    }

    const fn with(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    const fn websocket(mut self, outcome: Outcome, requests: usize) -> Self {
        self.websocket = Some((outcome, requests));
        self
    }
}

pub(crate) const CASES: &[Case] = &[
    case("200", "GET", &[Ok], Success, 1, 1),
    case("401 once", "GET", &[REFUSED, Ok], Success, 2, 2),
    case("401 once, to a body", "POST", &[REFUSED, Ok], Success, 2, 2).with(Body::Bytes),
    case("401 twice", "GET", &[REFUSED, REFUSED], DENIED, 2, 2),
    case(
        "401 to a body that is streamed",
        "POST",
        &[REFUSED, Ok],
        DENIED,
        1,
        2,
    )
    .with(Body::Stream),
    case(
        "401 with a challenge of an unknown scheme",
        "GET",
        &[
            Status("401 Unauthorized\r\nwww-authenticate: Unheard-Of realm=\"x\""),
            Ok,
        ],
        Success,
        2,
        2,
    ),
    case(
        "401 with a challenge that makes no sense",
        "GET",
        &[
            Status("401 Unauthorized\r\nwww-authenticate: =\"\\, ,;=Bearer\"\"error"),
            Ok,
        ],
        Success,
        2,
        2,
    ),
    case(
        "401 without a challenge",
        "GET",
        &[Status("401 Unauthorized"), Ok],
        Success,
        2,
        2,
    ),
    case(
        "401 that wants a stronger login (RFC 9470)",
        "GET",
        &[STEP_UP, STEP_UP],
        INTERACTION,
        2,
        2,
    ),
    case("403", "GET", &[Status("403 Forbidden")], DENIED, 1, 1),
    case(
        "403 that wants another scope",
        "GET",
        &[SCOPE],
        DENIED,
        1,
        1,
    ),
    case(
        "407",
        "GET",
        &[Status(
            "407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm=\"p\"",
        )],
        DENIED,
        1,
        1,
    ),
    case(
        "429",
        "GET",
        &[Status("429 Too Many Requests\r\nretry-after: 7")],
        UNAVAILABLE,
        1,
        1,
    ),
    case(
        "500",
        "GET",
        &[Status("500 Internal Server Error")],
        UNAVAILABLE,
        1,
        1,
    ),
    case(
        "503",
        "GET",
        &[Status("503 Service Unavailable")],
        UNAVAILABLE,
        1,
        1,
    ),
    case("broken off, then 200", "GET", &[Break, Ok], Success, 2, 1),
    case(
        "broken off twice",
        "GET",
        &[Break, Break],
        UNAVAILABLE,
        2,
        1,
    ),
    case(
        "broken off, a POST",
        "POST",
        &[Break, Ok],
        UNAVAILABLE,
        1,
        1,
    )
    .with(Body::Bytes),
    case(
        "broken off, a body that is streamed",
        "PUT",
        &[Break, Ok],
        UNAVAILABLE,
        1,
        1,
    )
    .with(Body::Stream),
    case(
        "301 to the same origin",
        "GET",
        &[Here("301"), Ok],
        Success,
        2,
        1,
    ),
    case(
        "302 to the same origin",
        "GET",
        &[Here("302"), Ok],
        Success,
        2,
        1,
    ),
    case(
        "303 to the same origin",
        "GET",
        &[Here("303"), Ok],
        Success,
        2,
        1,
    ),
    case(
        "307 to the same origin",
        "GET",
        &[Here("307"), Ok],
        Success,
        2,
        1,
    ),
    case(
        "308 to the same origin",
        "GET",
        &[Here("308"), Ok],
        Success,
        2,
        1,
    ),
    case(
        "308 to the same origin, with a body",
        "POST",
        &[Here("308"), Ok],
        Success,
        2,
        1,
    )
    .with(Body::Bytes),
    case(
        "307 to the same origin, with a body that is streamed",
        "POST",
        &[Here("307"), Ok],
        CONFIG,
        1,
        1,
    )
    .with(Body::Stream),
    case(
        "303 to the same origin, with a body that is streamed",
        "POST",
        &[Here("303"), Ok],
        Success,
        2,
        1,
    )
    .with(Body::Stream),
    case(
        "401 after a redirect",
        "GET",
        &[Here("302"), REFUSED, Ok],
        Success,
        3,
        2,
    ),
    case(
        "301 to another origin",
        "GET",
        &[Away("301")],
        Success,
        2,
        1,
    )
    .websocket(PROTOCOL, 1),
    case(
        "302 to another origin",
        "GET",
        &[Away("302")],
        Success,
        2,
        1,
    )
    .websocket(PROTOCOL, 1),
    case(
        "303 to another origin",
        "GET",
        &[Away("303")],
        Success,
        2,
        1,
    )
    .websocket(PROTOCOL, 1),
    case(
        "307 to another origin",
        "GET",
        &[Away("307")],
        Success,
        2,
        1,
    )
    .websocket(PROTOCOL, 1),
    case(
        "308 to another origin",
        "GET",
        &[Away("308")],
        Success,
        2,
        1,
    )
    .websocket(PROTOCOL, 1),
    case(
        "308 to another origin, with a body",
        "POST",
        &[Away("308")],
        FORBIDDEN,
        1,
        1,
    )
    .with(Body::Bytes),
    case("302 without end", "GET", &[Here("302")], PROTOCOL, 11, 1),
    case(
        "a header that is too large",
        "GET",
        &[Oversized],
        PROTOCOL,
        1,
        1,
    ),
    case("two legs", "GET", &[WHO, RIGHT], Success, 2, 1).by(Dialogue),
    case("two legs, to a body", "POST", &[WHO, RIGHT], Success, 2, 1)
        .by(Dialogue)
        .with(Body::Bytes),
    case(
        "two legs, to a body that is streamed",
        "POST",
        &[WHO, RIGHT],
        DENIED,
        1,
        1,
    )
    .by(Dialogue)
    .with(Body::Stream),
    case("legs without end", "GET", &[WHO], PROTOCOL, 8, 1).by(Dialogue),
    case(
        "a last word that is wrong, on a 200",
        "GET",
        &[WHO, WRONG],
        DENIED,
        2,
        1,
    )
    .by(Dialogue),
    case(
        "refused between the legs",
        "GET",
        &[WHO, Status("401 Unauthorized"), WHO, RIGHT],
        Success,
        4,
        2,
    )
    .by(Dialogue),
    case(
        "a credential that expires between the legs",
        "GET",
        &[Later(&WHO), Status("401 Unauthorized"), WHO, RIGHT],
        Success,
        4,
        2,
    )
    .by(Dialogue),
    case(
        "broken off between the legs",
        "GET",
        &[WHO, Break, WHO, RIGHT],
        Success,
        4,
        1,
    )
    .by(Dialogue),
];

impl Case {
    pub(crate) fn is_for_websockets(&self) -> bool {
        self.method == "GET"
    }

    /// What comes of it, and after how many requests.
    pub(crate) fn outcome_by(&self, websocket: bool) -> (Outcome, usize) {
        let own = self.websocket.filter(|_| websocket);
        own.unwrap_or((self.outcome, self.requests))
    }

    pub(crate) fn script(&self, elsewhere: &str) -> Vec<Answer> {
        self.answers
            .iter()
            .map(|reply| reply.answer(elsewhere))
            .collect()
    }
}

impl Reply {
    fn answer(self, elsewhere: &str) -> Answer {
        match self {
            Ok => Answer::Success(""),
            OkWith("authentication-info: right") => {
                Answer::Success("\r\nauthentication-info: right")
            }
            OkWith(_) => Answer::Success("\r\nauthentication-info: wrong"),
            Status(head) => Answer::Head(head.to_owned()),
            Here(status) => Answer::Head(format!("{status} Moved\r\nlocation: /next")),
            Away(status) => Answer::Head(format!("{status} Moved\r\nlocation: {elsewhere}/")),
            Break => Answer::Break,
            Oversized => Answer::Head(format!("200 OK\r\nx-large: {}", "x".repeat(1 << 20))),
            Later(reply) => Answer::Later(Box::new(reply.answer(elsewhere))),
        }
    }
}

/// The table as the documents have it.
pub(crate) fn rows() -> impl Iterator<Item = String> {
    CASES.iter().map(|case| {
        let body = match case.body {
            Body::None => case.method.to_owned(),
            Body::Bytes => format!("{} with a body", case.method),
            Body::Stream => format!("{} with a stream", case.method),
        };
        let websocket = if case.is_for_websockets() {
            match case.outcome_by(true) {
                (outcome, requests) if requests != case.requests => {
                    format!("{outcome}, requests sent: {requests}")
                }
                (outcome, _) => outcome.to_string(),
            }
        } else {
            "–".to_owned()
        };
        format!(
            "| **{}** | {body} | {} | {} | {} | {websocket} |",
            case.name, case.requests, case.credentials, case.outcome
        )
    })
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Success => f.write_str("success"),
            Self::Error(kind) => write!(f, "`{kind:?}`"),
        }
    }
}
