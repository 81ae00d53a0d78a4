//! The files that are checked.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

/// Folders that hold nothing of ours.
const SKIPPED: &[&str] = &[
    ".git",
    "target",
    "node_modules",
    "__pycache__",
    "mutants.out",
    "mutants.out.old",
];

/// All text files by their path from the root, with `/` between folders; and what else there is.
#[derive(Debug, Default)]
pub(super) struct Tree {
    texts: BTreeMap<String, String>,
    others: BTreeSet<String>,
}

impl Tree {
    pub(super) fn read(root: &Path) -> io::Result<Self> {
        let mut tree = Self::default();
        tree.add_folder(root, "")?;
        Ok(tree)
    }

    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    pub(super) fn contains(&self, path: &str) -> bool {
        self.texts.contains_key(path) || self.others.contains(path)
    }

    /// The text of a file.
    pub(super) fn get(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// Paths and texts of the files whose name ends in one of these.
    pub(super) fn ending(&self, endings: &[&str]) -> impl Iterator<Item = (&str, &str)> {
        self.texts()
            .filter(move |(path, _)| endings.iter().any(|ending| path.ends_with(ending)))
    }

    /// Paths and texts of the files that people write: all but what tools generate.
    pub(super) fn written(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts()
            .filter(|(path, _)| !matches!(name(path), "Cargo.lock" | "package-lock.json"))
    }

    /// The published packages and our tools; not the programs that tests build.
    pub(super) fn packages(&self) -> impl Iterator<Item = Package<'_>> {
        self.texts().filter_map(|(path, text)| {
            let folder = path.strip_suffix("Cargo.toml")?;
            if is_test(path) || !(folder.is_empty() || folder.ends_with('/')) {
                return None;
            }
            let manifest: toml::Table = text.parse().ok()?;
            manifest.contains_key("package").then_some(Package {
                path,
                folder,
                manifest,
            })
        })
    }

    fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    fn add_folder(&mut self, folder: &Path, prefix: &str) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            if entry.file_type()?.is_dir() {
                if !SKIPPED.contains(&name.as_str()) {
                    self.add_folder(&entry.path(), &format!("{path}/"))?;
                    self.others.insert(path);
                }
            } else if let Ok(text) = fs::read_to_string(entry.path()) {
                self.texts.insert(path, text);
            } else {
                self.others.insert(path);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Tree {
    fn from(texts: [(&str, &str); N]) -> Self {
        let texts = texts
            .map(|(path, text)| (path.to_owned(), text.to_owned()))
            .into();
        Self {
            texts,
            others: BTreeSet::new(),
        }
    }
}

/// A cargo package.
#[derive(Debug)]
pub(super) struct Package<'a> {
    /// Its manifest's.
    pub(super) path: &'a str,
    /// With a slash at the end; empty for the root.
    pub(super) folder: &'a str,
    pub(super) manifest: toml::Table,
}

/// Whether a file is part of the tests.
pub(super) fn is_test(path: &str) -> bool {
    path.split('/').any(|folder| folder == "tests")
        || path.ends_with("/tests.rs")
        || path.ends_with(".test.mjs")
}

/// A path's last part.
pub(super) fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_and_told_from_the_rest() {
        let root = tempfile::tempdir().unwrap();
        for folder in ["src", "target", ".ci"] {
            fs::create_dir(root.path().join(folder)).unwrap();
            fs::write(root.path().join(folder).join("file"), "text").unwrap();
        }
        fs::write(root.path().join("picture.png"), [0xff, 0xfe]).unwrap();
        let tree = Tree::read(root.path()).unwrap();
        assert_eq!(
            tree.texts().collect::<Vec<_>>(),
            [(".ci/file", "text"), ("src/file", "text")]
        );
        assert!(tree.contains("picture.png") && tree.contains("src"));
        assert!(!tree.contains("target"));
        assert_eq!(tree.len(), 2);
    }

    #[test]
    fn packages_are_found_but_not_those_of_tests() {
        let package = "[package]\nname = 'a'";
        let tree = Tree::from([
            ("Cargo.toml", "[workspace]"),
            ("a/Cargo.toml", package),
            ("a/tests/program/Cargo.toml", package),
            ("a/NotCargo.toml", package),
        ]);
        let found: Vec<_> = tree.packages().map(|package| package.folder).collect();
        assert_eq!(found, ["a/"]);
    }

    #[test]
    fn generated_files_are_not_written() {
        let tree = Tree::from([
            ("Cargo.lock", ""),
            ("a/package-lock.json", ""),
            ("a/b.rs", ""),
        ]);
        assert_eq!(
            tree.written().map(|(path, _)| path).collect::<Vec<_>>(),
            ["a/b.rs"]
        );
    }
}
