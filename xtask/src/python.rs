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

/// What an environment was made from, an interpreter and requirements: it is current while they are the same.
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
    check_python(workspace, python)?;
    let made_from = made_from(workspace, python, options, &requirements)?;
    if is_current(&environment, &made_from) {
        return Ok(());
    }
    // Elsewhere, and put in its place when it is complete: others may be making the same, or be using the one that is there.
    let new = environment.with_extension(format!("new-{}", std::process::id()));
    let outcome = install(workspace, python, options, &requirements, &new).and_then(|()| {
        let noted = fs::write(new.join(INSTALLED), &made_from);
        noted
            .and_then(|()| put(&new, &environment, &made_from))
            .map_err(|error| format!("cannot put packages in {}: {error}", environment.display()))
    });
    // It is there if it was not needed, or is not complete.
    let _ = fs::remove_dir_all(&new);
    outcome
}

fn install(
    workspace: &Workspace,
    python: &str,
    options: &[&str],
    requirements: &Path,
    environment: &Path,
) -> Result {
    run(workspace
        .command(python)
        .args(["-m", "venv", "--clear"])
        .args(options)
        .arg(environment))?;
    let program = python_in(environment);
    // Wheels only: what an install script may do nobody has read.
    run(workspace
        .command(&program.to_string_lossy())
        .args(["-m", "pip", "install", "--quiet", "--no-input", "--no-deps"])
        .args(["--require-hashes", "--only-binary", ":all:"])
        .args(["--disable-pip-version-check", "--requirement"])
        .arg(requirements)
        .stdout(io::stderr()))
}

/// Puts a new environment in its place, from where the one that is there goes; unless that is as good, because somebody else was as quick.
fn put(new: &Path, environment: &Path, made_from: &str) -> io::Result<()> {
    let mut attempts = 0;
    loop {
        match fs::rename(new, environment) {
            Ok(()) => return Ok(()),
            Err(_) if is_current(environment, made_from) => return Ok(()),
            Err(error) if attempts == 3 => return Err(error),
            Err(_) => attempts += 1,
        }
        // By name, so that whoever else is about to do the same does not take away what comes in its place.
        let old = new.with_extension(format!("old-{attempts}"));
        match fs::rename(environment, &old) {
            Ok(()) => fs::remove_dir_all(&old)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
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

/// The interpreter, with its version, and the requirements.
fn made_from(
    workspace: &Workspace,
    python: &str,
    options: &[&str],
    requirements: &Path,
) -> Result<String> {
    let ask = "import os, sys; print(os.path.realpath(sys.executable), sys.version)";
    let interpreter = output(workspace.command(python).args(["-c", ask]))?;
    let requirements = fs::read_to_string(requirements)
        .map_err(|error| format!("cannot read {}: {error}", requirements.display()))?;
    Ok(format!(
        "# {}\n# {options:?}\n{requirements}",
        interpreter.trim().replace('\n', " ")
    ))
}

fn is_current(environment: &Path, made_from: &str) -> bool {
    let installed = fs::read_to_string(environment.join(INSTALLED));
    installed.is_ok_and(|installed| installed == made_from)
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
    fn an_environment_is_current_while_interpreter_and_requirements_are_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let requirements = folder.path().join("requirements.txt");
        let workspace = Workspace::here();
        fs::write(&requirements, "1").unwrap();
        let from = |options: &[&str]| made_from(&workspace, "python3", options, &requirements);
        let first = from(&[]).unwrap();
        assert!(!is_current(folder.path(), &first));
        fs::write(folder.path().join(INSTALLED), &first).unwrap();
        assert!(is_current(folder.path(), &from(&[]).unwrap()));
        assert!(!is_current(folder.path(), &from(&["--other"]).unwrap()));
        let of_another = first.replacen("python", "another-python", 1);
        assert!(!is_current(folder.path(), &of_another));
        fs::write(&requirements, "2").unwrap();
        assert!(!is_current(folder.path(), &from(&[]).unwrap()));
    }

    #[test]
    fn two_that_make_the_same_environment_are_not_in_each_others_way() {
        let folder = tempfile::tempdir().unwrap();
        let environment = folder.path().join("packages");
        let made = |name: &str, from: &str| {
            let new = folder.path().join(name);
            fs::create_dir(&new).unwrap();
            fs::write(new.join(INSTALLED), from).unwrap();
            fs::write(new.join("whose"), name).unwrap();
            put(&new, &environment, from).unwrap();
            fs::read_to_string(environment.join("whose")).unwrap()
        };
        assert_eq!(made("first", "1"), "first");
        assert_eq!(
            made("second", "1"),
            "first",
            "the one that is there is as good"
        );
        assert_eq!(made("third", "2"), "third", "of what was required before");
    }

    #[test]
    fn all_that_is_required_has_a_hash() {
        let workspace = Workspace::here();
        let mut lists = Vec::new();
        for parent in [workspace.counterparts(), workspace.root().join("bench")] {
            let before = lists.len();
            for folder in fs::read_dir(parent).unwrap() {
                let list = folder.unwrap().path().join("requirements.txt");
                lists.extend(fs::read_to_string(list));
            }
            assert!(lists.len() > before);
        }
        for text in lists {
            let text = text.replace("\\\n", " ");
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                assert!(
                    line.contains("==") && line.contains("--hash=sha256:"),
                    "{line}"
                );
            }
        }
    }
}
