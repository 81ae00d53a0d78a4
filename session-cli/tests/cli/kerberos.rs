//! Profiles of Kerberos, on a machine that has nothing of it.

use std::fs;

use tempfile::TempDir;

use crate::run::{Ended, run, session};

/// The command where no Kerberos library can be loaded: what is found by their names is none.
fn without_a_library(args: &[&str]) -> Ended {
    let folder = TempDir::new().unwrap();
    for name in ["libgssapi_krb5.so.2", "libgssapi.so.3"] {
        let text = "This is no library.\n".repeat(100);
        fs::write(folder.path().join(name), text).unwrap();
    }
    let profiles = folder.path().join("sessions.toml");
    let profile = "\
[profiles.orders]
backend = \"kerberos\"
keytab = \"orders.keytab\"
environment.api = \"http://127.0.0.1:9/\"
";
    fs::write(&profiles, profile).unwrap();
    let mut command = session(args);
    command.arg("--config").arg(profiles);
    command.env("LD_LIBRARY_PATH", folder.path());
    run(command)
}

#[test]
fn without_a_library_the_package_to_install_is_named() {
    let problem = without_a_library(&["request", "GET", "/"]).failed(2);
    for words in ["no Kerberos library", "`libgssapi-krb5-2`", "`krb5-libs`"] {
        assert!(problem.contains(words), "{problem}");
    }
}

#[test]
fn without_a_library_all_that_needs_none_works() {
    let status = without_a_library(&["status"]).quietly();
    assert!(status.contains("orders   kerberos"), "{status}");
}
