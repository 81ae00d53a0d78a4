//! The top-level items of a Rust file, as much as the layout check needs to know of them.

/// An item without its attributes, comments and the contents of its strings.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Item {
    /// Where it begins, from 1.
    pub(super) line: usize,
    pub(super) text: String,
}

impl Item {
    /// Whether it only says where other items are, or is the work of a macro.
    pub(super) fn is_map(&self) -> bool {
        let text = without_visibility(&self.text);
        let declares = |keyword| text.starts_with(keyword) && text.ends_with(';');
        declares("use ")
            || declares("mod ")
            || declares("extern crate ")
            || is_macro(text)
            || module(text).is_some_and(|inside| items(inside).iter().all(Self::is_map))
    }
}

/// What is inside a module that has its items with it.
fn module(text: &str) -> Option<&str> {
    let (name, inside) = text.strip_suffix('}')?.split_once('{')?;
    name.starts_with("mod ").then_some(inside)
}

/// Splits a file into its items.
pub(super) fn items(source: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let mut item = Item::default();
    let mut depth = 0_usize;
    let code = code(source);
    for (index, &(character, line)) in code.iter().enumerate() {
        if item.text.is_empty() {
            if character.is_whitespace() {
                continue;
            }
            item.line = line;
        }
        item.text.push(character);
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let is_attribute = item.text.starts_with('#');
        let ends = match character {
            ';' => !is_attribute,
            '}' => !is_attribute && !is_followed_by_semicolon(&code[index + 1..]),
            ']' => is_attribute,
            _ => false,
        };
        if depth == 0 && ends {
            let ended = std::mem::take(&mut item);
            if !is_attribute {
                items.push(ended);
            }
        }
    }
    // What does not end is not understood, and so for its reader to judge.
    items.extend(Some(item).filter(|item| !item.text.is_empty()));
    items
}

fn without_visibility(text: &str) -> &str {
    let Some(rest) = text.strip_prefix("pub") else {
        return text;
    };
    if let Some((_, rest)) = rest
        .strip_prefix('(')
        .and_then(|restricted| restricted.split_once(')'))
    {
        return rest.trim_start();
    }
    // Not `pub`, but a name that begins so.
    if rest.starts_with(char::is_whitespace) {
        rest.trim_start()
    } else {
        text
    }
}

/// `macro_rules! name …` and `path::to::name! …`.
fn is_macro(text: &str) -> bool {
    let path = |character: char| character.is_alphanumeric() || matches!(character, '_' | ':');
    text.split_once('!')
        .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(path))
}

fn is_followed_by_semicolon(rest: &[(char, usize)]) -> bool {
    rest.iter()
        .find(|(character, _)| !character.is_whitespace())
        .is_some_and(|(character, _)| *character == ';')
}

/// The characters outside comments and literals, with their lines. Every string is left as `""`.
fn code(source: &str) -> Vec<(char, usize)> {
    let mut code = Vec::new();
    let mut line = 1;
    let mut rest = source;
    while let Some(character) = rest.chars().next() {
        let length = skipped(rest, code.last().map(|(previous, _)| *previous));
        if length == 0 {
            code.push((character, line));
            rest = &rest[character.len_utf8()..];
            line += usize::from(character == '\n');
        } else {
            if !rest.starts_with('/') {
                code.extend([('"', line), ('"', line)]);
            }
            line += rest[..length].matches('\n').count();
            rest = &rest[length..];
        }
    }
    code
}

/// How long the comment or literal at the start of `rest` is; 0 if none is there.
fn skipped(rest: &str, previous: Option<char>) -> usize {
    let after_word =
        previous.is_some_and(|character| character.is_alphanumeric() || character == '_');
    if rest.starts_with("//") {
        rest.find('\n').unwrap_or(rest.len())
    } else if rest.starts_with("/*") {
        block_comment(rest)
    } else if let Some(text) = rest.strip_prefix('"') {
        1 + escaped(text, '"')
    } else if let Some(text) = rest.strip_prefix('\'') {
        // What is closed after one character or an escape is a character; the rest are lifetimes.
        let is_character = text.starts_with('\\') || text.chars().nth(1) == Some('\'');
        if is_character {
            1 + escaped(text, '\'')
        } else {
            0
        }
    } else if rest.starts_with('r') && !after_word {
        raw_string(rest)
    } else {
        0
    }
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

/// Up to and with the quote that is not escaped.
fn escaped(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (index, character) in rest.char_indices() {
        if !is_escaped && character == quote {
            return index + 1;
        }
        is_escaped = !is_escaped && character == '\\';
    }
    rest.len()
}

fn raw_string(rest: &str) -> usize {
    let hashes = rest[1..]
        .chars()
        .take_while(|character| *character == '#')
        .count();
    let Some(text) = rest[1 + hashes..].strip_prefix('"') else {
        return 0;
    };
    let end = format!("\"{}", "#".repeat(hashes));
    let before = 2 + hashes;
    text.find(&end)
        .map_or(rest.len(), |index| before + index + end.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<(usize, String)> {
        items(source)
            .into_iter()
            .map(|item| (item.line, item.text))
            .collect()
    }

    #[test]
    fn items_end_at_semicolons_and_braces() {
        let source = "use a::{b, c};\nmod d;\nfn e() { f(); }\nstruct G { h: [u8; 2] }";
        let expected = [
            (1, "use a::{b, c};"),
            (2, "mod d;"),
            (3, "fn e() { f(); }"),
            (4, "struct G { h: [u8; 2] }"),
        ];
        assert_eq!(
            texts(source),
            expected.map(|(line, text)| (line, text.to_owned()))
        );
    }

    #[test]
    fn comments_literals_and_attributes_are_no_items() {
        let source = "//! fn a() {}\n#![deny(x)]\n/* fn b() {} /* nested; */ } */\n#[cfg(c = \"}\")]\nuse d;\n";
        assert_eq!(texts(source), [(5, "use d;".to_owned())]);
        let source = "const A: char = '}';\nconst B: &'static str = r#\"}\";\"#;\nconst C: &str = \"\\\"}\";";
        let expected = [
            (1, "const A: char = \"\";"),
            (2, "const B: &'static str = \"\";"),
            (3, "const C: &str = \"\";"),
        ];
        assert_eq!(
            texts(source),
            expected.map(|(line, text)| (line, text.to_owned()))
        );
    }

    #[test]
    fn lines_are_counted_over_what_is_skipped() {
        let source = "/* a\nb /* c */\n*/\nuse d;\nconst E: &str = \"\n\";\nuse f;\n";
        let lines: Vec<usize> = items(source).iter().map(|item| item.line).collect();
        assert_eq!(lines, [4, 5, 7]);
        // A name that ends in r, and what merely looks like a raw string.
        let source = "a!(for r in \"}\");\nb!(r#type, _r#\"}\"#);\nuse c;";
        assert_eq!(items(source).last().unwrap().text, "use c;");
    }

    #[test]
    fn what_does_not_end_is_not_lost() {
        assert_eq!(
            texts("use a;\nfn b("),
            [(1, "use a;".to_owned()), (2, "fn b(".to_owned())]
        );
    }

    #[test]
    fn a_map_only_says_where_things_are() {
        let is_map = |text: &str| items(text)[0].is_map();
        for map in [
            "mod a;",
            "pub mod a;",
            "pub(crate) use a::b;",
            "pub(in crate::a) use b::{c, d};",
            "extern crate alloc;",
            "pub mod __private { pub use a; pub use b::{c, d}; }",
            "macro_rules! a { () => { fn b() {} } }",
            "inventory::submit! { A }",
        ] {
            assert!(is_map(map), "{map}");
        }
        for logic in [
            "pub fn a() {}",
            "mod a { use b; fn c() {} }",
            "mod a { mod b { struct C; } }",
            "pub struct A;",
            "impl A { fn b() { c!() } }",
            "const A: u8 = b!();",
            "pub(crate) static A: u8 = 1;",
        ] {
            assert!(!is_map(logic), "{logic}");
        }
    }
}
