//! Python packages that counterparts and benchmarks need: each of these folders has a `requirements.txt`, with a hash of everything in it, and gets
//! a virtual environment of its own.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    Result,
    packages::{self, Package},
    workspace::{Workspace, output, run},
};

/// Where Debian has what makes virtual environments: no program, but a module of Python's.
const VENV: Package = Package {
    name: "python3-venv",
    program: "ensurepip",
};

/// The oldest Python that the packages run on.
const OLDEST: (u32, u32) = (3, 11);

/// The requirements that an environment was made from: it is current while they are the same.
const INSTALLED: &str = "installed-from.txt";

/// Installs what the `requirements.txt` in `folder` says, unless it is there.
///
/// # Errors
///
/// If Python is missing or too old, or pip fails: also where a package is not the one that the hash is of.
pub(crate) fn ensure(workspace: &Workspace, folder: &Path) -> Result {
    ensure_on(workspace, folder, "python3", &[])
}

/// The same for what also needs packages that Debian has: those are of Debian's Python, whichever comes first on the path.
///
/// # Errors
///
/// As [`ensure`].
pub(crate) fn ensure_beside_debians(workspace: &Workspace, folder: &Path) -> Result {
    ensure_on(
        workspace,
        folder,
        "/usr/bin/python3",
        &["--system-site-packages"],
    )
}

fn ensure_on(workspace: &Workspace, folder: &Path, python: &str, options: &[&str]) -> Result {
    let environment = environment(workspace, folder)?;
    let requirements = folder.join("requirements.txt");
    if is_current(&environment, &requirements) {
        return Ok(());
    }
    check_python(workspace, python)?;
    // What is left of an earlier one, perhaps of an older Python, goes.
    run(workspace
        .command(python)
        .args(["-m", "venv", "--clear"])
        .args(options)
        .arg(&environment))?;
    let program = python_in(&environment);
    // Wheels only: what an install script may do nobody has read.
    run(workspace
        .command(&program.to_string_lossy())
        .args(["-m", "pip", "install", "--quiet", "--no-input", "--no-deps"])
        .args(["--require-hashes", "--only-binary", ":all:"])
        .args(["--disable-pip-version-check", "--requirement"])
        .arg(&requirements)
        .stdout(io::stderr()))?;
    fs::copy(&requirements, environment.join(INSTALLED))
        .map(|_| ())
        .map_err(|error| {
            format!(
                "cannot note in {} what is installed: {error}",
                environment.display()
            )
        })
}

/// The Python that has these packages, once they are [ensured](ensure).
pub(crate) fn program(workspace: &Workspace, folder: &Path) -> Result<PathBuf> {
    Ok(python_in(&environment(workspace, folder)?))
}

fn environment(workspace: &Workspace, folder: &Path) -> Result<PathBuf> {
    let name = folder
        .file_name()
        .expect("a counterpart's folder has a name");
    Ok(workspace.target()?.join("python").join(name))
}

fn python_in(environment: &Path) -> PathBuf {
    environment.join("bin/python")
}

fn is_current(environment: &Path, requirements: &Path) -> bool {
    let wanted = fs::read(requirements);
    let installed = fs::read(environment.join(INSTALLED));
    matches!((wanted, installed), (Ok(wanted), Ok(installed)) if wanted == installed)
}

fn check_python(workspace: &Workspace, python: &str) -> Result {
    let ask = |program| output(workspace.command(python).args(["-c", program]));
    let version = ask("import sys; print(*sys.version_info[:2])")?;
    if !is_recent(&version) {
        let (major, minor) = OLDEST;
        return Err(format!(
            "the counterparts need {python} to be Python {major}.{minor} or later, and it is {}",
            version.trim().replace(' ', ".")
        ));
    }
    if ask("import ensurepip, venv").is_err() {
        packages::ensure(workspace, &[&VENV])?;
    }
    Ok(())
}

fn is_recent(version: &str) -> bool {
    let mut numbers = version.split_whitespace().map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= OLDEST,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_versions_of_python_are_told_from_recent_ones() {
        assert!(is_recent("3 11\n") && is_recent("3 14\n") && is_recent("4 0"));
        assert!(!is_recent("3 9\n") && !is_recent("2 12") && !is_recent("3") && !is_recent(""));
    }

    #[test]
    fn an_environment_is_current_while_the_requirements_are_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let requirements = folder.path().join("requirements.txt");
        fs::write(&requirements, "1").unwrap();
        assert!(!is_current(folder.path(), &requirements));
        fs::write(folder.path().join(INSTALLED), "1").unwrap();
        assert!(is_current(folder.path(), &requirements));
        fs::write(&requirements, "2").unwrap();
        assert!(!is_current(folder.path(), &requirements));
    }

    #[test]
    fn all_that_is_required_has_a_hash() {
        let counterparts = Workspace::here().counterparts();
        let mut lists = 0;
        for folder in fs::read_dir(counterparts).unwrap() {
            let list = folder.unwrap().path().join("requirements.txt");
            let Ok(text) = fs::read_to_string(list) else {
                continue;
            };
            lists += 1;
            let text = text.replace("\\\n", " ");
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                assert!(
                    line.contains("==") && line.contains("--hash=sha256:"),
                    "{line}"
                );
            }
        }
        assert!(lists > 0);
    }
}
