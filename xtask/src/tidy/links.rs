//! Links from Markdown to files of ours lead somewhere.

use super::{Finding, numbered, tree::Tree};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.ending(&[".md"]) {
        for (line, target) in links(text) {
            if resolve(path, target).is_none_or(|file| !file.is_empty() && !tree.contains(&file)) {
                findings.push(Finding::error(
                    path,
                    line,
                    format!("the link to `{target}` leads nowhere"),
                ));
            }
        }
    }
    findings
}

/// The targets of `[text](target)` and `[text]: target` that are files, outside code.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut links = Vec::new();
    let mut is_code = false;
    for (line, content) in numbered(text) {
        if content.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        if is_code || content.starts_with("    ") {
            continue;
        }
        // Of the parts between backticks every other one is code.
        for prose in content.split('`').step_by(2) {
            let inline = prose
                .split("](")
                .skip(1)
                .filter_map(|after| after.split([')', ' ']).next());
            let reference = prose
                .strip_prefix('[')
                .and_then(|rest| rest.split_once("]: "))
                .map(|(_, target)| target.trim());
            let files = inline
                .chain(reference)
                .filter(|target| !target.contains(':') && !target.starts_with('#'));
            links.extend(files.map(|target| (line, target)));
        }
    }
    links
}

/// The path from the root that `target` has in the file `from`; `None` if that is outside.
fn resolve(from: &str, target: &str) -> Option<String> {
    let file = target.split('#').next().unwrap_or(target);
    let mut folders: Vec<&str> = from.split('/').collect();
    folders.pop();
    for part in file
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
    {
        if part == ".." {
            folders.pop()?;
        } else {
            folders.push(part);
        }
    }
    Some(folders.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(text: &str) -> Vec<String> {
        let tree = Tree::from([("docs/a.md", text), ("docs/b.md", ""), ("README.md", "")]);
        check(&tree)
            .into_iter()
            .map(|finding| finding.what)
            .collect()
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        let text = "[b](b.md) [b](./b.md#part) [top](../README.md)\n[here](#part) [web](https://example.com)\n\n[r]: b.md\n";
        assert_eq!(broken(text), [""; 0]);
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        for text in [
            "see [c](c.md)",
            "[up](../../README.md)",
            "![picture](c.png \"title\")",
            "[r]: c.md",
            "[b](b.md) [c](c.md)",
        ] {
            assert_eq!(broken(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn code_has_no_links() {
        assert_eq!(
            broken("`[c](c.md)`\n```\n[c](c.md)\n```\n    [c](c.md)\n"),
            [""; 0]
        );
    }
}
