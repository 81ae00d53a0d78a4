//! The examples run, and say what they are there to show.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{env, fs, path::Path, process::Command};

use serde_json::Value;

/// The examples, and lines of what each prints.
const EXAMPLES: &[(&str, &[&str])] = &[
    (
        "custom_backend",
        &[r#"SessionHandle { name: "api-key", environment: "default", state: Open }"#],
    ),
    ("global", &["token requests: 1", "revocations: 1"]),
    (
        "marquee",
        &[
            "the session is guid:guid-1",
            "2 more cities",
            "1 more cities",
            "Authorization: true",
        ],
    ),
    (
        "scoped",
        &[
            "prod: 200 OK",
            "qa: 200 OK",
            "unasked: Err(NoSession)",
            "afterwards: prod is closed",
        ],
    ),
    (
        "select_by_feature",
        &[
            "linked: kerberos, Kerberos 5 by SPNEGO: a credential cache, a keytab or a password",
            "linked: marquee, Goldman Sachs Marquee: a client, a token, or a cookie",
            "linked: oauth, OAuth 2 and OpenID Connect providers: the client credentials grant",
            "UnknownBackend: there is no backend `smoke-signals`; linked are kerberos, marquee, mock, oauth; \
             link the backend's crate: by its feature of session-kit, or by `use its_crate as _;`",
        ],
    ),
];

/// Needs a realm, such as `cargo xtask test` starts.
const OF_A_REALM: &str = "kerberos";

/// Runs as a test: cargo builds no program of it then.
const TEST: &str = "mock_in_a_unit_test";

#[test]
fn all_examples_run() {
    for (name, expected) in EXAMPLES {
        let said = run(name);
        for line in *expected {
            assert!(
                said.lines().any(|said| said == *line),
                "{name} does not say {line:?}:\n{said}"
            );
        }
    }
}

#[test]
fn no_example_is_left_out() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut there: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_owned())
        .collect();
    there.sort();
    let mut known: Vec<_> = EXAMPLES.iter().map(|(name, _)| *name).collect();
    known.extend([OF_A_REALM, TEST]);
    known.sort_unstable();
    assert_eq!(there, known);
}

#[test]
fn the_example_of_kerberos_gets_an_answer_where_there_is_a_realm() {
    let Some(ready) = env::var_os("SESSION_TEST_KERBEROS") else {
        let command = program(OF_A_REALM)
            .env("SESSION_CONFIG", "nowhere.toml")
            .output();
        let complaint = String::from_utf8(command.unwrap().stderr).unwrap();
        assert!(complaint.contains("there is no such file"), "{complaint}");
        return;
    };
    let ready: Value = serde_json::from_slice(&fs::read(ready).unwrap()).unwrap();
    let text = |pointer: &str| ready.pointer(pointer).and_then(Value::as_str).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let profiles = folder.path().join("sessions.toml");
    let profile = format!(
        "[profiles.keytab]\nbackend = \"kerberos\"\nkeytab = {:?}\n\
         [profiles.keytab.environment]\napi = {:?}\nca_file = {:?}\n",
        text("/profile/keytab"),
        text("/profile/environment/api"),
        text("/ca_pem"),
    );
    fs::write(&profiles, profile).unwrap();
    let mut command = program(OF_A_REALM);
    command
        .env("SESSION_CONFIG", &profiles)
        .env("KRB5_CONFIG", text("/environment/KRB5_CONFIG"));
    let said = said(OF_A_REALM, &mut command);
    assert_eq!(said, "{\"user\":\"svc@EXAMPLE.TEST\"}\n\n");
}

/// What the example prints.
fn run(name: &str) -> String {
    said(name, &mut program(name))
}

/// The example. Cargo builds examples with the tests, beside the folder that we are in.
fn program(name: &str) -> Command {
    let us = env::current_exe().unwrap();
    let built = us.ancestors().nth(2).unwrap().join("examples").join(name);
    Command::new(built.with_extension(env::consts::EXE_EXTENSION))
}

fn said(name: &str, command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{name}: {error}; `cargo test` without `--test` builds it"));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{name}: {}\n{complaint}",
        output.status
    );
    String::from_utf8(output.stdout).unwrap()
}
