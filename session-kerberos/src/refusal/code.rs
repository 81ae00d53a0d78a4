//! Codes of RFC 4120 §7.5.9, by their numbers there; and of libraries, as they go on.

pub(super) const CLIENT_EXPIRED: i32 = 1;
pub(super) const CLIENT_UNKNOWN: i32 = 6;
pub(super) const SERVICE_UNKNOWN: i32 = 7;
pub(super) const CLIENT_REVOKED: i32 = 18;
pub(super) const PASSWORD_EXPIRED: i32 = 23;
pub(super) const PREAUTHENTICATION_FAILED: i32 = 24;
pub(super) const SERVICE_UNAVAILABLE: i32 = 29;
pub(super) const BAD_INTEGRITY: i32 = 31;
pub(super) const TICKET_EXPIRED: i32 = 32;
pub(super) const NOT_YET_VALID: i32 = 33;
pub(super) const REPLAY: i32 = 34;
pub(super) const NOT_US: i32 = 35;
pub(super) const CLOCK_SKEW: i32 = 37;
pub(super) const BAD_VERSION: i32 = 39;
pub(super) const BAD_MESSAGE: i32 = 40;
pub(super) const MODIFIED: i32 = 41;
pub(super) const BAD_KEY_VERSION: i32 = 44;
pub(super) const NO_KEY: i32 = 45;
pub(super) const GENERIC: i32 = 60;
// A library's own.
pub(super) const CONFIGURATION_MISSING: i32 = 135;
pub(super) const CONFIGURATION_BAD: i32 = 136;
pub(super) const CACHE_KIND_UNKNOWN: i32 = 140;
pub(super) const CACHE_NOT_FOUND: i32 = 141;
pub(super) const REALM_UNKNOWN: i32 = 154;
pub(super) const REALM_UNREACHABLE: i32 = 156;
pub(super) const KEY_NOT_FOUND: i32 = 181;
pub(super) const CACHE_FILE_MISSING: i32 = 195;
pub(super) const CACHE_TRUNCATED: i32 = 199;
pub(super) const CACHE_DAMAGED: i32 = 212;
pub(super) const REALM_OF_HOST_UNKNOWN: i32 = 217;
pub(super) const REALM_EMPTY: i32 = 220;
pub(super) const NO_DEFAULT_REALM: i32 = 224;
pub(super) const CACHE_NOT_SUPPORTED: i32 = 247;
