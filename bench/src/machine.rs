//! What it was measured on, and what was measured.

use std::{fs, process::Command, thread, time::SystemTime};

/// What the figures depend on most.
const PACKAGES: &[&str] = &[
    "arc-swap",
    "azure_core",
    "azure_identity",
    "bytes",
    "google-cloud-auth",
    "http",
    "libgssapi",
    "oauth2",
    "object_store",
    "reqwest",
    "session-core",
    "session-kerberos",
    "tokio",
];

const LOCK: &str = include_str!("../Cargo.lock");

/// The machine, the compiler, the date and the versions, as a list.
pub(crate) fn description() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown");
    let cores = thread::available_parallelism().map_or(0, usize::from);
    format!(
        "- {}, {cores} cores, {}; load when it began: {load}\n- {}\n- {}\n- {}\n",
        processor(),
        std::env::consts::OS,
        compiler(),
        today(),
        versions(LOCK).join(", "),
    )
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let name = line.and_then(|line| line.split_once(": "));
    name.map_or("unknown processor", |(_, name)| name)
        .to_owned()
}

fn compiler() -> String {
    let output = Command::new("rustc").arg("--version").output();
    let version = output
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok());
    version.map_or("unknown compiler".to_owned(), |version| {
        version.trim().to_owned()
    })
}

fn today() -> String {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    now.chars()
        .take_while(|character| *character != 'T')
        .collect()
}

fn versions(lock: &str) -> Vec<String> {
    let lock: toml::Table = lock.parse().expect("cargo writes a lock file");
    let packages = lock["package"]
        .as_array()
        .expect("a lock file lists packages");
    let text =
        |package: &toml::Value, key: &str| package[key].as_str().unwrap_or_default().to_owned();
    let mut versions: Vec<_> = packages
        .iter()
        .map(|package| (text(package, "name"), text(package, "version")))
        .filter(|(name, _)| PACKAGES.contains(&name.as_str()))
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    versions.dedup();
    versions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_packages_have_a_version() {
        let versions = versions(LOCK);
        for name in PACKAGES {
            let has = |version: &String| version.starts_with(&format!("{name} "));
            assert!(versions.iter().any(has), "{name}");
        }
    }
}
