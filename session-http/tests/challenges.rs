//! Challenges, in all the ways in which servers may write them (RFC 9110 §11), and in those in which they do.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use http::{
    HeaderMap, HeaderValue,
    header::{PROXY_AUTHENTICATE, WWW_AUTHENTICATE},
};
use proptest::{collection::vec, prelude::*, sample::Index};
use session_core::{Challenge, Secret};
use session_http::{challenges, proxy_challenges};

fn parse(values: &[&[u8]]) -> Vec<Challenge> {
    let headers = values
        .iter()
        .map(|value| (WWW_AUTHENTICATE, HeaderValue::from_bytes(value).unwrap()))
        .collect();
    challenges(&headers)
}

fn schemes(value: &str) -> Vec<String> {
    parse(&[value.as_bytes()])
        .iter()
        .map(|challenge| challenge.scheme().to_owned())
        .collect()
}

#[test]
fn the_example_of_the_rfc() {
    let found = parse(&[
        br#"Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\"""#,
    ]);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].parameter("realm"), Some("simple"));
    assert_eq!(found[1].scheme(), "Newauth");
    assert_eq!(found[1].parameter("TYPE"), Some("1"));
    assert_eq!(found[1].parameter("title"), Some("Login to \"apps\""));
}

#[test]
fn token68_or_parameter() {
    let found = parse(&[b"Negotiate oRQwEqADCgED==, NTLM , Digest a==b, Bearer scope=, X y=\"\""]);
    let token68: Vec<_> = found
        .iter()
        .map(|challenge| challenge.token68().map(Secret::expose))
        .collect();
    assert_eq!(
        token68,
        [
            Some(&b"oRQwEqADCgED=="[..]),
            None,
            None,
            Some(b"scope="),
            None
        ]
    );
    assert_eq!(found[2].parameter("a"), Some("=b"));
    assert_eq!(found[4].parameter("y"), Some(""));
}

#[test]
fn what_servers_really_send() {
    assert_eq!(schemes("Bearer"), ["Bearer"]);
    assert_eq!(schemes(",, Negotiate,\t,NTLM, "), ["Negotiate", "NTLM"]);
    let found = parse(&[b"Bearer realm=\"x\" error=\"invalid_token\"  scope = \"a b\",Basic"]);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].parameter("error"), Some("invalid_token"));
    assert_eq!(found[0].parameter("scope"), Some("a b"));
    let found = parse(&[b"Bearer authorization_uri=https://login.example/x, resource_id=1"]);
    assert_eq!(
        found[0].parameter("authorization_uri"),
        Some("https://login.example/x")
    );
    assert_eq!(found[0].parameter("resource_id"), Some("1"));
    // A comma too many.
    let found = parse(&[b"Bearer, realm=\"x\", , scope=a, Basic"]);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].parameter("realm"), Some("x"));
    assert_eq!(found[0].parameter("scope"), Some("a"));
}

#[test]
fn garbage_hides_no_challenge() {
    assert_eq!(schemes("=x, Bearer"), ["Bearer"]);
    assert_eq!(schemes("\"a, b\", Bearer"), ["Bearer"]);
    assert_eq!(
        schemes("Basic what is \"this, now\", Bearer"),
        ["Basic", "Bearer"]
    );
    assert_eq!(schemes("a=b, Bearer"), ["Bearer"]);
    assert_eq!(
        schemes("Negotiate abc, a=b, Bearer"),
        ["Negotiate", "Bearer"]
    );
    assert_eq!(schemes("Basic realm=\"unclosed, Bearer"), ["Basic"]);
    assert_eq!(schemes(""), [""; 0]);
    let found = parse(&[b"Basic realm=\"\xff\", Bearer"]);
    assert_eq!(found[0].parameter("realm"), Some("\u{fffd}"));
    assert_eq!(found[1].scheme(), "Bearer");
}

#[test]
fn a_proxys_are_not_the_servers() {
    let headers = HeaderMap::from_iter([
        (WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
        (
            PROXY_AUTHENTICATE,
            HeaderValue::from_static("Basic realm=p, Negotiate"),
        ),
        (PROXY_AUTHENTICATE, HeaderValue::from_static("NTLM")),
    ]);
    let schemes = |found: Vec<Challenge>| -> Vec<String> {
        found.iter().map(|it| it.scheme().to_owned()).collect()
    };
    assert_eq!(schemes(challenges(&headers)), ["Bearer"]);
    let found = proxy_challenges(&headers);
    assert_eq!(found[0].parameter("realm"), Some("p"));
    assert_eq!(schemes(found), ["Basic", "Negotiate", "NTLM"]);
}

#[test]
fn input_is_bounded_in_number_and_length() {
    assert_eq!(schemes(&"A,".repeat(100)).len(), 32);
    assert_eq!(parse(&[b"A".as_slice(); 100]).len(), 32);
    let many = format!("A {}, Bearer", "x=1,".repeat(100));
    let found = parse(&[many.as_bytes()]);
    assert_eq!(found[0].parameters().count(), 64);
    assert_eq!(found[1].scheme(), "Bearer");

    // What does not fit is left out whole: half a value would be another one.
    let long = format!("A, B realm=\"{}\", C", "x".repeat(64 << 10));
    assert_eq!(schemes(&long), ["A"]);
    let fits = format!("A, B realm=\"{}\", C", "x".repeat(60 << 10));
    assert_eq!(schemes(&fits), ["A", "B", "C"]);
    let found = parse(&[fits.as_bytes(), fits.as_bytes(), b"D"]);
    assert_eq!(found.len(), 4, "that is for all headers together");
}

/// What a server has to say.
#[derive(Clone, Debug)]
enum Credentials {
    Nothing,
    Token68(String),
    Parameters(Vec<(String, String)>),
}

fn credentials() -> impl Strategy<Value = Credentials> {
    // Any text that a quoted string can hold, and such that needs no quotes.
    let value = prop_oneof![
        "[\t -~\u{80}-\u{10ffff}]{0,12}",
        "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,8}"
    ];
    prop_oneof![
        Just(Credentials::Nothing),
        "[A-Za-z0-9+/._~-]{1,12}={0,2}".prop_map(Credentials::Token68),
        vec(("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,8}", value), 1..5).prop_map(Credentials::Parameters),
    ]
}

/// Writes challenges as RFC 9110 allows, and chooses among its ways.
struct Writer<'a> {
    choices: std::iter::Cycle<std::slice::Iter<'a, Index>>,
    values: Vec<String>,
}

impl Writer<'_> {
    fn choose<'b>(&mut self, among: &[&'b str]) -> &'b str {
        self.choices.next().unwrap().get::<&str>(among)
    }

    fn write(&mut self, text: &str) {
        self.values.last_mut().unwrap().push_str(text);
    }

    /// Optional white space (§5.6.3).
    fn space(&mut self) {
        let space = self.choose(&["", "", " ", "\t", " \t "]);
        self.write(space);
    }

    /// What is between two elements of a list, or before its first (§5.6.1.2).
    fn commas(&mut self, least: usize) {
        for _ in 0..least + self.choose(&["", "", "", ",", ",,"]).len() {
            self.space();
            self.write(",");
        }
        self.space();
    }

    fn challenge(&mut self, scheme: &str, credentials: &Credentials) {
        self.write(scheme);
        match credentials {
            Credentials::Nothing => {}
            Credentials::Token68(token) => {
                let space = self.choose(&[" ", "   "]);
                self.write(space);
                self.write(token);
            }
            Credentials::Parameters(parameters) => {
                let space = self.choose(&[" ", "   "]);
                self.write(space);
                self.commas(0);
                for (at, (name, value)) in parameters.iter().enumerate() {
                    if at > 0 {
                        self.commas(1);
                    }
                    self.write(name);
                    self.space();
                    self.write("=");
                    self.space();
                    self.value(value);
                }
            }
        }
    }

    fn value(&mut self, value: &str) {
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if !value.is_empty() && value.chars().all(is_token) && self.choose(&["", "q"]).is_empty() {
            return self.write(value);
        }
        self.write("\"");
        for c in value.chars() {
            if matches!(c, '"' | '\\') || !self.choose(&["", "", "", "\\"]).is_empty() {
                self.write("\\");
            }
            self.write(c.encode_utf8(&mut [0; 4]));
        }
        self.write("\"");
    }
}

fn written(sent: &[(String, Credentials)], choices: &[Index]) -> Vec<String> {
    let mut writer = Writer {
        choices: choices.iter().cycle(),
        values: vec![String::new()],
    };
    writer.commas(0);
    for (at, (scheme, credentials)) in sent.iter().enumerate() {
        if at > 0 && writer.choose(&["same", "new"]) == "new" {
            writer.commas(0);
            writer.values.push(String::new());
            writer.commas(0);
        } else if at > 0 {
            writer.commas(1);
        }
        writer.challenge(scheme, credentials);
    }
    writer.commas(0);
    writer.values
}

proptest! {
    #[test]
    fn what_is_written_in_any_legal_way_is_read_back(
        sent in vec(("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,8}", credentials()), 1..6),
        choices in vec(any::<Index>(), 40),
    ) {
        let values = written(&sent, &choices);
        let bytes: Vec<_> = values.iter().map(String::as_bytes).collect();
        let found = parse(&bytes);
        prop_assert_eq!(found.len(), sent.len(), "{:?}", values);
        for (found, (scheme, credentials)) in found.iter().zip(&sent) {
            prop_assert_eq!(found.scheme(), scheme);
            let token68 = found.token68().map(|token| token.expose_str().unwrap());
            let parameters: Vec<_> = found
                .parameters()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            let (sent_token68, sent_parameters) = match credentials {
                Credentials::Nothing => (None, Vec::new()),
                Credentials::Token68(token) => (Some(token.as_str()), Vec::new()),
                Credentials::Parameters(parameters) => (None, parameters.clone()),
            };
            prop_assert_eq!(token68, sent_token68, "{:?}", values);
            prop_assert_eq!(parameters, sent_parameters, "{:?}", values);
        }
    }

    #[test]
    fn any_bytes_are_read_to_an_end(value in vec(prop_oneof![Just(b'\t'), 32..127_u8, 128..=255_u8], 0..200)) {
        let _ = parse(&[&value]);
    }

    #[test]
    fn any_structure_is_read_to_an_end(value in "[Aa=\", \t\\\\]{0,40}") {
        let _ = parse(&[value.as_bytes()]);
    }
}
