//! The manifests: versions and lints are the workspace's.

use super::{
    Finding,
    tree::{Package, Tree},
};

const DEPENDENCIES: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.packages()
        .flat_map(|package| [own_versions(&package), own_lints(&package)].concat())
        .collect()
}

fn own_versions(package: &Package<'_>) -> Vec<Finding> {
    let for_platforms = package
        .manifest
        .get("target")
        .and_then(toml::Value::as_table);
    let for_platforms = for_platforms
        .into_iter()
        .flat_map(toml::Table::values)
        .filter_map(toml::Value::as_table);
    let sections = [&package.manifest].into_iter().chain(for_platforms);
    let lists = sections.flat_map(|section| {
        DEPENDENCIES
            .iter()
            .filter_map(|kind| section.get(*kind)?.as_table())
    });
    let own = lists
        .flatten()
        .filter(|(_, dependency)| !is_inherited(dependency));
    own.map(|(name, _)| {
        let what = format!("`{name}` has a version of its own: put it in the workspace, and `workspace = true` here");
        Finding::error(package.path, 0, what)
    })
    .collect()
}

fn own_lints(package: &Package<'_>) -> Vec<Finding> {
    if package.manifest.get("lints").is_some_and(is_inherited) {
        return Vec::new();
    }
    vec![Finding::error(
        package.path,
        0,
        "the workspace's lints are not on: `[lints]` with `workspace = true`",
    )]
}

fn is_inherited(value: &toml::Value) -> bool {
    value.get("workspace").and_then(toml::Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whats(manifest: &str) -> Vec<String> {
        let tree = Tree::from([("a/Cargo.toml", manifest)]);
        check(&tree)
            .into_iter()
            .map(|finding| finding.what)
            .collect()
    }

    #[test]
    fn what_the_workspace_decides_passes() {
        let manifest = "
            [package]
            name = 'a'
            [dependencies]
            b.workspace = true
            c = { workspace = true, features = ['d'] }
            [target.'cfg(unix)'.dependencies]
            e.workspace = true
            [lints]
            workspace = true
        ";
        assert_eq!(whats(manifest), [""; 0]);
    }

    #[test]
    fn versions_of_its_own_are_found_in_every_section() {
        let manifest = "
            [package]
            name = 'a'
            [dependencies]
            b = '1'
            [dev-dependencies]
            c = { path = '../c' }
            [target.'cfg(unix)'.build-dependencies]
            d = { version = '2' }
            [lints]
            workspace = true
        ";
        let whats = whats(manifest);
        assert_eq!(whats.len(), 3);
        for (what, name) in whats.iter().zip(["`b`", "`c`", "`d`"]) {
            assert!(what.contains(name), "{what}");
        }
    }

    #[test]
    fn lints_of_its_own_are_found() {
        let whats = whats("[package]\nname = 'a'");
        assert_eq!(whats.len(), 1);
        assert!(whats[0].contains("lints"), "{}", whats[0]);
    }
}
