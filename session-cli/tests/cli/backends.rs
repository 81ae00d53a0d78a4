//! `session backends`

use serde_json::{Value, json};

use crate::run::{run, session};

#[test]
fn each_backend_comes_with_its_keys() {
    let shown = run(session(["backends"])).quietly();
    let lines: Vec<_> = shown.lines().collect();
    let at = |start: &str| {
        let found = lines.iter().position(|line| line.starts_with(start));
        found.unwrap_or_else(|| panic!("no line starts with {start:?}: {shown}"))
    };
    assert!(lines[at("oauth")].contains("OAuth 2"));
    assert!(at("mock") < at("oauth"), "sorted by name");
    let columns = |line: usize| lines[line].split_whitespace().take(3).collect::<Vec<_>>();
    assert_eq!(columns(at("oauth") + 1), ["KEY", "KIND", "REQUIRED"]);
    // Other backends have keys of that name too.
    let of_oauth = |key: &str| {
        let found = lines[at("oauth")..]
            .iter()
            .position(|line| line.starts_with(key));
        at("oauth") + found.unwrap_or_else(|| panic!("no {key:?}: {shown}"))
    };
    assert_eq!(
        columns(of_oauth("  client_id ")),
        ["client_id", "text", "yes"]
    );
    assert_eq!(
        columns(of_oauth("  client_secret ")),
        ["client_secret", "secret", "yes"]
    );
    assert!(
        lines[of_oauth("  client_auth ")].ends_with("[client_secret_basic, client_secret_post]")
    );
}

#[test]
fn columns_line_up() {
    let shown = run(session(["backends"])).quietly();
    let tables = shown.split("\n\n").map(|backend| backend.lines().skip(1));
    for mut table in tables {
        let heading = table.next().unwrap();
        let starts: Vec<_> = ["KIND", "WHAT FOR"]
            .map(|column| heading.find(column).unwrap())
            .into();
        for row in table {
            for start in &starts {
                assert_eq!(&row[start - 2..*start], "  ", "{row}");
                assert_ne!(&row[*start..=*start], " ", "{row}");
            }
        }
    }
}

#[test]
fn json_is_for_programs() {
    let printed = run(session(["backends", "--json"])).quietly();
    let backends: Value = serde_json::from_str(&printed).unwrap();
    let named = |list: &Value, name: &str| {
        let list = list.as_array().unwrap();
        list.iter()
            .find(|item| item["name"] == name)
            .unwrap_or_else(|| panic!("no {name}"))
            .clone()
    };
    let keys = named(&backends, "oauth")["keys"].clone();
    let secret = named(&keys, "client_secret");
    assert_eq!(
        (&secret["kind"], &secret["required"]),
        (&json!("secret"), &json!(true))
    );
    assert!(
        secret["documentation"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    );
    assert_eq!(secret["choices"], json!([]));
    assert_eq!(
        named(&keys, "client_auth")["choices"],
        json!(["client_secret_basic", "client_secret_post"])
    );
    assert_eq!(named(&keys, "environment.api")["required"], json!(false));
    assert!(named(&backends, "mock")["summary"].is_string());
}
