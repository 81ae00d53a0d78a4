//! Moments as people and programs read them.

use std::time::SystemTime;

/// RFC 3339, in UTC and whole seconds: `2030-01-31T23:59:59Z`. Rounded down: a credential is never said to
/// live longer than it does.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    // The library can write years up to 9999, and panics for later ones.
    const LAST: u64 = 253_402_300_799;
    let since_epoch = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let seconds = std::time::Duration::from_secs(since_epoch.as_secs().min(LAST));
    humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + seconds).to_string()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn moments_are_rounded_down_and_kept_within_four_digits() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(rfc3339(at(0)), "1970-01-01T00:00:00Z");
        assert_eq!(
            rfc3339(at(1_893_455_999) + Duration::from_millis(999)),
            "2029-12-31T23:59:59Z"
        );
        assert_eq!(rfc3339(at(1 << 60)), "9999-12-31T23:59:59Z");
        assert_eq!(
            rfc3339(SystemTime::UNIX_EPOCH - Duration::from_secs(1)),
            "1970-01-01T00:00:00Z"
        );
    }
}
