//! No secret is in the repository, made for tests or not: tests make theirs when they run. One that
//! is here teaches scanners and people to look away.

use super::{Finding, numbered, tree::Tree};

/// What the examples of RFC 6749, 7636 and 9449 print: no secrets, though they look it.
const PUBLISHED: &[&str] = &[
    "2YotnFZFEjr1zCsicMWpAA",
    "7Fjfp0ZBr1KtDRbnfVdmIw",
    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU",
    "SplxlOBeZQQYbYS6WxSbIA",
    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    "tGzv3JOkF0XG5Qx2TlKWIA",
];

/// What a name has in it whose value is one.
const NAMES: &[&str] = &[
    "secret",
    "token",
    "password",
    "passphrase",
    "api_key",
    "apikey",
    "private_key",
];

/// Shorter ones are words.
const SHORTEST: usize = 20;

/// Bits for each character. English in one case has about 4, 24 random characters of base64 about
/// 4.4.
const RANDOM: f64 = 4.1;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let files = tree.written();
    files
        .flat_map(|(path, text)| {
            [
                private_keys(path, text),
                assigned(path, text),
                jwts(path, text),
            ]
            .concat()
        })
        .collect()
}

/// A PEM block: its first line, then base64 on the same line (as in a string) or the next.
fn private_keys(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut lines = numbered(text).peekable();
    while let Some((line, content)) = lines.next() {
        let Some((_, after)) = content
            .split_once("PRIVATE KEY-----")
            .filter(|(before, _)| before.contains("-----BEGIN"))
        else {
            continue;
        };
        let next = lines.peek().map_or("", |(_, next)| next.trim());
        if [after.trim_start_matches("\\n"), next]
            .into_iter()
            .any(|text| leading(text, is_base64) >= SHORTEST)
        {
            findings.push(Finding::error(
                path,
                line,
                "a private key: let the test make one",
            ));
        }
    }
    findings
}

/// A random string in quotes behind a name that says what it is.
fn assigned(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, content) in numbered(text) {
        let lower = content.to_lowercase();
        let Some(named) = NAMES.iter().filter_map(|name| lower.find(name)).min() else {
            continue;
        };
        // Lower case may be longer than what it was made from, but not where the two agree.
        let Some(after) = content.get(named..) else {
            continue;
        };
        let mut parts: Vec<&str> = after.split(['"', '\'', '`', '\\']).skip(1).collect();
        parts.pop();
        let mut values = parts.into_iter().filter(|part| looks_random(part));
        if values.any(|value| !PUBLISHED.contains(&value)) {
            findings.push(Finding::error(
                path,
                line,
                "a secret: let the test make one",
            ));
        }
    }
    findings
}

/// Three parts of base64url, the first of which is the JSON of a JOSE header.
fn jwts(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, content) in numbered(text) {
        let words = content.split(|character: char| !(is_base64(character) || character == '.'));
        let is_jwt = |word: &str| {
            let parts: Vec<&str> = word.split('.').collect();
            parts.len() == 3
                && word.len() > 60
                && parts[..2].iter().all(|part| part.starts_with("eyJ"))
        };
        if words.into_iter().any(is_jwt) {
            findings.push(Finding::error(path, line, "a JWT: let the test sign one"));
        }
    }
    findings
}

/// Long, of the characters that encodings use, letters and digits among them, and without a pattern.
fn looks_random(value: &str) -> bool {
    let encodes = |character| is_base64(character) || matches!(character, '.' | '~');
    value.len() >= SHORTEST
        && leading(value, encodes) == value.len()
        && value.contains(|character: char| character.is_ascii_digit())
        && value.contains(|character: char| character.is_ascii_alphabetic())
        && entropy(value) > RANDOM
}

/// Shannon's, in bits for each character.
fn entropy(value: &str) -> f64 {
    let count = |byte: u8| value.bytes().filter(|other| *other == byte).count();
    let length = lossless(value.len());
    let bits = value
        .bytes()
        .map(|byte| -(lossless(count(byte)) / length).log2());
    bits.sum::<f64>() / length
}

fn lossless(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn leading(text: &str, fits: impl Fn(char) -> bool) -> usize {
    text.find(|character| !fits(character))
        .unwrap_or(text.len())
}

fn is_base64(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '+' | '/' | '-' | '_' | '=')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Put together here, so that this file has none.
    fn random() -> String {
        ["k3Jx9Qw_7Lm", "2Zp-Vt5Rb8Hc", "4Nd6Fs1Gy0"].concat()
    }

    fn found(text: &str) -> usize {
        check(&Tree::from([("a.rs", text)])).len()
    }

    #[test]
    fn private_keys_are_found_in_files_and_in_strings() {
        let begin = "-----BEGIN EC PRIVATE KEY-----";
        assert_eq!(found(&format!("{begin}\n{}\n", random())), 1);
        assert_eq!(found(&format!("\"{begin}\\n{}\\n\"", random())), 1);
        assert_eq!(found(&format!("{begin} is how it starts\n")), 0);
        assert_eq!(
            found(&format!("-----BEGIN CERTIFICATE-----\n{}", random())),
            0
        );
    }

    #[test]
    fn random_values_of_secret_names_are_found() {
        let random = random();
        assert_eq!(found(&format!("client_secret = \"{random}\"")), 1);
        assert_eq!(found(&format!("{{\"accessToken\": '{random}'}}")), 1);
        assert_eq!(found(&format!("request_id = \"{random}\"")), 0);
        assert_eq!(
            found(&format!("client_secret = {random}")),
            0,
            "not a literal"
        );
    }

    #[test]
    fn words_and_published_examples_pass() {
        assert_eq!(found("let secret = \"correct-horse-battery-staple-1\";"), 0);
        assert_eq!(
            found("token_endpoint = \"https://idp.example.com/oauth2/v1/token\""),
            0
        );
        assert_eq!(found("\"access_token\": \"2YotnFZFEjr1zCsicMWpAA\""), 0);
        assert_eq!(found("let secret = \"s3cr3t:w/th=sp&cial+%ch@rs~\";"), 0);
        assert_eq!(
            found("run(\"token -p nobody\").failed(2).contains(ESCAPE8));"),
            0
        );
        assert_eq!(found("secrets.extend(provider.issued().step_by(200));"), 0);
        assert_eq!(found("İ secret = \"short1\""), 0);
    }

    #[test]
    fn jwts_are_found() {
        let header = format!("eyJ{}", random());
        assert_eq!(
            found(&format!("let a = \"{header}.{header}.{}\";", random())),
            1
        );
        assert_eq!(found(&format!("let a = \"{header}.{header}\";")), 0);
    }

    #[test]
    fn what_tools_generate_is_not_looked_at() {
        let secret = format!("\"token\": \"{}\"", random());
        assert_eq!(
            check(&Tree::from([("package-lock.json", secret.as_str())])),
            []
        );
    }
}
