//! What a token request meets.

use fastrand::Rng;
use http::{StatusCode, header::RETRY_AFTER};
use session_mock::{Kind, Outage, Provider};

/// The part of token requests that fail.
const FAILING: f64 = 0.3;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    /// The true answer.
    Pass,
    Status(u16),
    /// Status 503, and `Retry-After` with a few seconds.
    Busy,
    /// Status 403 without a body.
    Forbidden,
    /// A page with status 200.
    Page,
    Empty,
    Oversized,
    Truncated,
    Reset,
    /// The grant is made, the refresh token used up, and the answer lost.
    Lost,
    Hang,
}

impl Way {
    pub(crate) const ALL: [Self; 13] = [
        Self::Pass,
        Self::Status(429),
        Self::Status(500),
        Self::Status(502),
        Self::Status(503),
        Self::Busy,
        Self::Forbidden,
        Self::Page,
        Self::Empty,
        Self::Truncated,
        Self::Reset,
        Self::Lost,
        Self::Hang,
    ];

    /// Draws what the next so many token requests meet, and has the provider do it.
    pub(crate) fn script(rng: &mut Rng, count: usize, provider: &Provider) -> Vec<Self> {
        let ways: Vec<_> = (0..count).map(|_| Self::draw(rng)).collect();
        for way in &ways {
            match way.outage(rng) {
                None => provider.pass_next(Kind::Token, 1),
                Some(outage) => provider.fail_next(Kind::Token, 1, outage),
            }
        }
        ways
    }

    fn draw(rng: &mut Rng) -> Self {
        if rng.f64() >= FAILING {
            return Self::Pass;
        }
        // More often what refresh tokens get lost by.
        match rng.usize(..Self::ALL.len() + 3) {
            0 => Self::Oversized,
            drawn => Self::ALL.get(drawn).copied().unwrap_or(Self::Lost),
        }
    }

    fn outage(self, rng: &mut Rng) -> Option<Outage> {
        let status = |status| Outage::status(StatusCode::from_u16(status).unwrap());
        Some(match self {
            Self::Pass => return None,
            Self::Status(code) => status(code),
            Self::Busy => status(503).header(RETRY_AFTER, rng.u16(1..=4)),
            Self::Forbidden => status(403),
            Self::Page => Outage::html(StatusCode::OK),
            Self::Empty => Outage::empty(),
            Self::Oversized => Outage::oversized(1 << 20),
            Self::Truncated => Outage::truncated(),
            Self::Reset => Outage::reset(),
            Self::Lost => Outage::answer_lost(),
            Self::Hang => Outage::hang(),
        })
    }
}
