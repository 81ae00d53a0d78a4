//! A request as it arrived.

use http::{HeaderName, HeaderValue, header::COOKIE};

/// The headers that a session puts on a request.
pub(crate) type Belonging = Vec<(HeaderName, HeaderValue)>;

/// A request as it arrived, byte by byte.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// Method and address.
    pub(super) line: Vec<u8>,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

impl Message {
    /// Takes a message apart once all of it is there.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let (head, rest) = (&bytes[..end], &bytes[end + 4..]);
        let mut lines = head
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::trim_ascii_end);
        let line = lines.next()?.to_vec();
        let headers: Vec<_> = lines
            .filter_map(|line| {
                let colon = line.iter().position(|byte| *byte == b':')?;
                let name = String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase();
                Some((name, line[colon + 1..].trim_ascii().to_vec()))
            })
            .collect();
        let message = Self {
            line,
            headers,
            body: Vec::new(),
        };
        let length = message.value("content-length");
        let length = length.map_or(0, |length| {
            String::from_utf8_lossy(length).parse().unwrap_or(0)
        });
        Some(Self {
            body: rest.get(..length)?.to_vec(),
            ..message
        })
    }

    /// The first value of a header.
    pub(crate) fn value(&self, name: &str) -> Option<&[u8]> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_slice())
    }

    /// Whether the address that was asked for ends like this.
    pub(super) fn is_for(&self, path: &str) -> bool {
        let line = String::from_utf8_lossy(&self.line).into_owned();
        let address = line.split(' ').nth(1).unwrap_or_default();
        address
            .split('?')
            .next()
            .unwrap_or_default()
            .ends_with(path)
    }

    /// How often a header of a session is there.
    pub(crate) fn count(&self, name: &HeaderName, value: &HeaderValue) -> usize {
        let headers = self.headers.iter();
        headers.filter(|header| is_it(header, name, value)).count()
    }

    /// All of it but the headers of the session, each of which is taken away once: lines to be searched for what must be
    /// nowhere else.
    pub(crate) fn without(&self, belonging: &Belonging) -> String {
        let mut headers = self.headers.clone();
        for (name, value) in belonging {
            let Some(at) = headers.iter().position(|header| is_it(header, name, value)) else {
                continue;
            };
            if *name == COOKIE {
                // The caller's own stay.
                let whole = String::from_utf8_lossy(&headers[at].1).into_owned();
                let own = String::from_utf8_lossy(value.as_bytes()).into_owned();
                headers[at].1 = whole.replacen(&own, "", 1).into_bytes();
            } else {
                headers.remove(at);
            }
        }
        let headers = headers.iter().map(|(name, value)| {
            let text = String::from_utf8_lossy(value);
            format!("{name}: {text}\n{name}: {}\n", value.escape_ascii())
        });
        let headers: String = headers.collect();
        let [line, body] = [&self.line, &self.body].map(|part| String::from_utf8_lossy(part));
        format!("{line}\n{headers}\n{body}\n")
    }
}

/// Whether that is the header of a session; cookies come beside those of the caller.
fn is_it((known, found): &(String, Vec<u8>), name: &HeaderName, value: &HeaderValue) -> bool {
    let is_value = match *name {
        COOKIE => contains(found, value.as_bytes()),
        _ => found == value.as_bytes(),
    };
    known == name.as_str() && is_value
}

fn contains(whole: &[u8], part: &[u8]) -> bool {
    part.is_empty() || whole.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use http::header::AUTHORIZATION;

    use super::*;
    use crate::{Search, canary};

    fn message(text: &str) -> Message {
        Message::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_message_is_there_once_all_of_it_is() {
        let whole = "POST /v1/kit?a=b HTTP/1.1\r\nX-Own: 1\r\nContent-Length: 4\r\n\r\nbody";
        for length in 0..whole.len() {
            assert!(Message::parse(&whole.as_bytes()[..length]).is_none());
        }
        let message = message(whole);
        assert!(message.is_for("/kit"));
        assert_eq!(message.value("x-own"), Some(b"1".as_slice()));
        assert_eq!(message.body, b"body");
    }

    #[test]
    fn a_secret_is_found_anywhere_but_where_it_belongs() {
        let token = canary();
        let value = format!("Bearer {token}");
        let own: Belonging = vec![(AUTHORIZATION, value.parse().unwrap())];
        let search = Search::new([&token]);
        let header = format!("authorization: {value}\r\n");
        let honest = message(&format!("GET / HTTP/1.1\r\n{header}\r\n"));
        assert_eq!(honest.count(&own[0].0, &own[0].1), 1);
        search.assert_silent(&honest.without(&own));
        for leak in [
            format!("GET /?t={token} HTTP/1.1\r\n{header}\r\n"),
            format!("GET / HTTP/1.1\r\n{header}x-copy: {token}\r\n\r\n"),
            format!("GET / HTTP/1.1\r\n{header}{header}\r\n"),
            format!(
                "GET / HTTP/1.1\r\n{header}content-length: {}\r\n\r\n{token}",
                token.len()
            ),
        ] {
            let rest = message(&leak).without(&own);
            assert_eq!(search.leaks(&rest).len(), 1, "{rest}");
        }
    }

    #[test]
    fn cookies_of_a_session_come_beside_those_of_the_caller() {
        let token = canary();
        let own: Belonging = vec![(COOKIE, format!("sid={token}").parse().unwrap())];
        let both = message(&format!(
            "GET / HTTP/1.1\r\ncookie: own=1; sid={token}\r\n\r\n"
        ));
        assert_eq!(both.count(&own[0].0, &own[0].1), 1);
        let rest = both.without(&own);
        assert!(rest.contains("own=1"), "{rest}");
        Search::new([&token]).assert_silent(&rest);
    }
}
