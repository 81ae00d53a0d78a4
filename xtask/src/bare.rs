//! `cargo xtask bare`: builds and runs the command on a Debian that has nothing of Kerberos, neither headers nor a library.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    Result,
    packages::{self, Package, is_on_path, is_root},
    progress,
    workspace::{Workspace, output, run as run_command},
};

const DEBOOTSTRAP: Package = Package {
    name: "debootstrap",
    program: "/usr/sbin/debootstrap",
};

/// A compiler and linker for C, which Rust and its cryptography need, and nothing else.
const INCLUDED: &str = "--include=gcc,libc6-dev";

/// The packages with the library, and those that belong to it.
const LIBRARY: &[&str] = &["libgssapi-krb5-2", "libkrb5-3", "libkrb5support0"];

/// Enters it with folders of ours in their places, for as long as the process lives: the mounts are in a namespace of their own.
const ENTER: &str = r#"
set -e
root=$1; shift
while [ "$1" != -- ]; do
    mkdir -p "$root$1"
    mount --bind "$1" "$root$1"
    shift
done
shift
exec chroot "$root" "$@"
"#;

const PROFILE: &str = r#"
[profiles.orders]
backend = "kerberos"
keytab = "/etc/orders.keytab"
environment.api = "https://api.example.com/"
"#;

/// What it must say there, and the code that it must end with.
const REMEDY: &[&str] = &[
    "this machine has no Kerberos library",
    "package `libgssapi-krb5-2` on Debian",
];
const WRONG_CONFIGURATION: i32 = 2;

/// Why it cannot be done here.
pub(crate) fn obstacle() -> Option<&'static str> {
    if !is_on_path("apt-get") || !Path::new("/etc/debian_version").exists() {
        Some("needs Debian: its packages make the bare one")
    } else if !is_root().unwrap_or(false) {
        Some("needs root, for debootstrap and chroot: sudo cargo xtask bare")
    } else {
        None
    }
}

/// # Errors
///
/// If it cannot be made, or the command is not built there, or does not say what is missing.
pub(crate) fn run(workspace: &Workspace) -> Result {
    if let Some(obstacle) = obstacle() {
        return Err(obstacle.to_owned());
    }
    packages::ensure(workspace, &[&DEBOOTSTRAP])?;
    let bare = Bare::make(workspace)?;
    bare.check("usr/include")?;
    bare.build(workspace)?;
    bare.purge(workspace)?;
    bare.check("usr/lib")?;
    bare.try_out()
}

/// A Debian in a folder, which goes with it.
struct Bare(PathBuf);

impl Bare {
    fn make(workspace: &Workspace) -> Result<Self> {
        let folder = workspace.target()?.join("xtask/bare");
        let bare = Self(folder);
        bare.remove()?;
        let mut debootstrap = workspace.command("debootstrap");
        debootstrap.args(["--variant=minbase", INCLUDED, &suite()?]);
        debootstrap.arg(&bare.0).arg(mirror(workspace)?);
        run_command(debootstrap.stdout(Stdio::null()))?;
        Ok(bare)
    }

    /// What is there must not be what is said to be missing.
    fn check(&self, folder: &str) -> Result {
        match found(&self.0.join(folder), &["krb5", "gssapi"]) {
            Some(found) => Err(format!(
                "there is {}: it shows nothing about a machine without",
                found.display()
            )),
            None => Ok(()),
        }
    }

    /// Takes the library away, which the C library's own headers bring along for network services of old.
    fn purge(&self, workspace: &Workspace) -> Result {
        let mut command = workspace.command("chroot");
        command
            .arg(&self.0)
            .args(["dpkg", "--purge", "--force-depends"]);
        command.args(LIBRARY).stdout(Stdio::null());
        run_command(&mut command)
    }

    /// Builds the command in there, from what cargo has fetched out here.
    fn build(&self, workspace: &Workspace) -> Result {
        run_command(&mut workspace.cargo("fetch --locked"))?;
        let toolchain = output(workspace.command("rustc").args(["--print", "sysroot"]))?;
        let toolchain = toolchain.trim();
        let cargo_home = cargo_home()?;
        let mut command = workspace.command("unshare");
        command
            .args(["--mount", "sh", "-c", ENTER, "sh"])
            .arg(&self.0);
        // The compiler finds its own libraries by `/proc`.
        let folders = [Path::new("/proc"), Path::new(toolchain), &cargo_home];
        command.args(folders).arg(workspace.root());
        command.args(["--", "env", "--ignore-environment", "HOME=/root"]);
        command.arg(format!("PATH={toolchain}/bin:/usr/bin:/bin"));
        command.arg(format!("CARGO_HOME={}", cargo_home.display()));
        command.args(["CARGO_TARGET_DIR=/root/target", "CARGO_INCREMENTAL=0"]);
        command.args(["CARGO_PROFILE_DEV_DEBUG=0", "cargo", "build"]);
        command.args(["--offline", "--locked", "--package", "session-cli"]);
        command.arg("--manifest-path");
        command.arg(workspace.root().join("Cargo.toml"));
        run_command(&mut command)
    }

    fn try_out(&self) -> Result {
        let profiles = self.0.join("root/sessions.toml");
        fs::write(&profiles, PROFILE)
            .map_err(|error| format!("cannot write {}: {error}", profiles.display()))?;
        let mut command = Command::new("chroot");
        command.arg(&self.0).arg("/root/target/debug/session");
        command.args(["--config", "/root/sessions.toml", "request", "GET", "/"]);
        let done = command
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("cannot run the command there: {error}"))?;
        let said = String::from_utf8_lossy(&done.stderr);
        progress(&format!("there it says: {said}"));
        judge(done.status.code(), &said)
    }

    fn remove(&self) -> Result {
        match fs::remove_dir_all(&self.0) {
            Err(error) if self.0.exists() => {
                Err(format!("cannot remove {}: {error}", self.0.display()))
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        // What is left is removed the next time.
        let _ = self.remove();
    }
}

fn judge(code: Option<i32>, said: &str) -> Result {
    let missing = REMEDY.iter().find(|words| !said.contains(*words));
    match missing {
        None if code == Some(WRONG_CONFIGURATION) => Ok(()),
        None => Err(format!(
            "it ends with {code:?} rather than {WRONG_CONFIGURATION}: {said}"
        )),
        Some(words) => Err(format!("it does not say `{words}`, but: {said}")),
    }
}

/// This machine's own: a program that was built against its C library runs there.
fn suite() -> Result<String> {
    let release = fs::read_to_string("/etc/os-release")
        .map_err(|error| format!("cannot read /etc/os-release: {error}"))?;
    codename(&release).ok_or_else(|| "/etc/os-release has no VERSION_CODENAME".to_owned())
}

fn codename(release: &str) -> Option<String> {
    let mut lines = release.lines();
    let name = lines.find_map(|line| line.strip_prefix("VERSION_CODENAME="))?;
    Some(name.trim_matches('"').to_owned())
}

/// Where this machine gets its own packages of that suite from.
fn mirror(workspace: &Workspace) -> Result<String> {
    let mut targets = workspace.command("apt-get");
    targets.args(["indextargets", "--format", "$(SITE) $(RELEASE)"]);
    let known = output(targets.arg("Created-By: Packages"))?;
    let suite = suite()?;
    site(&known, &suite).ok_or_else(|| format!("apt has no source of {suite}"))
}

fn site(known: &str, suite: &str) -> Option<String> {
    let sites = known.lines().filter_map(|line| line.split_once(' '));
    let mut sites = sites.filter(|(_, release)| *release == suite);
    sites.next().map(|(site, _)| site.to_owned())
}

fn cargo_home() -> Result<PathBuf> {
    let own = env::var_os("CARGO_HOME").map(PathBuf::from);
    let usual = || Some(PathBuf::from(env::var_os("HOME")?).join(".cargo"));
    own.or_else(usual)
        .ok_or_else(|| "there is neither CARGO_HOME nor HOME".to_owned())
}

/// A file below the folder whose name has one of these in it.
fn found(folder: &Path, parts: &[&str]) -> Option<PathBuf> {
    fs::read_dir(folder).ok()?.flatten().find_map(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if parts.iter().any(|part| name.contains(part)) {
            return Some(entry.path());
        }
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        is_folder.then(|| found(&entry.path(), parts)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_is_the_one_that_has_this_machines_suite() {
        let release = "ID=debian\nVERSION_CODENAME=bookworm\nVERSION_ID=\"12\"\n";
        assert_eq!(codename(release).as_deref(), Some("bookworm"));
        assert_eq!(codename("ID=arch\n"), None);
        let known = "http://a.example/other nodistro\nhttp://b.example/debian bookworm-updates\nhttp://b.example/debian bookworm\n";
        assert_eq!(
            site(known, "bookworm").as_deref(),
            Some("http://b.example/debian")
        );
        assert_eq!(site(known, "trixie"), None);
    }

    #[test]
    fn the_command_must_name_the_package_and_end_so() {
        let said = REMEDY.join("; install MIT's: ");
        assert_eq!(judge(Some(2), &said), Ok(()));
        assert!(judge(Some(1), &said).is_err());
        assert!(judge(Some(2), REMEDY[0]).unwrap_err().contains(REMEDY[1]));
    }

    #[test]
    fn what_is_there_is_found_however_deep() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("lib/x");
        fs::create_dir_all(&deep).unwrap();
        assert_eq!(found(folder.path(), &["krb5"]), None);
        let file = deep.join("libkrb5.so.3");
        fs::write(&file, "").unwrap();
        assert_eq!(found(folder.path(), &["gssapi", "krb5"]), Some(file));
    }
}
