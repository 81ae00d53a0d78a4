//! Building programs in a workspace of their own.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

/// A workspace copied out of a folder of `tests/`, so that it depends on our crates as any other does.
///
/// It builds with our lock file and without the network, into a target folder of its own: whoever runs us may hold the
/// lock of ours.
pub(crate) struct Outside(PathBuf);

impl Outside {
    /// Copies `tests/NAME`, and makes its paths to our crates absolute.
    pub(crate) fn new(name: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        copy_folder(&root.join("tests").join(name), &copy);
        let manifest = copy.join("Cargo.toml");
        let text = fs::read_to_string(&manifest).unwrap();
        let root_in_toml = root.display().to_string().replace('\\', "/");
        let absolute = text.replace("path = \"../..", &format!("path = \"{root_in_toml}"));
        fs::write(&manifest, absolute).unwrap();
        fs::copy(root.join("Cargo.lock"), copy.join("Cargo.lock")).unwrap();
        Self(copy)
    }

    /// Where it is.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.0.join(file)
    }

    /// Builds its libraries, binaries, examples and integration tests in this profile.
    pub(crate) fn build(&self, profile: &str) -> Built {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .current_dir(&self.0)
            .args([
                "build",
                "--quiet",
                "--offline",
                "--workspace",
                "--profile",
                profile,
            ])
            .args(["--lib", "--bins", "--examples", "--test", "*"])
            .args(["--message-format", "json-render-diagnostics"])
            .args([
                "--target-dir",
                concat!(env!("CARGO_TARGET_TMPDIR"), "/outside"),
            ])
            .stdin(Stdio::null())
            .stderr(Stdio::inherit());
        // What cargo told us about our own package: build scripts would run again because of it.
        for (name, _) in env::vars_os().filter(|(name, _)| is_about_package(name)) {
            command.env_remove(name);
        }
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "`{command:?}` failed: {}",
            output.status
        );
        let lines = output.stdout.split(|byte| *byte == b'\n');
        let messages = lines.filter(|line| !line.is_empty());
        Built(
            messages
                .map(|line| serde_json::from_slice(line).unwrap())
                .collect(),
        )
    }
}

/// What was built: cargo's messages.
pub(crate) struct Built(Vec<Value>);

impl Built {
    /// What a `bin`, `example` or `test` became, which is a program, or a `staticlib`.
    pub(crate) fn file(&self, kind: &str, name: &str) -> PathBuf {
        let is_it = |message: &&Value| {
            message["reason"] == "compiler-artifact"
                && message["target"]["name"] == name
                && message["target"]["kind"][0] == kind
        };
        let message = self.0.iter().find(is_it);
        let file = message.and_then(|message| message["filenames"][0].as_str());
        file.unwrap_or_else(|| panic!("no {kind} {name} was built"))
            .into()
    }
}

/// The output of a program that succeeds.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let [said, complained] =
        [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(
        output.status.success(),
        "`{command:?}`: {}\n{said}{complained}",
        output.status
    );
    said
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (source, name) = entry
            .map(|entry| (entry.path(), entry.file_name()))
            .unwrap();
        let target = to.join(&name);
        if source.is_dir() {
            // One that was built in its place left these behind.
            if name != "target" {
                copy_folder(&source, &target);
            }
        } else if name != "Cargo.lock"
            && fs::read(&source).unwrap() != fs::read(&target).unwrap_or_default()
        {
            // Only what changed, so that cargo builds only that.
            fs::copy(&source, &target).unwrap();
        }
    }
}

fn is_about_package(variable: &OsStr) -> bool {
    let name = variable.to_string_lossy();
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}
