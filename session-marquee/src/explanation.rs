//! What an answer that is no success says for itself.

use session_http::Response;

use crate::answer::{Format, media_type};

/// How much of it is read.
const MOST: usize = 16 << 10;

/// The beginning of its body, if that is a text for people or programs, and not for browsers.
pub(crate) async fn explanation(response: &mut Response) -> Option<String> {
    let is_text = Format::of(response.headers()) == Some(Format::Json)
        || media_type(response.headers()) == "text/plain";
    if !is_text {
        return None;
    }
    let mut body = Vec::new();
    while let Ok(Some(part)) = response.chunk().await {
        let room = MOST - body.len();
        body.extend_from_slice(&part[..part.len().min(room)]);
        if part.len() >= room {
            break;
        }
    }
    let text = text(&body)?.trim_start_matches('\u{feff}').trim();
    (!text.is_empty() && !is_page(text)).then(|| text.to_owned())
}

/// As UTF-8, without the part of a character where it was cut off.
fn text(body: &[u8]) -> Option<&str> {
    match std::str::from_utf8(body) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() && body.len() == MOST => {
            std::str::from_utf8(&body[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    }
}

/// Whether a browser would find something to show in it, wherever that is, and whatever it says that it is: a tag, its end, a comment or
/// declaration. What only looks like one is taken for it.
fn is_page(text: &str) -> bool {
    // JSON may have the angle, and what is after it, as an escape.
    let text = text.replace("\\u003c", "<").replace("\\u003C", "<");
    text.split('<').skip(1).any(|after| {
        after.starts_with(|next: char| next.is_ascii_alphabetic() || "/!?".contains(next))
            || after.starts_with("\\/")
            || after.starts_with("\\u")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_known_in_all_disguises() {
        for page in [
            "<html>",
            "Error: <HTML lang=en>",
            "<!-- a comment first --><x>",
            "502 <!DOCTYPE html>",
            "\u{feff} <?xml version=\"1.0\"?>",
            "{\"message\": \"<h1>no</h1>\"}",
            "{\"message\": \"\\u003Ch1\\u003eno\"}",
            "no</body>",
            "see <br/> here",
            "<p",
            "<code>502 Bad Gateway</code>",
            "<u>no</u>",
            "<video src=x>",
            "<x-p>",
            "{\"message\": \"\\u003cu\\u003e\"}",
            "{\"message\": \"<\\/u>\"}",
            "{\"message\": \"\\u003c\\u0075\"}",
            "{\"message\": \"\\u003c\\u002fu\"}",
            "expected array<string>",
        ] {
            assert!(is_page(page), "{page}");
        }
    }

    #[test]
    fn what_only_has_an_angle_in_it_is_none() {
        for text in [
            "a < b and b > c",
            "{\"messages\": [\"limit <= 10\"]}",
            "{\"messages\": [\"limit < \\\"a\\\"\"]}",
            "<<>>",
            "<- 5 <5 <é",
            "ends in <",
        ] {
            assert!(!is_page(text), "{text}");
        }
    }

    #[test]
    fn a_character_that_is_cut_off_is_left_out() {
        let mut body = vec![b'a'; MOST - 1];
        body.push(0xc3);
        assert_eq!(text(&body).map(str::len), Some(MOST - 1));
        assert_eq!(text(b"a\xc3"), None);
        assert_eq!(text(b"\xff\xfe<\0h\0"), None);
    }
}
