//! `cargo xtask up`: one counterpart, to try things with.

use std::{fmt::Write, path::Path, slice};

use serde_json::{Value, json};

use crate::{
    Result,
    counterpart::{self, Counterpart},
    print, private_file, running,
    workspace::Workspace,
};

/// What of a ready line is worth showing, if it is there.
const SHOWN: &[(&str, &str)] = &[
    ("issuer", "/profile/environment/issuer"),
    ("token endpoint", "/token_endpoint"),
    ("api", "/profile/environment/api"),
    ("principal", "/profile/principal"),
    ("keytab", "/profile/keytab"),
    ("krb5.conf", "/environment/KRB5_CONFIG"),
    ("client id", "/profile/client_id"),
    ("client secret", "/profile/client_secret"),
    ("client auth", "/profile/client_auth"),
    ("CA file", "/profile/environment/ca_file"),
    ("control port", "/control"),
];

/// Starts a counterpart, prints how to reach it, and keeps it up.
pub(crate) fn run(workspace: &Workspace, name: &str, json: bool) -> Result {
    let counterpart = counterpart::named(name)?;
    counterpart::prepare(workspace, slice::from_ref(counterpart))?;
    let running = counterpart.start(workspace)?;
    if json {
        print(&running.ready.to_string());
    } else {
        let config = running.ready_file.with_file_name("sessions.toml");
        let mut files = vec![
            ("all it says", running.ready_file.as_path()),
            ("its log", &running.log),
        ];
        if running.ready["profile"].is_object() {
            private_file::write(&config, &sessions_toml(name, &running.ready)?)?;
            files.push(("profile", config.as_path()));
        }
        print(&summary(counterpart, &running.ready, &files));
    }
    running.wait()
}

/// Its profile by the counterpart's name, and those that have names of their own.
fn sessions_toml(name: &str, ready: &Value) -> Result<String> {
    let mut profiles = ready["profiles"].as_object().cloned().unwrap_or_default();
    profiles.insert(name.to_owned(), ready["profile"].clone());
    let config = json!({ "default": name, "profiles": profiles });
    toml::to_string(&config).map_err(|error| format!("cannot write its profile as TOML: {error}"))
}

fn summary(counterpart: &Counterpart, ready: &Value, files: &[(&str, &Path)]) -> String {
    let said = SHOWN.iter().filter_map(|(label, pointer)| {
        Some((*label, ready.pointer(pointer)?.as_str()?.to_owned()))
    });
    let files = files
        .iter()
        .map(|(label, path)| (*label, path.display().to_string()));
    let rows: Vec<(&str, String)> = said.chain(files).collect();
    let width = rows.iter().map(|(label, _)| label.len()).max().unwrap_or(0);

    let mut text = format!("{}, {}, is up.\n\n", counterpart.name, counterpart.about);
    for (label, value) in &rows {
        writeln!(text, "  {label:width$}  {value}").expect("a String takes all");
    }
    let others = ready["profiles"].as_object();
    if let Some(others) = others.map(|others| others.keys().map(String::as_str).collect::<Vec<_>>())
    {
        let others = others.join(", ");
        writeln!(text, "  {:width$}  {others}", "or -p").expect("a String takes all");
    }
    if let Some(("profile", config)) = rows.last() {
        let to_try = counterpart.to_try;
        text += "\nTry it:\n\n  ";
        for (name, value) in running::environment(ready) {
            write!(text, "{name}={value} ").expect("a String takes all");
        }
        writeln!(
            text,
            "cargo run -p session-cli -- --config {config} {to_try}"
        )
        .expect("a String takes all");
    }
    text + "\nCtrl-C ends it."
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready() -> Value {
        json!({
            "token_endpoint": "https://localhost/token",
            "profile": {
                "backend": "oauth",
                "client_id": "svc",
                "environment": { "issuer": "https://localhost", "ca_file": "/ca.pem" },
                "scopes": ["read"],
            },
        })
    }

    #[test]
    fn the_profile_becomes_a_configuration() {
        let text = sessions_toml("oidc", &ready()).unwrap();
        let read: toml::Table = text.parse().unwrap();
        assert_eq!(read["default"].as_str(), Some("oidc"));
        let profile = &read["profiles"]["oidc"];
        assert_eq!(profile["backend"].as_str(), Some("oauth"));
        assert_eq!(profile["scopes"][0].as_str(), Some("read"));
        assert_eq!(profile["environment"]["ca_file"].as_str(), Some("/ca.pem"));
    }

    #[test]
    fn more_profiles_have_names_of_their_own() {
        let mut ready = ready();
        ready["profiles"] = json!({ "password": { "password": { "file": "/x/password" } } });
        let text = sessions_toml("kerberos", &ready).unwrap();
        let read: toml::Table = text.parse().unwrap();
        assert_eq!(read["default"].as_str(), Some("kerberos"));
        let password = &read["profiles"]["password"]["password"];
        assert_eq!(password["file"].as_str(), Some("/x/password"));
        assert_eq!(
            read["profiles"]["kerberos"]["client_id"].as_str(),
            Some("svc")
        );
    }

    #[test]
    fn the_summary_shows_what_there_is_aligned() {
        let counterpart = counterpart::named("oidc").unwrap();
        let text = summary(
            counterpart,
            &ready(),
            &[("profile", Path::new("/x/sessions.toml"))],
        );
        assert!(
            text.contains("\n  issuer          https://localhost\n"),
            "{text}"
        );
        assert!(
            text.contains("\n  token endpoint  https://localhost/token\n"),
            "{text}"
        );
        assert!(
            text.contains("\n  profile         /x/sessions.toml\n"),
            "{text}"
        );
        assert!(text.contains("--config /x/sessions.toml token"), "{text}");
        assert!(!text.contains("control port"), "{text}");
    }

    #[test]
    fn what_programs_need_in_their_environment_is_shown_with_what_to_try() {
        let counterpart = counterpart::named("kerberos").unwrap();
        let ready = json!({ "environment": { "KRB5_CONFIG": "/x/krb5.conf" } });
        let files = [("profile", Path::new("/x/sessions.toml"))];
        let text = summary(counterpart, &ready, &files);
        assert!(
            text.contains("\n  KRB5_CONFIG=/x/krb5.conf cargo run"),
            "{text}"
        );
        assert!(text.contains("sessions.toml request GET /api/\n"), "{text}");
    }
}
