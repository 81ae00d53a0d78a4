//! What the environment of the process says changes nothing.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::{env, fs, process::Command};

use support::{header, last, opened, provider};

#[tokio::test]
async fn a_request_has_the_sessions_token() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    client.get("/x").send().await.unwrap();
    assert!(
        header(&last(&provider), "authorization")
            .unwrap()
            .starts_with("Bearer ")
    );
}

#[test]
fn no_netrc_and_no_proxy_of_the_environment_is_taken() {
    let home = tempfile::tempdir().unwrap();
    let netrc = home.path().join(".netrc");
    fs::write(&netrc, "machine 127.0.0.1 login bob password hunter2\n").unwrap();
    let mut test = Command::new(env::current_exe().unwrap());
    test.args(["--exact", "a_request_has_the_sessions_token"]);
    test.env("HOME", home.path()).env("NETRC", &netrc);
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        test.env(name, "http://127.0.0.1:9");
    }
    let output = test.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("1 passed")
    );
}
