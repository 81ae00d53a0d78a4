//! Looking for secrets in texts, in every `spelling`.

mod spelling;

use std::{
    collections::{BTreeMap, HashSet},
    error::Error,
    fmt,
};

use aho_corasick::AhoCorasick;

use self::spelling::spellings;

/// How much of the line with a leak is shown.
const SHOWN: usize = 200;

/// Looks for secrets in texts, however they are spelled: as text, escaped as by `Debug`, JSON or HTML, percent-encoded,
/// as hexadecimal or decimal bytes, and in base64, at any place in what was encoded. White space does not matter, so that
/// lists of bytes on many lines and wrapped base64 are found too. Parts of a secret are not.
///
/// ```
/// use session_mock::Search;
///
/// let search = Search::new(["hunter2-hunter2"]);
/// let leaks = search.leaks("first line\nsent Basic bWU6aHVudGVyMi1odW50ZXIy to the server");
/// assert_eq!(leaks[0].spelling(), "base64");
/// assert!(search.leaks("nothing here").is_empty());
/// ```
#[derive(Clone)]
pub struct Search {
    needles: Vec<Needle>,
    /// Finds them all in one go: there may be thousands, and much to read.
    automaton: AhoCorasick,
    secrets: usize,
}

#[derive(Clone)]
struct Needle {
    secret: usize,
    spelling: &'static str,
    /// Without white space.
    length: usize,
}

/// A secret where it must not be.
///
/// It shows the line that it is in, and so the secret: it is meant for tests, whose secrets are nobody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    secret: usize,
    spelling: &'static str,
    line: String,
}

impl Search {
    /// For these secrets.
    ///
    /// # Panics
    ///
    /// When they take more memory than there can be.
    pub fn new<S: AsRef<[u8]>>(secrets: impl IntoIterator<Item = S>) -> Self {
        let (mut needles, mut texts, mut count) = (Vec::new(), Vec::new(), 0);
        let mut known = HashSet::new();
        for secret in secrets {
            for (spelling, text) in spellings(secret.as_ref()) {
                let text = Dense::new(&text).text;
                if !text.is_empty() && known.insert(text.clone()) {
                    needles.push(Needle {
                        secret: count,
                        spelling,
                        length: text.len(),
                    });
                    texts.push(text);
                }
            }
            count += 1;
        }
        Self {
            needles,
            automaton: AhoCorasick::new(texts).expect("secrets are few and short"),
            secrets: count,
        }
    }

    /// All ways in which a secret is looked for, for servers that quote it.
    pub fn spellings(secret: impl AsRef<[u8]>) -> Vec<String> {
        let spellings = spellings(secret.as_ref()).into_iter();
        spellings.map(|(_, spelled)| spelled).collect()
    }

    /// The secrets in a text, each once for every way in which it is spelled there.
    pub fn leaks(&self, text: &str) -> Vec<Leak> {
        let dense = Dense::new(text);
        let mut found = BTreeMap::new();
        for place in self.automaton.find_overlapping_iter(&dense.text) {
            found
                .entry(place.pattern().as_usize())
                .or_insert(place.start());
        }
        let leak = |(number, at)| {
            let needle: &Needle = &self.needles[number];
            Leak {
                secret: needle.secret,
                spelling: needle.spelling,
                line: dense.line(at, needle.length),
            }
        };
        found.into_iter().map(leak).collect()
    }

    /// The texts of an error and of all that caused it, for [`leaks`](Self::leaks).
    pub fn texts(error: &(dyn Error + 'static)) -> String {
        let source = error.source().map(Self::texts).unwrap_or_default();
        format!("{error}\n{error:#}\n{error:?}\n{error:#?}\n{source}")
    }

    /// Checks that a text has none.
    ///
    /// # Panics
    ///
    /// When it has.
    #[track_caller]
    pub fn assert_silent(&self, text: &str) {
        let leaks = self.leaks(text);
        assert!(leaks.is_empty(), "a secret is shown: {leaks:#?}");
    }
}

/// Shows no secret.
impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Search")
            .field("secrets", &self.secrets)
            .finish_non_exhaustive()
    }
}

impl Leak {
    /// Which secret it is: the first that was given is 0.
    pub fn secret(&self) -> usize {
        self.secret
    }

    /// How it is spelled, in a word or two.
    pub fn spelling(&self) -> &'static str {
        self.spelling
    }

    /// The line that it begins in, or a part of it.
    pub fn line(&self) -> &str {
        &self.line
    }
}

/// A text without its white space.
struct Dense<'a> {
    text: String,
    /// The lines that it was made of, and where each begins.
    lines: Vec<(usize, &'a str)>,
}

impl<'a> Dense<'a> {
    fn new(original: &'a str) -> Self {
        let mut text = String::with_capacity(original.len());
        let mut lines = Vec::new();
        for line in original.lines() {
            lines.push((text.len(), line));
            text.extend(line.split_ascii_whitespace());
        }
        Self { text, lines }
    }

    /// The line in which this place is, or the part around that.
    fn line(&self, at: usize, length: usize) -> String {
        let after = self.lines.partition_point(|(begins, _)| *begins <= at);
        let Some((begins, line)) = self.lines[..after].last() else {
            return String::new();
        };
        let solid = line.bytes().enumerate();
        let mut solid = solid.filter(|(_, byte)| !byte.is_ascii_whitespace());
        let at = solid.nth(at - begins).map_or(0, |(at, _)| at);
        let from = boundary(line, at.saturating_sub(SHOWN));
        let to = boundary(line, at + length + SHOWN);
        line[from..to].to_owned()
    }
}

/// The last place between two characters that is not after this one.
fn boundary(text: &str, index: usize) -> usize {
    let mut places = (0..=index.min(text.len())).rev();
    places.find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canary;

    /// With every character that some encoding treats in its own way.
    fn secret() -> String {
        format!("{} K\u{f6}%+/:=&'\"<\\>~?\u{1f512}", canary())
    }

    /// How the rest of the world would write it, not how the search does.
    fn written(secret: &str) -> Vec<(&'static str, String)> {
        let bytes = secret.as_bytes();
        let header = http::HeaderValue::from_bytes(bytes).unwrap();
        let mut url = url::Url::parse("https://h.test/").unwrap();
        url.set_path(secret);
        url.query_pairs_mut().append_pair("q", secret);
        let [path, query] = [url.path().to_owned(), url.query().unwrap().to_owned()];
        vec![
            ("Display", secret.to_owned()),
            ("Debug", format!("{secret:?}")),
            ("pretty Debug of a list", format!("{:#?}", [secret])),
            ("Debug of bytes", format!("{bytes:?}")),
            ("pretty Debug of bytes", format!("{bytes:#?}")),
            ("hexadecimal Debug of bytes", format!("{bytes:x?}")),
            ("hexadecimal Debug of bytes", format!("{bytes:02X?}")),
            ("pretty hexadecimal Debug", format!("{bytes:#x?}")),
            (
                "Debug of Bytes",
                format!("{:?}", bytes::Bytes::copy_from_slice(bytes)),
            ),
            ("Debug of a header", format!("{header:?}")),
            (
                "Debug of characters",
                format!("{:?}", secret.chars().collect::<Vec<_>>()),
            ),
            ("a query", query),
            ("a path", path),
            ("JSON", serde_json::to_string(secret).unwrap()),
            ("escape_default", secret.escape_default().to_string()),
        ]
    }

    #[test]
    fn a_planted_secret_is_found_as_others_write_it() {
        let secret = secret();
        let search = Search::new([&secret]);
        for (how, text) in written(&secret) {
            // A path leaves many characters alone, and no two libraries the same.
            if how == "a path" {
                continue;
            }
            let text = format!("first line\nDEBUG sent {text} to the server\n");
            assert!(!search.leaks(&text).is_empty(), "{how}: {text}");
        }
        let canary = canary();
        let search = Search::new([&canary]);
        for (how, text) in written(&canary) {
            assert!(!search.leaks(&text).is_empty(), "{how}: {text}");
        }
    }

    #[test]
    fn a_planted_secret_is_found_in_base64_at_every_place() {
        use base64::{Engine, engine::general_purpose as engines};

        let secret = secret();
        let search = Search::new([&secret]);
        for before in 0..7 {
            for after in 0..4 {
                let text = format!("{}{secret}{}", "u".repeat(before), "w".repeat(after));
                for encoded in [
                    engines::STANDARD.encode(&text),
                    engines::STANDARD_NO_PAD.encode(&text),
                    engines::URL_SAFE.encode(&text),
                    engines::URL_SAFE_NO_PAD.encode(&text),
                ] {
                    let leaks = search.leaks(&format!("Basic {encoded}"));
                    assert!(!leaks.is_empty(), "{before} {after} {encoded}");
                    let lines: Vec<_> = encoded
                        .as_bytes()
                        .chunks(19)
                        .map(|line| String::from_utf8_lossy(line))
                        .collect();
                    assert_eq!(search.leaks(&lines.join("\r\n")).len(), leaks.len());
                }
            }
        }
        let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let basic = engines::STANDARD.encode(format!("client:{form}"));
        assert_eq!(search.leaks(&basic)[0].spelling(), "base64 of form-encoded");
    }

    #[test]
    fn a_planted_secret_is_found_in_every_spelling() {
        let secret = secret();
        let search = Search::new(["something else", &secret]);
        let spellings = spellings(secret.as_bytes());
        assert!(spellings.len() > 30, "{}", spellings.len());
        for (name, spelled) in spellings {
            let text = format!("first line\nDEBUG sent {spelled} to the server\nlast line");
            let leaks = search.leaks(&text);
            let leak = leaks.iter().find(|leak| leak.spelling() == name);
            let leak = leak.unwrap_or_else(|| panic!("{name}: {spelled}"));
            assert_eq!(leak.secret(), 1);
            assert!(leak.line().starts_with("DEBUG sent "), "{leak:?}");
        }
    }

    #[test]
    fn what_has_none_is_silent() {
        let [one, other] = [canary(), canary()];
        let search = Search::new([&one]);
        search.assert_silent("");
        search.assert_silent(&other);
        search.assert_silent(&one[..one.len() - 1]);
        assert_eq!(format!("{search:?}"), "Search { secrets: 1, .. }");
    }

    #[test]
    #[should_panic(expected = "a secret is shown")]
    fn what_has_one_is_not() {
        let secret = canary();
        Search::new([&secret]).assert_silent(&format!("token={secret}"));
    }

    #[test]
    fn of_a_long_line_only_the_part_around_is_shown() {
        let secret = canary();
        let far = "\u{f6}".repeat(1000);
        let text = format!("{far}{secret}{far}");
        let leaks = Search::new([&secret]).leaks(&text);
        assert!(leaks[0].line().contains(&secret), "{leaks:?}");
        assert!(leaks[0].line().len() < 2 * SHOWN + secret.len() + 4);
    }

    #[test]
    fn bytes_that_are_no_text_are_found() {
        let secret = [0xff, 0x00, 0x9c, 0x0a, 0x80, 0xfe, 0x1b, 0x7f, 0xd3];
        let search = Search::new([secret]);
        for text in [
            format!("{secret:?}"),
            format!("{secret:x?}"),
            secret.escape_ascii().to_string(),
            "/wCcCoD+G3/T".to_owned(),
        ] {
            assert!(!search.leaks(&text).is_empty(), "{text}");
        }
    }

    #[test]
    fn causes_are_looked_at() {
        let cause = std::io::Error::other("inner");
        let error = session_core::Error::new(session_core::ErrorKind::Config, "outer");
        let texts = Search::texts(&error.with_source(cause));
        assert!(
            texts.contains("outer") && texts.contains("\ninner\n"),
            "{texts}"
        );
    }
}
