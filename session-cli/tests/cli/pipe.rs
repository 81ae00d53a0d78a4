//! Output that nobody reads any more, and output that cannot be written.

use std::{fs::OpenOptions, io::pipe, process::Command};

use http::StatusCode;
use session_kit::mock::{Kind, Outage};

use crate::{
    run::{Ended, run, session},
    scene::Scene,
};

/// Runs it as in `session … | true`.
fn run_unread(mut command: Command) -> Ended {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    command.stdout(writer).stderr(std::process::Stdio::piped());
    // The command still holds its end of the pipe until it is dropped, here.
    let child = command.spawn().unwrap();
    drop(command);
    child.wait_with_output().unwrap().into()
}

#[test]
fn a_closed_pipe_is_no_error() {
    let scene = Scene::new();
    for args in [
        "token",
        "token --json",
        "header",
        "request GET orders",
        "request GET orders -i",
        "status",
        "status --json",
        "backends",
        "backends --json",
    ] {
        let ended = run_unread(scene.session(args));
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{args}");
    }
    for args in [
        "demo",
        "demo --serve",
        "--help",
        "request --help",
        "--version",
    ] {
        let ended = run_unread(session(args.split(' ')));
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{args}");
    }
}

/// As with `| head -1`: the reader goes while there is much left to write.
#[test]
fn a_pipe_that_closes_half_way_ends_the_request() {
    use std::{io::Read as _, process::Stdio};

    let scene = Scene::new();
    scene.provider.fail(Kind::Api, Outage::oversized(1 << 40));
    let mut command = scene.session("request GET orders");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut start = [0; 1];
    child.stdout.take().unwrap().read_exact(&mut start).unwrap();
    let ended = Ended::from(child.wait_with_output().unwrap());
    assert_eq!(
        (&start, ended.code, ended.stderr.as_str()),
        (b"{", Some(0), "")
    );
    assert_eq!(
        scene.provider.count(Kind::Revoke),
        1,
        "the session is closed all the same"
    );
}

#[test]
fn what_nobody_read_is_revoked() {
    let scene = Scene::new();
    run_unread(scene.session("token"));
    run_unread(scene.session("header"));
    assert_eq!(
        (
            scene.provider.count(Kind::Token),
            scene.provider.count(Kind::Revoke)
        ),
        (2, 2)
    );
}

#[test]
fn closed_standard_error_changes_nothing() {
    let scene = Scene::new();
    scene
        .provider
        .fail(Kind::Token, Outage::status(StatusCode::SERVICE_UNAVAILABLE));
    let mut command = scene.session("token -vvv");
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let status = command.stderr(writer).status().unwrap();
    assert_eq!(status.code(), Some(4));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let scene = Scene::new();
    for args in [
        "token",
        "header",
        "request GET orders",
        "status",
        "backends --json",
    ] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = scene.session(args);
        command.stdout(full).stderr(std::process::Stdio::piped());
        let ended = Ended::from(command.spawn().unwrap().wait_with_output().unwrap());
        assert_eq!(ended.code, Some(1), "{args}: {ended:?}");
        assert!(
            ended
                .stderr
                .starts_with("error: standard output cannot be written: "),
            "{ended:?}"
        );
    }
    let quiet = run(scene.session("status")).quietly();
    assert!(quiet.contains("orders"));
}
