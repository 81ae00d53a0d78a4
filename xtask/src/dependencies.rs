//! What may be depended on: the licences, bans and sources of `deny.toml`, for machines without cargo-deny.

use std::fs;

use serde_json::Value;

use crate::{
    Result, progress,
    workspace::{Workspace, output},
};

/// Where packages may come from; those of this workspace have no source.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Checks the whole dependency graph, of all platforms and features, by what its packages say of themselves.
///
/// # Errors
///
/// When one of them may not be there; the text has a line for each.
pub(crate) fn check(workspace: &Workspace) -> Result {
    let path = workspace.root().join("deny.toml");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let rules = text
        .parse()
        .map_err(|error| format!("{}: {error}", path.display()))?;
    let rules = Rules::from_toml(&rules);
    let metadata = "metadata --locked --all-features --format-version 1";
    let metadata = output(&mut workspace.cargo(metadata))?;
    let metadata: Value =
        serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    let packages = metadata["packages"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let problems: Vec<_> = packages
        .iter()
        .filter_map(|package| rules.problem(package))
        .collect();
    if packages.is_empty() || !problems.is_empty() {
        return Err(problems.join("\n"));
    }
    progress(&format!(
        "{} packages: licences, bans and sources are as deny.toml has them",
        packages.len()
    ));
    Ok(())
}

/// What `deny.toml` allows and denies.
struct Rules {
    licences: Vec<String>,
    banned: Vec<String>,
}

impl Rules {
    fn from_toml(deny: &toml::Table) -> Self {
        let list = |table: &str, key: &str| {
            let list = deny.get(table).and_then(|table| table.get(key));
            list.and_then(toml::Value::as_array)
                .cloned()
                .unwrap_or_default()
        };
        let text = |value: &toml::Value| value.as_str().map(str::to_owned);
        Self {
            licences: list("licenses", "allow").iter().filter_map(text).collect(),
            banned: list("bans", "deny")
                .iter()
                .filter_map(|banned| text(banned.get("crate")?))
                .collect(),
        }
    }

    /// Why this package may not be there, if it may not.
    fn problem(&self, package: &Value) -> Option<String> {
        let (name, source) = (package["name"].as_str()?, package["source"].as_str()?);
        if source != REGISTRY {
            return Some(format!(
                "{name} comes from {source}; only crates.io is allowed"
            ));
        }
        if self.banned.iter().any(|banned| banned == name) {
            return Some(format!("{name} is banned by deny.toml, which says why"));
        }
        let licence = package["license"].as_str().unwrap_or_default();
        if self.allow(licence) {
            return None;
        }
        Some(format!(
            "{name} has the licence `{licence}`, which deny.toml does not allow"
        ))
    }

    /// Whether a licence expression (SPDX, and the older `A/B`) can be met with those allowed.
    fn allow(&self, expression: &str) -> bool {
        let spaced = expression
            .replace('(', " ( ")
            .replace(')', " ) ")
            .replace('/', " OR ");
        let words: Vec<_> = spaced.split_whitespace().collect();
        let mut rest = words.as_slice();
        self.any(&mut rest) && rest.is_empty()
    }

    fn any(&self, words: &mut &[&str]) -> bool {
        let mut met = self.all(words);
        while let ["OR", rest @ ..] = words {
            *words = rest;
            met |= self.all(words);
        }
        met
    }

    fn all(&self, words: &mut &[&str]) -> bool {
        let mut met = self.one(words);
        while let ["AND", rest @ ..] = words {
            *words = rest;
            met &= self.one(words);
        }
        met
    }

    fn one(&self, words: &mut &[&str]) -> bool {
        let (licence, rest) = match *words {
            ["(", rest @ ..] => {
                *words = rest;
                let met = self.any(words);
                let ([")", rest @ ..] | rest) = *words;
                *words = rest;
                return met;
            }
            [licence, "WITH", exception, rest @ ..] => {
                (format!("{licence} WITH {exception}"), rest)
            }
            [licence, rest @ ..] => ((*licence).to_owned(), rest),
            [] => return false,
        };
        *words = rest;
        self.licences.contains(&licence)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rules() -> Rules {
        Rules::from_toml(&toml::toml! {
            [licenses]
            allow = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"]
            [bans]
            deny = [{ crate = "openssl-sys", reason = "TLS is rustls" }]
        })
    }

    #[test]
    fn expressions_are_met_or_not() {
        for met in [
            "MIT",
            "MIT OR GPL-3.0",
            "GPL-3.0/MIT",
            "MIT AND ISC",
            "(GPL-3.0 OR MIT) AND ISC",
            "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
        ] {
            assert!(rules().allow(met), "{met}");
        }
        for not_met in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "GPL-3.0 OR Apache-2.0",
            "(MIT OR ISC) AND GPL-3.0",
            "MIT ISC",
            "OR",
            "(",
        ] {
            assert!(!rules().allow(not_met), "{not_met}");
        }
    }

    #[test]
    fn packages_that_may_not_be_there_are_named() {
        let problem = |name: &str, source: Option<&str>, licence: Option<&str>| {
            rules().problem(&json!({ "name": name, "source": source, "license": licence }))
        };
        assert_eq!(problem("ours", None, None), None);
        assert_eq!(problem("good", Some(REGISTRY), Some("MIT")), None);
        for (name, source, licence) in [
            ("openssl-sys", REGISTRY, Some("MIT")),
            ("foreign", "git+https://example.com/foreign", Some("MIT")),
            ("viral", REGISTRY, Some("GPL-3.0")),
            ("silent", REGISTRY, None),
        ] {
            assert!(problem(name, Some(source), licence).is_some_and(|text| text.contains(name)));
        }
    }
}
