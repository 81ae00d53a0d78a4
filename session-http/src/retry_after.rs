//! How long a server asks to be left alone.

use std::time::{Duration, SystemTime};

use http::{
    HeaderMap,
    header::{DATE, HeaderName, RETRY_AFTER},
};
use session_core::{Clock, SystemClock};

/// The wait that an answer's `Retry-After` header asks for, in seconds or as a date (RFC 9110
/// §10.2.3). `None` when there is none that can be read; zero for a date gone by.
///
/// A date counts from the answer's own `Date`, where it has one, so that a clock that is wrong, here or
/// there, does no harm.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        return value.parse().ok().map(Duration::from_secs);
    }
    let until = httpdate::parse_http_date(value).ok()?;
    let now = date(headers, &DATE).unwrap_or_else(|| SystemClock.wall());
    Some(until.duration_since(now).unwrap_or_default())
}

pub(crate) fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(value: &str, date: Option<&str>) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        retry_after(&headers)
    }

    #[test]
    fn seconds() {
        assert_eq!(wait("120", None), Some(Duration::from_secs(120)));
        assert_eq!(wait(" 0 ", None), Some(Duration::ZERO));
        for malformed in ["", "-1", "1.5", "soon", "99999999999999999999"] {
            assert_eq!(wait(malformed, None), None, "{malformed}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }

    #[test]
    fn dates_count_from_the_answers_own() {
        let date = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(
            wait("Sun, 06 Nov 1994 08:50:07 GMT", date),
            Some(Duration::from_secs(30))
        );
        assert_eq!(
            wait("Sun, 06 Nov 1994 08:00:00 GMT", date),
            Some(Duration::ZERO)
        );
        assert_eq!(
            wait("Sun, 06 Nov 1994 08:50:07 GMT", None),
            Some(Duration::ZERO)
        );
        assert!(
            wait("Fri, 31 Dec 9999 23:59:59 GMT", Some("garbage"))
                > Some(Duration::from_secs(3600))
        );
    }
}
