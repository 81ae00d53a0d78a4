//! How long files are. One that needs more room than this is two files.

use super::{
    Finding,
    tree::{Tree, is_test},
};

const GOOD: usize = 300;
const MOST: usize = 500;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let files = tree
        .ending(&[".rs", ".mjs", ".py"])
        .filter(|(path, _)| !is_test(path));
    files
        .filter_map(|(path, text)| judge(path, lines(text)))
        .collect()
}

fn judge(path: &str, lines: usize) -> Option<Finding> {
    let what =
        format!("{lines} lines without its tests; about {GOOD} is a good room, {MOST} the most");
    if lines > MOST {
        Some(Finding::error(path, 0, what))
    } else if lines > GOOD {
        Some(Finding::warning(path, 0, what))
    } else {
        None
    }
}

/// Without the test module at the end.
fn lines(text: &str) -> usize {
    let end = text
        .find("\n#[cfg(test)]\nmod tests {")
        .map_or(text.len(), |index| index + 1);
    text[..end].lines().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_files_are_warned_of_and_longer_ones_refused() {
        let [good, long, most, longest] = [300, 301, 500, 501].map(|lines| "x\n".repeat(lines));
        let tree = Tree::from([
            ("a.rs", good.as_str()),
            ("b.rs", &long),
            ("c.py", &most),
            ("d.mjs", &longest),
            ("a/tests/e.rs", &longest),
            ("a/src/b/tests.rs", &longest),
            ("f.test.mjs", &longest),
            ("g.md", &longest),
        ]);
        let findings = check(&tree);
        let seen: Vec<_> = findings
            .iter()
            .map(|finding| (finding.path.as_str(), finding.is_warning))
            .collect();
        assert_eq!(seen, [("b.rs", true), ("c.py", true), ("d.mjs", false)]);
    }

    #[test]
    fn the_tests_of_a_file_do_not_count() {
        let file = format!(
            "{}#[cfg(test)]\nmod tests {{\n{}}}\n",
            "x\n".repeat(300),
            "y\n".repeat(300)
        );
        assert_eq!(lines(&file), 300);
        let conditional = format!("#[cfg(test)]\nuse a;\n{}", "x\n".repeat(300));
        assert_eq!(lines(&conditional), 302);
    }
}
