//! The realm that `cargo xtask bench` has started.

use std::{
    env,
    ffi::CString,
    fs::{self, File},
    process::{Command, Stdio},
};

use serde_json::Value;
use session_core::{BasicEnvironment, SessionHandle};
use session_kerberos::Kerberos;

use crate::runner::Result;

/// The service that all tokens are for.
pub(crate) const SERVICE: &str = "HTTP@localhost";

pub(crate) struct Realm(Value);

impl Realm {
    pub(crate) fn of_environment() -> Result<Self> {
        let path = env::var("SESSION_TEST_KERBEROS")
            .map_err(|_| "there is no realm; run `cargo xtask bench kerberos`, which starts one")?;
        let text =
            fs::read_to_string(&path).map_err(|error| format!("cannot read {path}: {error}"))?;
        serde_json::from_str(&text)
            .map(Self)
            .map_err(|error| format!("{path} does not describe a realm: {error}"))
    }

    pub(crate) fn text(&self, pointer: &str) -> &str {
        let value = self.0.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_default()
    }

    /// Leaves a ticket in the default cache, a file, for peers that know no other.
    pub(crate) fn log_in(&self) -> Result<()> {
        let mut kinit = Command::new("kinit");
        kinit.args(["-k", "-t", self.text("/keytabs/svc"), "svc"]);
        said(&mut kinit).map(drop)
    }

    /// That default cache.
    pub(crate) fn cache(&self) -> CString {
        let name = format!("FILE:{}/default.ccache", self.text("/dir"));
        CString::new(name).expect("a folder has no NUL in its name")
    }

    /// The realm's krb5.conf, to be touched.
    pub(crate) fn configuration(&self) -> Result<File> {
        let files = self.text("/environment/KRB5_CONFIG");
        let path = files.split(':').next().unwrap_or_default();
        let file = File::options().append(true).open(path);
        file.map_err(|error| format!("cannot open {path}: {error}"))
    }

    /// Apache's place where each request needs a token.
    pub(crate) fn api(&self) -> String {
        format!("{}/api/", self.text("/http"))
    }

    /// Somebody with a keytab, who has got tickets.
    pub(crate) async fn session(&self) -> SessionHandle {
        let environment = BasicEnvironment::new("bench").service("api", &self.api());
        let session = Kerberos::keytab(self.text("/keytabs/svc"))
            .environment(environment.expect("loopback is allowed without encryption"))
            .open()
            .expect("the configuration is right");
        session.init().await.expect("the realm gives tickets");
        session
    }

    /// Who is measured, as far as no lock file tells.
    pub(crate) fn description() -> String {
        let version = |program: &str, argument: &str| {
            let text = said(Command::new(program).arg(argument)).unwrap_or_default();
            text.lines().next().unwrap_or_default().to_owned()
        };
        let python = said(Command::new(python()).args([
            "-c",
            "from importlib.metadata import version as v; print(', '.join(f'{n} {v(n)}' for n in ['requests-gssapi', 'requests', 'gssapi']))",
        ]));
        format!(
            "MIT's KDC and library ({}); {}; {}; Python with {}.",
            version("krb5-config", "--version"),
            version("/usr/sbin/apache2", "-v"),
            version("curl", "--version")
                .split(" (")
                .next()
                .unwrap_or_default(),
            python.unwrap_or_default().trim(),
        )
    }
}

/// Python with the packages of `requirements.txt`.
pub(crate) fn python() -> String {
    env::var("SESSION_BENCH_REQUESTS_GSSAPI").unwrap_or_else(|_| "python3".to_owned())
}

/// What a program prints, if it succeeds.
pub(crate) fn said(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot run {program}: {error}"))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("{program} failed: {}\n{complaint}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
