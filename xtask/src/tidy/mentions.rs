//! What the repository does not mention, because a reader could not look it up, or because it has
//! no place here.

use super::{Finding, numbered, tree::Tree};

/// Split, so that this file does not mention them.
const ANYWHERE: &[(&[&str], &str)] = &[
    (&["/ho", "me/"], "a path on somebody's machine"),
    (&["iss", "ue #"], "a number in a tracker: say what it says"),
];

const IN_RUST: &[(&[&str], &str)] = &[(
    &["#[ig", "nore"],
    "a test that does not run is none: run it under `--long`, or remove it",
)];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let anywhere = tree.written().flat_map(|file| mentions(file, ANYWHERE));
    anywhere
        .chain(
            tree.ending(&[".rs"])
                .flat_map(|file| mentions(file, IN_RUST)),
        )
        .collect()
}

fn mentions((path, text): (&str, &str), phrases: &[(&[&str], &str)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (parts, why) in phrases {
        let phrase = parts.concat();
        let lines = numbered(text).filter(|(_, content)| content.contains(&phrase));
        findings
            .extend(lines.map(|(line, _)| {
                Finding::error(path, line, format!("mentions `{phrase}`: {why}"))
            }));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_phrase_is_found_where_it_stands() {
        for (parts, _) in ANYWHERE {
            let text = format!("first\nsee {}here", parts.concat());
            let findings = check(&Tree::from([("README.md", text.as_str())]));
            assert_eq!(findings.len(), 1, "{parts:?}");
            assert_eq!(findings[0].line, 2);
        }
    }

    #[test]
    fn ignored_tests_are_found_in_rust_alone() {
        let text = IN_RUST[0].0.concat() + "]";
        let findings = check(&Tree::from([
            ("a.md", text.as_str()),
            ("a.rs", text.as_str()),
        ]));
        assert_eq!(
            findings
                .iter()
                .map(|finding| finding.path.as_str())
                .collect::<Vec<_>>(),
            ["a.rs"]
        );
    }
}
