//! What an access token says of its own end.

use std::time::{Duration, SystemTime};

use serde::Deserialize;

/// Until when an access token is valid by its own account, if it is a JWT.
///
/// RFC 9068 §6 has clients not look into access tokens: what is in them is between the server and the API, and may change
/// or be encrypted one day. So nothing depends on it. It only has a token renewed before it is refused, where the answer
/// gives no `expires_in` or a later one. For that no signature is needed, and none is checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum JwtExpiry {
    /// It is no JWT, or one without a sensible `exp`.
    Unstated,
    At(SystemTime),
    /// Over before it began: taken seriously, it would have every request wait for a new token.
    Past,
}

impl JwtExpiry {
    pub(crate) fn of(token: &[u8], server_time: Option<SystemTime>) -> Self {
        /// RFC 7519 §4.1.4 and §4.1.6.
        #[derive(Deserialize)]
        struct Claims {
            exp: f64,
            #[serde(default)]
            iat: serde_json::Value,
        }
        let Ok(claims) = jsonwebtoken::dangerous::insecure_decode_claims::<Claims>(token) else {
            return Self::Unstated;
        };
        let Some(expiry) = numeric_date(claims.exp) else {
            return Self::Unstated;
        };
        let issued_at = claims.iat.as_f64().and_then(numeric_date);
        let begins = [issued_at, server_time];
        if begins.into_iter().flatten().any(|begin| expiry <= begin) {
            return Self::Past;
        }
        Self::At(expiry)
    }
}

/// RFC 7519 §2: seconds since 1970.
fn numeric_date(seconds: f64) -> Option<SystemTime> {
    let since = Duration::try_from_secs_f64(seconds).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(since)
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::*;

    fn at(seconds: f64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs_f64(seconds)
    }

    fn expiry(claims: &str, server_time: Option<f64>) -> JwtExpiry {
        let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
        let token = format!("{}.{}.c2ln", part(r#"{"alg":"none-known"}"#), part(claims));
        JwtExpiry::of(token.as_bytes(), server_time.map(at))
    }

    #[test]
    fn an_exp_counts_unless_it_is_over_by_the_servers_own_account() {
        for (claims, server_time, expected) in [
            (r#"{"exp":60}"#, None, JwtExpiry::At(at(60.0))),
            (r#"{"exp":7.5}"#, None, JwtExpiry::At(at(7.5))),
            (r#"{"exp":60}"#, Some(59.0), JwtExpiry::At(at(60.0))),
            (r#"{"exp":60}"#, Some(60.0), JwtExpiry::Past),
            (r#"{"exp":0}"#, Some(60.0), JwtExpiry::Past),
            (r#"{"exp":60,"iat":59.5}"#, None, JwtExpiry::At(at(60.0))),
            (r#"{"exp":60,"iat":60}"#, None, JwtExpiry::Past),
            (r#"{"exp":60,"iat":61}"#, None, JwtExpiry::Past),
            (r#"{"exp":60,"iat":60}"#, Some(59.0), JwtExpiry::Past),
            (r#"{"exp":60,"iat":0}"#, Some(60.0), JwtExpiry::Past),
            (r#"{"exp":60,"iat":"then"}"#, None, JwtExpiry::At(at(60.0))),
            (r#"{"exp":60,"iat":-1}"#, None, JwtExpiry::At(at(60.0))),
        ] {
            assert_eq!(
                expiry(claims, server_time),
                expected,
                "{claims} {server_time:?}"
            );
        }
    }

    #[test]
    fn without_a_sensible_exp_there_is_none() {
        for claims in [
            "{}",
            "[]",
            "x",
            r#"{"exp":"soon"}"#,
            r#"{"exp":-1}"#,
            r#"{"exp":1e300}"#,
        ] {
            assert_eq!(expiry(claims, None), JwtExpiry::Unstated, "{claims}");
        }
        for opaque in ["opaque", "a.b.c", ""] {
            assert_eq!(JwtExpiry::of(opaque.as_bytes(), None), JwtExpiry::Unstated);
        }
    }
}
