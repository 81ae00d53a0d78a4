//! `session header`

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use session_kit::mock::Kind;
use url::Url;

use crate::scene::Scene;

/// The status line of an answer to a request with these header lines, sent as curl would.
fn status_with(headers: &str, url: &Url) -> String {
    let address = url.socket_addrs(|| None).unwrap();
    let mut connection = TcpStream::connect(&*address).unwrap();
    let headers = headers.replace('\n', "\r\n");
    write!(
        connection,
        "GET {} HTTP/1.1\r\nHost: api\r\nConnection: close\r\n{headers}\r\n",
        url.path()
    )
    .unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn lines_are_headers_that_authorize() {
    let scene = Scene::new();
    let printed = scene.run("header").quietly();
    assert_eq!(
        printed,
        format!("Authorization: Bearer {}\n", scene.token())
    );
    let url = scene.provider.api().join("orders").unwrap();
    assert_eq!(status_with("", &url), "HTTP/1.1 401 Unauthorized");
    assert_eq!(status_with(&printed, &url), "HTTP/1.1 200 OK");
    assert_eq!(scene.provider.count(Kind::Revoke), 0);
}

#[test]
fn a_url_of_the_environment_is_allowed() {
    let scene = Scene::new();
    let elsewhere = scene.provider.api().join("/elsewhere?x=1").unwrap();
    let printed = scene.run(&format!("header --url {elsewhere}")).quietly();
    assert!(printed.starts_with("Authorization: Bearer "), "{printed}");
}

#[test]
fn nothing_is_printed_for_other_places() {
    let scene = Scene::new();
    for (url, hint) in [
        (
            "https://api.example.com/orders",
            "none of the environment's services",
        ),
        ("http://api.example.com/orders", "not encrypted"),
    ] {
        let problem = scene.run(&format!("header --url {url}")).failed(2);
        assert!(problem.contains(hint), "{problem}");
    }
    assert_eq!(
        scene.provider.log().len(),
        0,
        "nothing is asked for in vain"
    );
}

#[test]
fn without_an_api_it_must_be_said_where_to() {
    let scene = Scene::new();
    scene.configure("[profiles.a]\nbackend = \"mock\"\n");
    let problem = scene.run("header").failed(2);
    assert!(problem.contains("`--url`"), "{problem}");
}
