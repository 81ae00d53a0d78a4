//! What `docs/kerberos.md` shows is what happens.

use std::{fs, path::Path, process::Command};

use crate::{
    golden::named,
    realm::{Realm, run},
};

const KERBEROS: &str = include_str!("../../../docs/kerberos.md");

/// The commands in the page's consoles, and what each prints there.
fn shown() -> Vec<(String, String)> {
    let mut shown: Vec<(String, String)> = Vec::new();
    for block in KERBEROS.split("```console\n").skip(1) {
        let (block, _) = block.split_once("```").unwrap();
        for line in block.lines() {
            match (line.strip_prefix("$ "), shown.last_mut()) {
                (Some(command), _) => shown.push((command.to_owned(), String::new())),
                (None, Some((_, printed))) => printed.extend([line, "\n"]),
                (None, None) => panic!("a console begins with a command: {line}"),
            }
        }
    }
    shown
}

/// Whether a text is as shown, where `…` stands for anything within a line.
fn is_as_shown(text: &str, shown: &str) -> bool {
    let (text, shown) = (named(text, &[]), named(shown, &[]));
    let (mut lines, mut expected) = (text.lines(), shown.lines());
    loop {
        match (lines.next(), expected.next()) {
            (None, None) => return true,
            (Some(line), Some(shown)) if matches(line, shown) => {}
            _ => return false,
        }
    }
}

fn matches(line: &str, shown: &str) -> bool {
    let mut parts = shown.split('…');
    let Some(mut rest) = line.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let mut last = "";
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
        last = part;
    }
    rest.is_empty() || (last.is_empty() && shown.ends_with('…'))
}

#[test]
fn the_consoles_show_what_happens() {
    let realm = Realm::new();
    realm.configure_as_up();
    let shown = shown();
    assert_eq!(shown.len(), 5);
    let bin = Path::new(env!("CARGO_BIN_EXE_session")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    for (command, printed) in shown {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &command])
            .env("PATH", &path)
            .env("SESSION_CONFIG", realm.path("sessions.toml"))
            .env("KRB5_CONFIG", realm.text("/environment/KRB5_CONFIG"));
        let ended = run(shell);
        assert!(
            is_as_shown(&ended.stdout, &printed),
            "{command}: {ended:?}, and not\n{printed}"
        );
        assert_eq!(
            (ended.code, ended.stderr.as_str()),
            (Some(0), ""),
            "{command}"
        );
    }
}

#[test]
fn errors_are_known_by_the_words_that_the_page_has() {
    let of = |name: &str| {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        text_of(&workspace.join(name).join("src"))
    };
    // What a server wants of connections is HTTP's.
    let sources = of("session-kerberos") + &of("session-http");
    let (_, table) = KERBEROS.split_once("| the error says |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let says = table
        .lines()
        .skip(2)
        .map(|row| row.split('|').nth(1).unwrap().trim());
    // Those that begin with a capital letter are the library's own.
    let ours: Vec<_> = says
        .filter(|words| words.starts_with(char::is_lowercase))
        .collect();
    assert!(ours.len() > 8, "{ours:?}");
    for words in ours {
        assert!(sources.contains(words), "no error says `{words}`");
    }
}

fn text_of(folder: &Path) -> String {
    let paths = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let texts = paths.map(|path| {
        if path.is_dir() {
            text_of(&path)
        } else {
            fs::read_to_string(path).unwrap()
        }
    });
    texts.collect()
}
