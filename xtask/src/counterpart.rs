//! The real servers that the tests run against; `counterparts/README.md` tells what each is good
//! for.

use std::{
    fmt::Write as _,
    fs::{self, File},
    path::PathBuf,
    process::{Command, Stdio},
};

use crate::{
    Result,
    packages::{self, Package},
    python,
    running::Running,
    workspace::Workspace,
};

const OPENSSL: Package = Package {
    name: "openssl",
    program: "openssl",
};
const PYTHON: Package = Package {
    name: "python3",
    program: "python3",
};
const SQLITE: Package = Package {
    name: "sqlite3",
    program: "sqlite3",
};
const GLEWLWYD: Package = Package {
    name: "glewlwyd",
    program: "glewlwyd",
};
const NGINX: Package = Package {
    name: "nginx",
    program: "nginx",
};
const TINYPROXY: Package = Package {
    name: "tinyproxy-bin",
    program: "tinyproxy",
};
const WEBSOCKETS: Package = Package {
    name: "python3-websockets",
    program: "/usr/lib/python3/dist-packages/websockets/server.py",
};
const KDC: Package = Package {
    name: "krb5-kdc",
    program: "/usr/sbin/krb5kdc",
};
const KADMIN: Package = Package {
    name: "krb5-admin-server",
    program: "/usr/sbin/kadmin.local",
};
const KINIT: Package = Package {
    name: "krb5-user",
    program: "kinit",
};
const K5TLS: Package = Package {
    name: "krb5-k5tls",
    program: "/usr/share/doc/krb5-k5tls/copyright",
};
const APACHE: Package = Package {
    name: "apache2-bin",
    program: "/usr/sbin/apache2",
};
const APACHE_GSSAPI: Package = Package {
    name: "libapache2-mod-auth-gssapi",
    program: "/usr/lib/apache2/modules/mod_auth_gssapi.so",
};
const HEIMDAL: Package = Package {
    name: "libgssapi3-heimdal",
    program: "/usr/share/doc/libgssapi3-heimdal/copyright",
};
const KCM: Package = Package {
    name: "heimdal-kcm",
    program: "kcm",
};
const FAKETIME: Package = Package {
    name: "faketime",
    program: "faketime",
};
const PYTHON_GSSAPI: Package = Package {
    name: "python3-gssapi",
    program: "/usr/lib/python3/dist-packages/gssapi/__init__.py",
};

const SAMBA: Package = Package {
    name: "samba-ad-dc",
    program: "/usr/sbin/samba",
};
const SAMBA_PYTHON: Package = Package {
    name: "python3-samba",
    program: "/usr/lib/python3/dist-packages/samba/__init__.py",
};
const SAMBA_PROVISION: Package = Package {
    name: "samba-ad-provision",
    program: "/usr/share/samba/setup/provision.ldif",
};

/// All there are. Each is a program in the folder of its name that prints one line of JSON when it
/// is ready, and ends when its standard input closes.
pub(crate) const COUNTERPARTS: &[Counterpart] = &[
    Counterpart {
        name: "oidc",
        about: "a certified OAuth 2 and OpenID Connect provider, with scripted failures",
        debian: &[OPENSSL],
        npm: true,
        pip: false,
        program: &["node", "server.mjs", "--exit-on-stdin-close"],
        verification: Some(&["npm", "run", "--silent", "verify"]),
        variable: "SESSION_TEST_OIDC",
        to_try: "token",
    },
    Counterpart {
        name: "glewlwyd",
        about: "a second OpenID provider, which deviates from the standards",
        debian: &[GLEWLWYD, SQLITE, OPENSSL, PYTHON],
        npm: false,
        pip: false,
        program: &["python3", "start.py"],
        verification: None,
        variable: "SESSION_TEST_GLEWLWYD",
        to_try: "token",
    },
    Counterpart {
        name: "kerberos",
        about: "a Kerberos realm, and Apache that authenticates by it",
        debian: &[
            KDC,
            KADMIN,
            KINIT,
            APACHE,
            APACHE_GSSAPI,
            PYTHON_GSSAPI,
            HEIMDAL,
            KCM,
            K5TLS,
            FAKETIME,
            OPENSSL,
            PYTHON,
        ],
        npm: false,
        pip: true,
        program: &["python3", "start.py"],
        verification: None,
        variable: "SESSION_TEST_KERBEROS",
        to_try: "request GET /api/",
    },
    Counterpart {
        name: "samba",
        about: "an Active Directory domain, and servers in it",
        debian: &[
            SAMBA,
            SAMBA_PYTHON,
            SAMBA_PROVISION,
            APACHE,
            APACHE_GSSAPI,
            PYTHON_GSSAPI,
            OPENSSL,
            PYTHON,
        ],
        npm: false,
        pip: false,
        program: &["python3", "start.py"],
        verification: None,
        variable: "SESSION_TEST_SAMBA",
        to_try: "request GET .",
    },
    Counterpart {
        name: "nginx",
        about: "an API and a gateway that fails, a websocket server, a proxy",
        debian: &[NGINX, TINYPROXY, WEBSOCKETS, OPENSSL, PYTHON],
        npm: false,
        pip: false,
        program: &["python3", "start.py"],
        verification: None,
        variable: "SESSION_TEST_NGINX",
        to_try: "token",
    },
    Counterpart {
        name: "gs-quant",
        about: "gs_quant, a client of Marquee's, which does what it is told",
        debian: &[PYTHON],
        npm: false,
        pip: true,
        program: &["python3", "start.py"],
        verification: None,
        variable: "SESSION_TEST_GS_QUANT",
        to_try: "",
    },
];

/// The variable that tells a counterpart's program which Python has its packages.
const PIP_PYTHON: &str = "COUNTERPART_PYTHON";

#[derive(Debug)]
pub(crate) struct Counterpart {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    debian: &'static [Package],
    /// Whether it needs Node, and the packages of its `package-lock.json`.
    npm: bool,
    /// Whether it needs the Python packages of its `requirements.txt`.
    pip: bool,
    program: &'static [&'static str],
    /// What checks that it does what our tests assume.
    verification: Option<&'static [&'static str]>,
    /// The environment variable by which tests find the file with its line of JSON.
    pub(crate) variable: &'static str,
    /// What to try with its profile: arguments of the command `session`. Empty for one that is no server, and has none.
    pub(crate) to_try: &'static str,
}

/// A list of them for people.
pub(crate) fn list() -> String {
    COUNTERPARTS
        .iter()
        .fold("Counterparts:\n\n".to_owned(), |mut list, counterpart| {
            writeln!(list, "    {:10}{}", counterpart.name, counterpart.about)
                .expect("a String takes all");
            list
        })
}

/// Finds one by its name.
pub(crate) fn named(name: &str) -> Result<&'static Counterpart> {
    let found = COUNTERPARTS
        .iter()
        .find(|counterpart| counterpart.name == name);
    found.ok_or_else(|| format!("there is no counterpart `{name}`.\n\n{}", list()))
}

/// Installs what these counterparts need.
///
/// # Errors
///
/// If something is missing and cannot be installed: with what to do.
pub(crate) fn prepare(workspace: &Workspace, counterparts: &[Counterpart]) -> Result {
    let debian: Vec<&Package> = counterparts
        .iter()
        .flat_map(|counterpart| counterpart.debian)
        .collect();
    packages::ensure(workspace, &debian)?;
    for counterpart in counterparts.iter().filter(|counterpart| counterpart.npm) {
        packages::ensure_node(workspace)?;
        packages::ensure_npm(workspace, &counterpart.folder(workspace))?;
    }
    for counterpart in counterparts.iter().filter(|counterpart| counterpart.pip) {
        python::ensure(workspace, &counterpart.folder(workspace))?;
    }
    Ok(())
}

impl Counterpart {
    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    ///
    /// If it ends or hangs before it is ready: with the end of its log.
    pub(crate) fn start(&self, workspace: &Workspace) -> Result<Running> {
        let log = self.log(workspace)?;
        let log_file = File::create(&log)
            .map_err(|error| format!("cannot write {}: {error}", log.display()))?;
        let mut command = self.command(workspace, self.program);
        if self.pip {
            command.env(
                PIP_PYTHON,
                python::program(workspace, &self.folder(workspace))?,
            );
        }
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log_file);
        Running::start(&mut command, &log).map_err(|error| {
            let last = fs::read_to_string(&log).unwrap_or_default();
            format!(
                "the counterpart {} {error}\n{}",
                self.name,
                last_lines(&last, 20)
            )
        })
    }

    /// The command that checks that it does what our tests assume, if it comes with one.
    pub(crate) fn verification(&self, workspace: &Workspace) -> Option<Command> {
        Some(self.command(workspace, self.verification?))
    }

    fn command(&self, workspace: &Workspace, program: &[&str]) -> Command {
        let mut command = workspace.command(program[0]);
        command
            .args(&program[1..])
            .current_dir(self.folder(workspace));
        command
    }

    fn folder(&self, workspace: &Workspace) -> PathBuf {
        workspace.counterparts().join(self.name)
    }

    fn log(&self, workspace: &Workspace) -> Result<PathBuf> {
        let folder = workspace.target()?.join("xtask");
        fs::create_dir_all(&folder)
            .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
        Ok(folder.join(self.name).with_extension("log"))
    }
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_there_and_told_apart() {
        let workspace = Workspace::here();
        for counterpart in COUNTERPARTS {
            assert!(
                counterpart
                    .folder(&workspace)
                    .join(counterpart.program[1])
                    .is_file(),
                "{}",
                counterpart.name
            );
            assert_eq!(
                named(counterpart.name).unwrap().variable,
                counterpart.variable
            );
        }
        assert!(named("keycloak").unwrap_err().contains("glewlwyd"));
    }

    #[test]
    fn of_a_long_log_the_end_is_shown() {
        assert_eq!(last_lines("a\nb\nc\n", 2), "b\nc");
        assert_eq!(last_lines("a", 2), "a");
    }
}
