//! The answer to a token request.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use http::header::DATE;
use serde::{Deserialize, Deserializer};
use serde_json::{error::Category, value::RawValue};
use session_core::{Credential, Error, Result, Secret};

use crate::{
    asked::Asked, jwt_expiry::JwtExpiry, redaction::Redaction, refusal::Refusal, wire::Answer,
};

/// Under which name a credential keeps its refresh token.
pub(crate) const REFRESH_TOKEN: &str = "refresh_token";

/// Makes a credential of the answer to a token request (RFC 6749 §5.1). Where the answer does not say for which scopes it
/// is, it is for the `implied` ones.
///
/// # Errors
///
/// What the server refused it with; `Protocol`, when the answer makes no sense.
pub(crate) fn credential(
    answer: &Answer,
    asked: &Asked<'_>,
    implied: &[String],
) -> Result<Credential> {
    // Some servers answer errors with 200.
    let refusal = Refusal::of(answer);
    if refusal.is_some() || !answer.status.is_success() {
        return Err(asked.refused(answer, refusal.as_ref()));
    }
    granted(answer, asked, implied).map_err(|error| error.with_status(answer.status))
}

/// Makes one of an answer that is no refusal.
fn granted(answer: &Answer, asked: &Asked<'_>, implied: &[String]) -> Result<Credential> {
    let Some(object) = answer.object() else {
        return Err(no_object(answer, asked));
    };
    let token: TokenAnswer =
        serde_json::from_slice(object).map_err(|error| unreadable(asked, &error))?;
    let date = answer.headers.get(DATE).and_then(|date| date.to_str().ok());
    let server_time = date.and_then(|date| httpdate::parse_http_date(date).ok());
    token.credential(asked, implied, server_time)
}

/// Does not come from [`oauth2`]: that crate's own refuses what servers really send.
#[derive(Deserialize)]
struct TokenAnswer {
    #[serde(default, deserialize_with = "secret")]
    access_token: Option<Secret>,
    #[serde(default, deserialize_with = "text")]
    token_type: Option<String>,
    #[serde(default)]
    expires_in: ExpiresIn,
    #[serde(default)]
    scope: Scope,
    #[serde(default, deserialize_with = "secret")]
    refresh_token: Option<Secret>,
}

impl TokenAnswer {
    fn credential(
        self,
        asked: &Asked<'_>,
        implied: &[String],
        server_time: Option<SystemTime>,
    ) -> Result<Credential> {
        let Some(access_token) = self.access_token.filter(|token| !token.is_empty()) else {
            return Err(asked.nonsense("it has no access_token"));
        };
        // RFC 6749 appendix A.12, without the space: it would end the token in a header.
        if !access_token.expose().iter().all(u8::is_ascii_graphic) {
            return Err(asked.nonsense("its access_token has characters that no header may carry"));
        }
        // Without a type it is meant to be a bearer token: nothing else works without being asked for.
        let token_type = self.token_type.as_deref().unwrap_or("bearer");
        if !token_type.eq_ignore_ascii_case("bearer") {
            return Err(unknown_type(
                asked,
                token_type,
                &access_token,
                self.refresh_token.as_ref(),
            ));
        }
        let mut credential = Credential::bearer(access_token.expose());
        credential = credential.scopes(self.scope.0.unwrap_or_else(|| implied.to_vec()));
        match self.expires_in {
            ExpiresIn::Unstated => {}
            ExpiresIn::Seconds(lifetime) => credential = credential.expires_in(lifetime),
            ExpiresIn::Nonsense => tracing::warn!(
                endpoint = %asked.endpoint,
                "the token answer's expires_in is not a positive number of seconds; the token counts as one without expiry"
            ),
        }
        match JwtExpiry::of(access_token.expose(), server_time) {
            JwtExpiry::Unstated => {}
            JwtExpiry::At(expiry) => credential = credential.expires_at(expiry),
            JwtExpiry::Past => tracing::warn!(
                endpoint = %asked.endpoint,
                "the access token's exp is over by its own iat, or by the server's Date; it does not count"
            ),
        }
        // The server's own clock tells how far from now an expiry is that it gives as a time of day.
        if let Some(server_time) = server_time {
            credential = credential.issued_at(server_time);
        }
        if let Some(refresh_token) = self.refresh_token.filter(|token| !token.is_empty()) {
            credential = credential.keep(REFRESH_TOKEN, refresh_token);
        }
        Ok(credential)
    }
}

fn unknown_type(
    asked: &Asked<'_>,
    token_type: &str,
    access: &Secret,
    refresh: Option<&Secret>,
) -> Error {
    let tokens = [Some(access), refresh]
        .into_iter()
        .flatten()
        .map(Secret::expose);
    let is_shown = Redaction::of(tokens).name(token_type).is_some();
    match asked.redaction.name(token_type).filter(|_| is_shown) {
        Some(token_type) => asked.nonsense(format_args!(
            "its token_type is `{token_type}`, and this session can only send bearer tokens"
        )),
        None => asked.nonsense("its token_type is not bearer, nor the name of a type"),
    }
}

fn no_object(answer: &Answer, asked: &Asked<'_>) -> Error {
    let body = answer.body.as_ref().map(|body| body.expose().trim_ascii());
    asked.nonsense(match body {
        None => "it is longer than 64 KiB",
        Some(b"") => "it is empty",
        Some([b'<', ..]) => "it is a web page; is there a proxy or a sign-in page in between?",
        Some(_) => "it is not a JSON object",
    })
}

/// The reader's own error quotes what it read, and is dropped here.
fn unreadable(asked: &Asked<'_>, error: &serde_json::Error) -> Error {
    asked.nonsense(match error.classify() {
        Category::Eof | Category::Io => "its JSON ends in the middle",
        Category::Syntax => "it is not a JSON object",
        Category::Data => {
            "its access_token, refresh_token or token_type is not a text, or there twice"
        }
    })
}

/// How long the token is valid.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum ExpiresIn {
    #[default]
    Unstated,
    Seconds(Duration),
    /// Not a number, not finite, or not positive: nobody gives out dead tokens, and 0 and -1 are what servers write for
    /// tokens that do not expire. If it is dead all the same, its first refusal has it renewed.
    Nonsense,
}

impl ExpiresIn {
    /// RFC 6749 appendix A.14 has digits; servers also send them as a text, or fractions.
    fn parse(json: &str) -> Self {
        let number = match json.strip_prefix('"') {
            Some(text) => text.strip_suffix('"').unwrap_or(text).trim(),
            None if json == "null" => return Self::Unstated,
            None => json,
        };
        let lifetime = match number.parse() {
            Ok(seconds) => Some(Duration::from_secs(seconds)),
            Err(_) => number
                .parse()
                .ok()
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
        };
        lifetime
            .filter(|lifetime| !lifetime.is_zero())
            .map_or(Self::Nonsense, Self::Seconds)
    }
}

impl<'de> Deserialize<'de> for ExpiresIn {
    /// From the raw text: as a number, `1e400` would spoil the whole answer.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(|value| Self::parse(value.get()))
    }
}

/// RFC 6749 §3.3: separated by spaces. Some servers send a list.
#[derive(Default)]
struct Scope(Option<Vec<String>>);

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?.get();
        let text = serde_json::from_str(json).ok();
        let listed =
            text.map(|text: String| text.split_ascii_whitespace().map(str::to_owned).collect());
        Ok(Self(listed.or_else(|| serde_json::from_str(json).ok())))
    }
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    text(deserializer).map(|text| text.map(Secret::new))
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(deserializer)
}

impl fmt::Debug for TokenAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenAnswer").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use http::{HeaderMap, HeaderValue, StatusCode, header::AUTHORIZATION};
    use proptest::prelude::*;
    use session_core::ErrorKind;

    use super::*;
    use crate::endpoint::Endpoint;

    const SECRET: &str = "correct-horse-battery-staple";
    /// What a server gives out here.
    const TOKEN: &str = "tok-3xtr4-0rd1n4ry-c4n4ry";

    fn answer(status: u16, body: Option<&[u8]>) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).expect("the test's status is one"),
            headers: HeaderMap::new(),
            body: body.map(Secret::new),
        }
    }

    fn read(status: u16, body: Option<&[u8]>) -> Result<Credential> {
        read_answer(&answer(status, body))
    }

    fn read_answer(answer: &Answer) -> Result<Credential> {
        let asked = Asked {
            what: &"client credentials grant",
            endpoint: &Endpoint::parse("https://idp.example.com/token").unwrap(),
            client_id: "svc",
            redaction: &Redaction::of([SECRET.as_bytes()]),
        };
        credential(answer, &asked, &["read".to_owned(), "write".to_owned()])
    }

    fn ok(body: &str) -> Credential {
        read(200, Some(body.as_bytes())).unwrap()
    }

    fn problem(body: &str) -> String {
        let error = read(200, Some(body.as_bytes())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
        assert_eq!(error.status(), Some(StatusCode::OK));
        let text = error.to_string();
        let (_, problem) = text.split_once("makes no sense: ").unwrap();
        problem.to_owned()
    }

    #[test]
    fn the_example_of_the_rfc() {
        let credential = ok(r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"example-not","expires_in":3600}"#
            .replace("example-not", "Bearer")
            .as_str());
        let header = credential.header(&AUTHORIZATION).unwrap();
        assert_eq!(header.expose_str(), Some("Bearer 2YotnFZFEjr1zCsicMWpAA"));
        assert_eq!(credential.lifetime(), Some(Duration::from_secs(3600)));
        assert_eq!(credential.granted_scopes(), ["read", "write"]);
        assert!(credential.kept(REFRESH_TOKEN).is_none());
    }

    #[test]
    fn a_token_that_is_a_jwt_says_itself_when_it_expires() {
        let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
        let [header, claims] = [
            part(r#"{"alg":"none-known"}"#),
            part(r#"{"exp":1893456000}"#),
        ];
        let credential = ok(&format!(
            r#"{{"access_token":"{header}.{claims}.c2ln","expires_in":60}}"#
        ));
        let expiry = SystemTime::UNIX_EPOCH + Duration::from_secs(1_893_456_000);
        assert_eq!(credential.expiry(), Some(expiry));
        assert_eq!(credential.lifetime(), Some(Duration::from_secs(60)));
        assert_eq!(ok(r#"{"access_token":"opaque"}"#).expiry(), None);
    }

    #[test]
    fn an_exp_that_is_over_does_not_count() {
        let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
        let [header, claims] = [
            part(r#"{"alg":"none-known"}"#),
            part(r#"{"exp":784111777}"#),
        ];
        let body = format!(r#"{{"access_token":"{header}.{claims}.c2ln","expires_in":3600}}"#);
        let mut answer = answer(200, Some(body.as_bytes()));
        assert!(read_answer(&answer).unwrap().expiry().is_some());
        let date = HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT");
        answer.headers.insert(DATE, date);
        let credential = read_answer(&answer).unwrap();
        assert_eq!(credential.expiry(), None);
        assert_eq!(credential.lifetime(), Some(Duration::from_secs(3600)));
        assert!(credential.server_time().is_some());
    }

    #[test]
    fn the_servers_clock_is_noted() {
        let date = |date: &'static str| {
            let mut answer = answer(200, Some(br#"{"access_token":"t"}"#));
            answer.headers.insert(DATE, HeaderValue::from_static(date));
            read_answer(&answer).unwrap().server_time()
        };
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(at));
        assert_eq!(date("half past eight"), None);
        assert_eq!(ok(r#"{"access_token":"t"}"#).server_time(), None);
    }

    #[test]
    fn lifetimes_as_servers_write_them() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        for (json, lifetime) in [
            ("3600", seconds(3600)),
            (r#""3600""#, seconds(3600)),
            (r#"" 60 ""#, seconds(60)),
            ("3600.0", seconds(3600)),
            ("1.5", Some(Duration::from_millis(1500))),
            ("6e1", seconds(60)),
            ("18446744073709551615", seconds(u64::MAX)),
            ("18446744073709551616", None),
            ("1e300", None),
            ("1e400", None),
            ("-1e400", None),
            ("0", None),
            ("0.0", None),
            ("-1", None),
            (r#""-1""#, None),
            (r#""NaN""#, None),
            (r#""inf""#, None),
            (r#""soon""#, None),
            (r#""""#, None),
            ("null", None),
            ("true", None),
            ("[3600]", None),
            (r#"{"seconds":3600}"#, None),
        ] {
            let credential = ok(&format!(
                r#"{{"expires_in":{json},"access_token":"t","token_type":"Bearer"}}"#
            ));
            assert_eq!(credential.lifetime(), lifetime, "{json}");
        }
        assert_eq!(
            ok(r#"{"access_token":"t","token_type":"Bearer"}"#).lifetime(),
            None
        );
    }

    #[test]
    fn only_bearer_tokens_are_taken() {
        for token_type in [r#""Bearer""#, r#""bearer""#, r#""BEARER""#, "null"] {
            ok(&format!(
                r#"{{"access_token":"t","token_type":{token_type}}}"#
            ));
        }
        ok(r#"{"access_token":"t"}"#);
        let other = |token_type: &str| {
            problem(&format!(
                r#"{{"access_token":"{TOKEN}","token_type":"{token_type}"}}"#
            ))
        };
        assert_eq!(
            other("DPoP"),
            "its token_type is `DPoP`, and this session can only send bearer tokens"
        );
        for hidden in [TOKEN, SECRET, "two words", "", &"x".repeat(1000)] {
            assert_eq!(
                other(hidden),
                "its token_type is not bearer, nor the name of a type",
                "{hidden}"
            );
        }
    }

    #[test]
    fn granted_scopes_replace_those_requested() {
        let granted = |scope: &str| {
            let credential = ok(&format!(
                r#"{{"access_token":"t","token_type":"Bearer","scope":{scope}}}"#
            ));
            credential.granted_scopes().to_vec()
        };
        assert_eq!(granted(r#""read""#), ["read"]);
        assert_eq!(granted(r#"" admin  read ""#), ["admin", "read"]);
        assert_eq!(granted(r#"["a","b"]"#), ["a", "b"]);
        assert!(granted(r#""""#).is_empty());
        for absent in ["null", "1e400", "{}"] {
            assert_eq!(granted(absent), ["read", "write"], "{absent}");
        }
    }

    #[test]
    fn a_refresh_token_is_kept() {
        let credential = ok(r#"{"access_token":"t","token_type":"Bearer","refresh_token":"r"}"#);
        assert_eq!(credential.kept(REFRESH_TOKEN).unwrap().expose(), b"r");
        for none in ["null", r#""""#] {
            let credential = ok(&format!(r#"{{"access_token":"t","refresh_token":{none}}}"#));
            assert!(credential.kept(REFRESH_TOKEN).is_none(), "{none}");
        }
    }

    #[test]
    fn answers_that_make_no_sense() {
        for (body, expected) in [
            ("", "it is empty"),
            (" \r\n", "it is empty"),
            (
                "<!doctype html><h1>Sign in",
                "it is a web page; is there a proxy or a sign-in page in between?",
            ),
            ("OK", "it is not a JSON object"),
            ("null", "it is not a JSON object"),
            (r#"["access_token"]"#, "it is not a JSON object"),
            (r#"{"access_token" "t"}"#, "it is not a JSON object"),
            (r#"{"access_token":"tr"#, "its JSON ends in the middle"),
            (r#"{"access_token":"t""#, "its JSON ends in the middle"),
            ("{}", "it has no access_token"),
            (
                r#"{"token_type":"Bearer","expires_in":3600}"#,
                "it has no access_token",
            ),
            (r#"{"access_token":null}"#, "it has no access_token"),
            (r#"{"access_token":""}"#, "it has no access_token"),
            (
                r#"{"access_token":7}"#,
                "its access_token, refresh_token or token_type is not a text, or there twice",
            ),
            (
                r#"{"access_token":"a","access_token":"b"}"#,
                "its access_token, refresh_token or token_type is not a text, or there twice",
            ),
            (
                r#"{"access_token":"a b"}"#,
                "its access_token has characters that no header may carry",
            ),
            (
                r#"{"access_token":"a\nb"}"#,
                "its access_token has characters that no header may carry",
            ),
            (
                r#"{"access_token":"a\u0000"}"#,
                "its access_token has characters that no header may carry",
            ),
            (
                r#"{"access_token":"té"}"#,
                "its access_token has characters that no header may carry",
            ),
        ] {
            assert_eq!(problem(body), expected, "{body}");
        }
        assert_eq!(
            read(200, None).unwrap_err().to_string(),
            "the answer of https://idp.example.com/token to the client credentials grant makes no sense: it is longer than 64 KiB"
        );
    }

    #[test]
    fn a_200_that_is_an_error_is_one() {
        for body in [
            r#"{"error":"invalid_client"}"#,
            r#"{"access_token":"t","token_type":"Bearer","error":"invalid_client"}"#,
        ] {
            let error = read(200, Some(body.as_bytes())).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
        }
    }

    #[test]
    fn a_status_outweighs_a_token() {
        let body = r#"{"access_token":"t","token_type":"Bearer"}"#;
        assert_eq!(
            read(500, Some(body.as_bytes())).unwrap_err().kind(),
            ErrorKind::Unavailable
        );
    }

    /// JSON values with secrets in all places.
    fn value() -> impl Strategy<Value = String> {
        prop_oneof![
            Just(format!("\"{SECRET}\"")),
            Just(format!("\"{TOKEN}\"")),
            Just(format!("{{\"{SECRET}\":[\"{TOKEN}\"")),
            Just(format!("{{\"{TOKEN}\":\"{SECRET}\"}}")),
            Just(format!("\"wrong secret: {SECRET}, token {TOKEN}\"")),
            Just(r#""Bearer""#.to_owned()),
            Just(r#""invalid_client""#.to_owned()),
            Just("1e400".to_owned()),
            Just("null".to_owned()),
            any::<f64>().prop_map(|number| number.to_string()),
            any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        ]
    }

    fn body() -> impl Strategy<Value = Vec<u8>> {
        let name = prop_oneof![
            Just("error"),
            Just("error_description"),
            Just("token_type"),
            Just("expires_in"),
            Just("scope"),
            Just("refresh_token"),
            Just(SECRET),
        ];
        let members = prop::collection::vec((name, value()), 0..6);
        let object = (members, any::<prop::sample::Index>(), any::<bool>()).prop_map(
            |(members, end, cut)| {
                // Always a token too, so that the server's texts have something to repeat.
                let mut body = format!("{{\"access_token\":\"{TOKEN}\"");
                for (name, value) in members {
                    body.extend([",\"", name, "\":", &value]);
                }
                body.push('}');
                let mut body = body.into_bytes();
                if cut {
                    body.truncate(end.index(body.len()));
                }
                body
            },
        );
        prop_oneof![4 => object, 1 => prop::collection::vec(any::<u8>(), 0..200)]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]
        #[test]
        fn no_answer_panics_or_has_a_secret_in_its_error(body in body(), status in 200u16..600) {
            let outcome = read(status, Some(&body));
            let shown = match &outcome {
                Ok(credential) => format!("{credential:?}"),
                Err(error) => format!("{error} {error:?}"),
            };
            // Scopes are not secret, whatever a server makes of them.
            let is_scope = body.windows(7).any(|window| window == b"\"scope\"");
            prop_assert!(is_scope || !shown.contains(&SECRET[..12]) && !shown.contains(&TOKEN[..12]), "{shown}");
        }
    }
}
