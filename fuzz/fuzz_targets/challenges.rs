//! Challenges, as a hostile server may write them: each line is the value of a header.

#![no_main]

use http::{HeaderMap, HeaderValue, header::WWW_AUTHENTICATE};
use libfuzzer_sys::fuzz_target;
use session_core::Challenge;
use session_http::challenges;

fuzz_target!(|input: &[u8]| {
    let mut headers = HeaderMap::new();
    for line in input.split(|byte| *byte == b'\n').take(64) {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(WWW_AUTHENTICATE, value);
        }
    }
    let found = challenges(&headers);
    assert!(found.len() <= input.len().div_ceil(2));
    for challenge in &found {
        assert!(is_token(challenge.scheme()), "{:?}", challenge.scheme());
        // What is written out is read the same; of a token and a parameter there is one.
        if let Some(token) = challenge.token68() {
            let written = format!("{} {}", challenge.scheme(), token.expose_str().unwrap());
            let again = read(&written);
            assert_eq!(again.len(), 1, "{written}");
            assert_eq!(again[0].token68().unwrap().expose(), token.expose());
        }
        if let Some(realm) = challenge.parameter("realm") {
            let quoted = realm.replace('\\', "\\\\").replace('"', "\\\"");
            let Ok(value) = HeaderValue::from_bytes(
                format!("{} realm=\"{quoted}\"", challenge.scheme()).as_bytes(),
            ) else {
                continue;
            };
            let again = challenges(&HeaderMap::from_iter([(WWW_AUTHENTICATE, value)]));
            assert_eq!(again.len(), 1);
            assert_eq!(again[0].parameter("realm"), Some(realm));
        }
    }
});

fn read(value: &str) -> Vec<Challenge> {
    let value = HeaderValue::from_str(value).unwrap();
    challenges(&HeaderMap::from_iter([(WWW_AUTHENTICATE, value)]))
}

/// RFC 9110 §5.6.2.
fn is_token(text: &str) -> bool {
    let is_token_byte =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_token_byte)
}
