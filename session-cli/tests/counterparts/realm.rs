//! The realm, and profiles for it.

use std::{
    fs,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::golden::named;

/// A realm, as its line of JSON describes it, and a folder for profiles.
pub(crate) struct Realm {
    ready: Value,
    folder: TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Realm {
    pub(crate) fn new() -> Self {
        const ADVICE: &str = "run `cargo xtask test`, which starts it";
        let Ok(path) = std::env::var("SESSION_TEST_KERBEROS") else {
            panic!("SESSION_TEST_KERBEROS does not say where the realm is; {ADVICE}");
        };
        Self {
            ready: serde_json::from_slice(&fs::read(path).unwrap()).unwrap(),
            folder: TempDir::new().unwrap(),
        }
    }

    pub(crate) fn text(&self, pointer: &str) -> &str {
        let value = self.ready.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_else(|| panic!("the realm does not tell {pointer}"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes one of its own profiles, under the name `p`, with lines added to the profile and parts replaced.
    pub(crate) fn configure(&self, name: &str, more: &str, replaced: &[(&str, &str)]) {
        let lines = self.lines(&format!("/profiles/{name}"));
        let mut text = format!("[profiles.p]\n{more}\n{lines}");
        for (part, other) in replaced {
            assert!(text.contains(part), "{part} in {text}");
            text = text.replace(part, other);
        }
        fs::write(self.path("sessions.toml"), text).unwrap();
    }

    /// Writes all of its own profiles, as `cargo xtask up` does.
    pub(crate) fn configure_as_up(&self) {
        let others = ["ccache", "keytab", "password"].map(|name| {
            let lines = self.lines(&format!("/profiles/{name}"));
            format!("[profiles.{name}]\n{lines}")
        });
        let default = self.lines("/profile");
        let text = format!(
            "default = \"kerberos\"\n[profiles.kerberos]\n{default}{}",
            others.concat()
        );
        fs::write(self.path("sessions.toml"), text).unwrap();
    }

    /// A profile as lines of TOML.
    fn lines(&self, pointer: &str) -> String {
        let profile = self.ready.pointer(pointer).and_then(Value::as_object);
        // A value of JSON is one of TOML; only tables are written in another way.
        let line = |(key, value): (&String, &Value)| match value {
            Value::Object(table) => {
                let parts = table.iter().map(|(key, value)| format!("{key} = {value}"));
                format!("{key} = {{ {} }}\n", parts.collect::<Vec<_>>().join(", "))
            }
            value => format!("{key} = {value}\n"),
        };
        let lines: Vec<_> = profile.unwrap().iter().map(line).collect();
        lines.concat()
    }

    /// The command with what was configured; `args` are separated by spaces.
    pub(crate) fn session(&self, args: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_session"));
        command
            .args(args.split_whitespace())
            .arg("--config")
            .arg(self.path("sessions.toml"))
            .env("KRB5_CONFIG", self.text("/environment/KRB5_CONFIG"))
            .env_remove("KRB5CCNAME")
            .env_remove("SESSION_CONFIG")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: &str) -> Ended {
        run(self.session(args))
    }

    /// What was printed, with what differs from run to run named.
    pub(crate) fn told(&self, ended: &Ended) -> String {
        let folder = format!("{}/", self.folder.path().display());
        let https = self.text("/https").to_owned();
        let configuration = self.text("/environment/KRB5_CONFIG").replace(':', ", ");
        let parts = [
            (configuration.as_str(), "CONFIGURATION"),
            (self.text("/dir"), "REALM"),
            (folder.as_str(), "DIR/"),
            (https.as_str(), "HTTPS"),
        ];
        let told = named(&ended.stdout, &parts);
        let library = |line: &str| {
            let found = ["MIT krb5 ", "Heimdal "]
                .iter()
                .find_map(|maker| line.split_once(maker));
            match found {
                Some((start, version)) if version.starts_with(|c: char| c.is_ascii_digit()) => {
                    format!("{start}LIBRARY\n")
                }
                _ => format!("{line}\n"),
            }
        };
        told.lines().map(library).collect()
    }

    /// A copy of the cache that the realm comes with, whose tickets have expired a day ago.
    pub(crate) fn expired_cache(&self) -> String {
        const DAY: u32 = 24 * 60 * 60;
        let cache = self.text("/profiles/ccache/ccache");
        let mut bytes = fs::read(cache.strip_prefix("FILE:").unwrap()).unwrap();
        let number =
            |bytes: &[u8], at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        // A ticket's times: authenticated, starts, ends, can be renewed until. The first two are the same.
        let is_ticket = |bytes: &[u8], at: usize| {
            let [first, second, third] = [0, 4, 8].map(|offset| number(bytes, at + offset));
            let life = third.checked_sub(second);
            first == second
                && first > 1_500_000_000
                && life.is_some_and(|life| (1..=DAY).contains(&life))
        };
        let found: Vec<usize> = (0..bytes.len() - 16)
            .filter(|at| is_ticket(&bytes, *at))
            .collect();
        assert!(!found.is_empty(), "no ticket is in the cache");
        for at in found {
            for offset in [0, 4, 8, 12] {
                let past = number(&bytes, at + offset) - 8 * DAY;
                bytes[at + offset..at + offset + 4].copy_from_slice(&past.to_be_bytes());
            }
        }
        let path = self.path("expired");
        // With the permissions of a cache, for Heimdal's library looks at them.
        fs::copy(cache.strip_prefix("FILE:").unwrap(), &path).unwrap();
        fs::write(&path, bytes).unwrap();
        format!("FILE:{}", path.display())
    }

    /// Logs the principal in, into this cache.
    pub(crate) fn kinit(&self, cache: &str, principal: &str) {
        let mut kinit = Command::new("kinit")
            .args(["-c", cache, principal])
            .env("KRB5_CONFIG", self.text("/environment/KRB5_CONFIG"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let password = self.text(&format!("/passwords/{principal}"));
        writeln!(kinit.stdin.take().unwrap(), "{password}").unwrap();
        assert!(kinit.wait().unwrap().success());
    }

    /// A folder that has files by the names of Kerberos libraries, which are none.
    pub(crate) fn folder_without_libraries(&self) -> PathBuf {
        let folder = self.path("lib");
        fs::create_dir(&folder).unwrap();
        for name in ["libgssapi_krb5.so.2", "libgssapi.so.3"] {
            fs::write(folder.join(name), "This is no library.\n".repeat(100)).unwrap();
        }
        folder
    }
}

pub(crate) fn run(mut command: Command) -> Ended {
    let output = command.output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
