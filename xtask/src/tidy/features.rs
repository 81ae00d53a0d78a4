//! Every cargo feature is in the manual of its crate.

use super::{
    Finding,
    tree::{Package, Tree},
};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.packages()
        .flat_map(|package| undocumented(tree, &package))
        .collect()
}

fn undocumented(tree: &Tree, package: &Package<'_>) -> Vec<Finding> {
    let roots = ["lib.rs", "main.rs"].map(|file| format!("{}src/{file}", package.folder));
    let Some((path, text)) = roots.iter().find_map(|path| Some((path, tree.get(path)?))) else {
        return Vec::new();
    };
    let manual: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("//!"))
        .collect();
    let is_documented = |feature: &str| {
        let mention = format!("`{feature}`");
        manual.iter().any(|line| line.contains(&mention))
    };
    let missing = features(package).filter(|feature| !is_documented(feature));
    missing
        .map(|feature| {
            Finding::error(
                path,
                0,
                format!("does not say what the feature `{feature}` is for"),
            )
        })
        .collect()
}

/// Those that are declared, and those that an optional dependency declares by being one.
fn features<'a>(package: &'a Package<'_>) -> impl Iterator<Item = &'a str> {
    let declared = package
        .manifest
        .get("features")
        .and_then(toml::Value::as_table);
    let named = declared
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .filter(|name| *name != "default");
    let dependencies = package
        .manifest
        .get("dependencies")
        .and_then(toml::Value::as_table);
    let implied = dependencies
        .into_iter()
        .flatten()
        .filter(move |(name, dependency)| {
            let is_optional =
                dependency.get("optional").and_then(toml::Value::as_bool) == Some(true);
            let marker = toml::Value::from(format!("dep:{name}"));
            let is_named = |feature: &toml::Value| {
                feature
                    .as_array()
                    .is_some_and(|parts| parts.contains(&marker))
            };
            is_optional && !declared.is_some_and(|features| features.values().any(is_named))
        });
    named.chain(implied.map(|(name, _)| name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "
        [package]
        name = 'a'
        [features]
        default = []
        tls = ['dep:rustls']
        [dependencies]
        rustls = { workspace = true, optional = true }
        serde = { workspace = true, optional = true }
        url.workspace = true
    ";

    #[test]
    fn features_are_named_in_the_manual() {
        let documented = "//! - `tls`: encrypts\n//! - `serde`: serializes\n";
        assert_eq!(
            check(&Tree::from([
                ("a/Cargo.toml", MANIFEST),
                ("a/src/lib.rs", documented)
            ])),
            []
        );
    }

    #[test]
    fn those_that_are_not_are_found() {
        let comment = "//! tls\n// `serde`\n";
        let findings = check(&Tree::from([
            ("a/Cargo.toml", MANIFEST),
            ("a/src/main.rs", comment),
        ]));
        let whats: Vec<_> = findings
            .iter()
            .map(|finding| finding.what.as_str())
            .collect();
        assert_eq!(whats.len(), 2);
        assert!(
            whats[0].contains("`tls`") && whats[1].contains("`serde`"),
            "{whats:?}"
        );
    }
}
