//! Which answers may be others later.

use http::StatusCode;

/// Whether a request that was answered so is worth sending again later: 408, 425, 429, and whatever says that the
/// server is at fault. That is 500 and above: a status beyond 599 counts as one of 5xx (RFC 9110 §15).
///
/// ```
/// use http::StatusCode;
///
/// assert!(session_http::is_temporary(StatusCode::TOO_EARLY));
/// assert!(!session_http::is_temporary(StatusCode::NOT_FOUND));
/// ```
pub fn is_temporary(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 425 | 429 | 500..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_else_is_temporary() {
        let temporary: Vec<_> = (100..500)
            .filter(|code| is_temporary(StatusCode::from_u16(*code).unwrap()))
            .collect();
        assert_eq!(temporary, [408, 425, 429]);
        assert!((500..1000).all(|code| is_temporary(StatusCode::from_u16(code).unwrap())));
    }
}
