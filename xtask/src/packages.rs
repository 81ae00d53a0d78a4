//! What the machine must have beside Rust: Node, Debian packages, npm packages.

use std::{env, fs, io, path::Path, process::Command};

use crate::{
    Result,
    workspace::{Workspace, output, run},
};

/// A Debian package, and the program by which we know that it, or its like, is there: a name, or the path of a
/// file.
#[derive(Debug, PartialEq)]
pub(crate) struct Package {
    pub(crate) name: &'static str,
    pub(crate) program: &'static str,
}

/// The oldest Node that the counterparts run on.
const NODE: u32 = 20;

/// Installs those of the packages that are missing.
///
/// # Errors
///
/// If some are missing and we are not root: with the command that installs them.
pub(crate) fn ensure(workspace: &Workspace, wanted: &[&Package]) -> Result {
    let missing = missing(wanted, is_on_path);
    if missing.is_empty() {
        return Ok(());
    }
    let has_apt = is_on_path("apt-get");
    if !has_apt || !is_root()? {
        return Err(request(&missing, has_apt));
    }
    run(installer(workspace, "apt-get").arg("update"))?;
    run(installer(workspace, "apt-get").args(install_arguments(&missing)))
}

/// Checks for Node.
///
/// # Errors
///
/// If it is missing, or too old.
pub(crate) fn ensure_node(workspace: &Workspace) -> Result {
    let remedy = format!(
        "Install Node {NODE} or later, with npm: https://nodejs.org or your system's packages"
    );
    if !is_on_path("node") || !is_on_path("npm") {
        return Err(format!(
            "the counterparts need node and npm, which are not here. {remedy}"
        ));
    }
    let version = output(workspace.command("node").arg("--version"))?;
    if is_recent(&version) {
        return Ok(());
    }
    let version = version.trim();
    Err(format!(
        "the counterparts need a later node than {version}. {remedy}"
    ))
}

/// Installs what the `package-lock.json` in `folder` says, unless it is there.
///
/// # Errors
///
/// If npm fails.
pub(crate) fn ensure_npm(workspace: &Workspace, folder: &Path) -> Result {
    if npm_is_current(folder) {
        return Ok(());
    }
    // No package of ours needs its install scripts, and what a script may do nobody has read.
    run(installer(workspace, "npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(folder))?;
    fs::copy(folder.join("package-lock.json"), folder.join(INSTALLED))
        .map(|_| ())
        .map_err(|error| {
            format!(
                "cannot note in {} what is installed: {error}",
                folder.display()
            )
        })
}

/// The lock file that the folder's packages were installed from: they are current while it is the
/// same.
const INSTALLED: &str = "node_modules/.installed-from.json";

fn npm_is_current(folder: &Path) -> bool {
    let wanted = fs::read(folder.join("package-lock.json"));
    let installed = fs::read(folder.join(INSTALLED));
    matches!((wanted, installed), (Ok(wanted), Ok(installed)) if wanted == installed)
}

fn missing<'a>(wanted: &[&'a Package], is_present: impl Fn(&str) -> bool) -> Vec<&'a Package> {
    let mut missing: Vec<&Package> = Vec::new();
    for package in wanted {
        if !is_present(package.program) && !missing.contains(package) {
            missing.push(package);
        }
    }
    missing
}

/// What somebody has to do for us.
fn request(missing: &[&Package], has_apt: bool) -> String {
    let programs: Vec<_> = missing.iter().map(|package| package.program).collect();
    let what = format!(
        "missing programs: {}. Install them, and try again",
        programs.join(", ")
    );
    if !has_apt {
        return what;
    }
    let install = install_arguments(missing).join(" ");
    format!("{what}:\n\n    sudo apt-get update && sudo apt-get {install}\n")
}

fn install_arguments(packages: &[&Package]) -> Vec<&'static str> {
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(packages.iter().map(|package| package.name));
    arguments
}

/// What an installer says is progress: our standard output is for what was asked for.
fn installer(workspace: &Workspace, program: &str) -> Command {
    let mut command = workspace.command(program);
    command
        .stdout(io::stderr())
        .env("DEBIAN_FRONTEND", "noninteractive");
    command
}

pub(crate) fn is_root() -> Result<bool> {
    Ok(output(Command::new("id").arg("-u"))?.trim() == "0")
}

pub(crate) fn is_on_path(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    // Debian has servers where only root looks for them.
    let mut folders = env::split_paths(&path).chain(["/usr/sbin".into()]);
    // What is a path already stays what it is.
    folders.any(|folder| folder.join(program).is_file())
}

fn is_recent(version: &str) -> bool {
    let major = version
        .strip_prefix('v')
        .and_then(|numbers| numbers.split('.').next());
    major
        .and_then(|major| major.parse().ok())
        .is_some_and(|major: u32| major >= NODE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENSSL: Package = Package {
        name: "openssl",
        program: "openssl",
    };
    const SQLITE: Package = Package {
        name: "sqlite3",
        program: "sqlite3",
    };

    #[test]
    fn only_what_is_missing_is_installed_and_once() {
        let missing = missing(&[&OPENSSL, &SQLITE, &SQLITE], |program| {
            program == "openssl"
        });
        assert_eq!(missing, [&SQLITE]);
        assert_eq!(
            install_arguments(&missing),
            ["install", "--yes", "--no-install-recommends", "sqlite3"]
        );
    }

    #[test]
    fn programs_are_found_on_the_path_and_files_by_theirs() {
        assert!(is_on_path("sh"));
        assert!(!is_on_path("no-such-program"));
        let this = env::current_exe().unwrap();
        assert!(is_on_path(this.to_str().unwrap()));
    }

    #[test]
    fn what_is_missing_is_asked_for_with_the_command_that_installs_it() {
        let request_with_apt = request(&[&OPENSSL, &SQLITE], true);
        assert!(request_with_apt.contains("missing programs: openssl, sqlite3"));
        let command = "sudo apt-get install --yes --no-install-recommends openssl sqlite3";
        assert!(request_with_apt.contains(command), "{request_with_apt}");
        let request_without = request(&[&OPENSSL], false);
        assert!(request_without.contains("openssl") && !request_without.contains("apt-get"));
    }

    #[test]
    fn old_versions_of_node_are_told_from_recent_ones() {
        assert!(is_recent("v20.0.0\n") && is_recent("v22.3.1\n"));
        assert!(!is_recent("v18.20.4\n") && !is_recent("20") && !is_recent(""));
    }

    #[test]
    fn npm_packages_are_current_while_the_lock_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("node_modules")).unwrap();
        fs::write(folder.path().join("package-lock.json"), "1").unwrap();
        assert!(!npm_is_current(folder.path()));
        fs::write(folder.path().join(INSTALLED), "1").unwrap();
        assert!(npm_is_current(folder.path()));
        fs::write(folder.path().join("package-lock.json"), "2").unwrap();
        assert!(!npm_is_current(folder.path()));
    }
}
