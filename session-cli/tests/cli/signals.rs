//! Commands that somebody ends.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use session_kit::mock::{Entry, Kind, Outage};

use crate::{
    run::{Ended, PATIENCE, Watchdog, send},
    scene::Scene,
};

fn start(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

#[track_caller]
fn wait_for(scene: &Scene, matches: impl Fn(&Entry) -> bool) {
    let came = scene
        .provider
        .blocking_wait_for(PATIENCE, |log| log.iter().any(&matches));
    assert!(came, "{:?}", scene.provider);
}

#[test]
fn a_request_that_is_ended_revokes_its_token() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let scene = Scene::new();
        scene.provider.fail(Kind::Api, Outage::hang());
        let child = start(scene.session("request GET orders"));
        let _watchdog = Watchdog::over(&child);
        wait_for(&scene, |entry| entry.kind() == Kind::Api);
        send(signal, &child);
        let ended = Ended::from(child.wait_with_output().unwrap());
        assert_eq!(ended.failed(code), "");
        assert_eq!(scene.provider.count(Kind::Revoke), 1);
    }
}

/// As with a pager, from which the next page is not asked for.
#[cfg(target_os = "linux")]
#[test]
fn a_reader_who_pauses_does_not_keep_it_from_ending() {
    use std::io::Write as _;

    let scene = Scene::new();
    let (_reader, mut pipe) = std::io::pipe().unwrap();
    // As much as a pipe takes without being read: see pipe(7).
    pipe.write_all(&vec![0; 1 << 16]).unwrap();
    let mut command = scene.session("request GET orders -v");
    command.stdout(pipe).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let _watchdog = Watchdog::over(&child);
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap().contains("answered")));
    send("-INT", &child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(scene.provider.count(Kind::Revoke), 1);
}

#[test]
fn a_token_that_comes_too_late_to_be_printed_is_revoked() {
    for args in ["token -v", "header -v"] {
        let scene = Scene::new();
        let hold = scene.provider.hold_tokens();
        let mut child = start(scene.session(args));
        let _watchdog = Watchdog::over(&child);
        wait_for(&scene, |entry| entry.kind() == Kind::Token);
        send("-TERM", &child);
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(said.any(|line| line.unwrap().contains("told to end")));
        drop(hold);
        drop(said.map(Result::unwrap).collect::<Vec<_>>());
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            (output.status.code(), &*output.stdout),
            (Some(143), &b""[..])
        );
        assert_eq!(scene.provider.count(Kind::Revoke), 1);
    }
}
