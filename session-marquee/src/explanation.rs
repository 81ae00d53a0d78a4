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

/// What only pages have, whatever is before it, and whatever they say that they are.
const TAGS: &[&str] = &[
    "!--", "!doctype", "?xml", "a", "article", "b", "body", "br", "button", "center", "div", "em",
    "font", "footer", "form", "frame", "frameset", "h1", "h2", "h3", "h4", "h5", "h6", "head",
    "header", "hr", "html", "i", "iframe", "img", "input", "li", "link", "main", "meta", "nav",
    "noscript", "object", "ol", "p", "pre", "script", "section", "span", "strong", "style", "svg",
    "table", "tbody", "td", "th", "title", "tr", "tt", "ul",
];

/// Whether it is a web page, or has a part of one.
fn is_page(text: &str) -> bool {
    // As JSON may have it.
    let text = text.to_ascii_lowercase().replace("\\u003c", "<");
    let mut rest = text.as_str();
    while let Some((_, after)) = rest.split_once('<') {
        let name = after.strip_prefix('/').unwrap_or(after);
        if TAGS.iter().any(|tag| begins_with(name, tag)) {
            return true;
        }
        rest = after;
    }
    false
}

/// Whether it begins with this name of a tag, and not with a longer one.
fn begins_with(text: &str, tag: &str) -> bool {
    let is_name = tag.ends_with(|last: char| last.is_ascii_alphanumeric());
    text.strip_prefix(tag).is_some_and(|after| {
        !is_name || !after.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '-')
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
        ] {
            assert!(is_page(page), "{page}");
        }
    }

    #[test]
    fn what_only_has_an_angle_in_it_is_none() {
        for text in [
            "a < b and b > c",
            "expected array<string>",
            "List<T> of <id>, <ai>, <h7>, <x-p>",
            "{\"messages\": [\"limit <= 10\"]}",
            "<<>>",
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
