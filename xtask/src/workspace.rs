//! This workspace, and the commands that run in it.

use std::{
    collections::BTreeSet,
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::{Result, progress};

/// Where everything is.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The workspace that this program was built in.
    pub(crate) fn here() -> Self {
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = own.parent().expect("xtask is a folder of the workspace");
        Self {
            root: root.to_owned(),
        }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn counterparts(&self) -> PathBuf {
        self.root.join("xtask/counterparts")
    }

    /// `program`, to be run in the root without a standard input.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).stdin(Stdio::null());
        command
    }

    /// The cargo that runs us, with a space-separated list of arguments.
    pub(crate) fn cargo(&self, arguments: &str) -> Command {
        let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let mut command = self.command(&cargo);
        command.args(arguments.split_whitespace());
        // What `cargo run` tells its program about its package. Build scripts ask to be run again
        // when it changes, and so would be each time that one builds through us and then without
        // us.
        for (name, _) in env::vars_os().filter(|(name, _)| describes_package(name)) {
            command.env_remove(name);
        }
        command
    }

    /// The packages of the workspace, as cargo knows them.
    pub(crate) fn packages(&self) -> Result<Vec<Package>> {
        let metadata = self.metadata("Cargo.toml")?;
        let packages = metadata["packages"]
            .as_array()
            .expect("cargo metadata lists packages");
        Ok(packages.iter().map(Package::from_metadata).collect())
    }

    /// Where build products go, and with them what we leave behind.
    pub(crate) fn target(&self) -> Result<PathBuf> {
        self.target_of("Cargo.toml")
    }

    /// The same of the workspace that has this manifest.
    pub(crate) fn target_of(&self, manifest: &str) -> Result<PathBuf> {
        let metadata = self.metadata(manifest)?;
        let target = metadata["target_directory"]
            .as_str()
            .expect("cargo metadata names the target folder");
        Ok(PathBuf::from(target))
    }

    fn metadata(&self, manifest: &str) -> Result<Value> {
        let metadata = format!("metadata --no-deps --format-version 1 --manifest-path {manifest}");
        let text = output(&mut self.cargo(&metadata))?;
        serde_json::from_str(&text)
            .map_err(|error| format!("cannot read what cargo metadata says: {error}"))
    }
}

/// A package and its features.
#[derive(Debug, PartialEq)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) features: BTreeSet<String>,
}

impl Package {
    fn from_metadata(package: &Value) -> Self {
        let name = package["name"].as_str().expect("a package has a name");
        let features = package["features"]
            .as_object()
            .expect("a package has features, if none");
        Self {
            name: name.to_owned(),
            features: features.keys().cloned().collect(),
        }
    }
}

/// Runs a command that speaks to the person at the terminal itself.
pub(crate) fn run(command: &mut Command) -> Result {
    progress(&format!("$ {}", shown(command)));
    let status = command
        .status()
        .map_err(|error| format!("cannot run {}: {error}", shown(command)))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{}` failed: {status}", shown(command)))
    }
}

/// Runs a command quietly and returns what it prints.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let done = command
        .output()
        .map_err(|error| format!("cannot run {}: {error}", shown(command)))?;
    if !done.status.success() {
        let complaint = String::from_utf8_lossy(&done.stderr);
        return Err(format!(
            "`{}` failed: {}\n{}",
            shown(command),
            done.status,
            complaint.trim_end()
        ));
    }
    String::from_utf8(done.stdout)
        .map_err(|_| format!("`{}` printed something other than text", shown(command)))
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program());
    let words = [program].into_iter().chain(command.get_args());
    words
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

fn describes_package(variable: &OsStr) -> bool {
    let name = variable.to_string_lossy();
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_come_with_their_features() {
        let metadata =
            serde_json::json!({ "name": "a", "features": { "default": [], "tls": ["dep:b"] } });
        let features = ["default", "tls"].map(str::to_owned).into();
        assert_eq!(
            Package::from_metadata(&metadata),
            Package {
                name: "a".to_owned(),
                features
            }
        );
    }

    #[test]
    fn a_failing_command_is_named_with_what_it_said() {
        let workspace = Workspace::here();
        let error = output(&mut workspace.cargo("no-such-command")).unwrap_err();
        assert!(error.contains("cargo no-such-command` failed"), "{error}");
        assert!(error.contains("no such command"), "{error}");
        assert!(
            run(&mut workspace.command("no-such-program"))
                .unwrap_err()
                .contains("no-such-program")
        );
    }

    #[test]
    fn cargo_does_not_hear_of_our_own_package() {
        let command = Workspace::here().cargo("build");
        let removed: Vec<_> = command
            .get_envs()
            .filter(|(_, value)| value.is_none())
            .map(|(name, _)| name)
            .collect();
        assert!(
            removed.contains(&OsStr::new("CARGO_PKG_NAME")),
            "{removed:?}"
        );
        assert!(!removed.contains(&OsStr::new("PATH")), "{removed:?}");
    }
}
