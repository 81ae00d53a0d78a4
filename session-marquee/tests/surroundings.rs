//! What the environment of the process says changes nothing, but for which authorities the system trusts.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::{
    env, fs,
    io::ErrorKind as Io,
    net::TcpListener,
    path::Path,
    process::{Command, Output},
};

use serde_json::{Value, json};
use session_core::{ErrorKind, Secret, SessionHandle};
use session_marquee::{Client, Marquee, MarqueeEnvironment, blocking};
use session_mock::{Kind, Provider};
use support::{header, requests};

/// Tells a test that it runs within its own surroundings, and what is where.
const SCENE: &str = "SESSION_TEST_SCENE";

/// A name that no resolver knows (RFC 6761 §6.4): only who is asked to resolve it by a proxy would.
const ELSEWHERE: &str = "https://marquee.session.invalid";

/// One that lets in who has this token.
fn marquee(encrypted: bool) -> Provider {
    let site = session_mock::Marquee::new();
    site.accept_token("ext-token");
    let builder = Provider::builder().site(site);
    let builder = if encrypted {
        builder.tls(["localhost"])
    } else {
        builder
    };
    builder.start().unwrap()
}

/// Where a provider is, and how to authenticate there.
fn told(provider: &Provider) -> Value {
    json!({
        "api": provider.api().as_str(),
        "auth": provider.token_endpoint().as_str(),
        "id": provider.client_id(),
        "secret": provider.client_secret(),
    })
}

/// This test again, in surroundings of its own.
fn again(name: &str, scene: &Value, variables: &[(&str, &str)]) -> Output {
    let mut again = Command::new(env::current_exe().unwrap());
    again.args([name, "--exact"]).env(SCENE, scene.to_string());
    again.envs(variables.iter().copied()).output().unwrap()
}

fn assert_passed(output: &Output) {
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("1 passed; 0 failed"), "{text}");
}

fn environment(place: &Value) -> MarqueeEnvironment {
    let [api, auth] = ["api", "auth"].map(|name| place[name].as_str().unwrap());
    MarqueeEnvironment::custom("test", api, auth).unwrap()
}

fn application(place: &Value, environment: MarqueeEnvironment) -> SessionHandle {
    let [id, secret] = ["id", "secret"].map(|name| place[name].as_str().unwrap());
    let session = Marquee::client_credentials(environment, id, secret);
    session.activity(true).open().unwrap()
}

fn with_token(environment: MarqueeEnvironment) -> SessionHandle {
    let session = Marquee::token(environment, Secret::new("ext-token"));
    session.open().unwrap()
}

/// All ways in which a session sends something.
async fn send_all(session: &SessionHandle) {
    session.init().await.unwrap();
    let client = Client::new(session);
    client.get("/x").send().await.unwrap();
    blocking::Client::new(session).get("/x").send().unwrap();
    #[cfg(feature = "websocket")]
    client.websocket("/stream").connect().await.unwrap();
}

/// What an `init` or a request comes to that must reach nobody.
async fn problem(session: &SessionHandle) -> ErrorKind {
    if let Err(error) = session.init().await {
        return error.kind();
    }
    let error = Client::new(session).get("/x").send().await.unwrap_err();
    let blocked = blocking::Client::new(session).get("/x").send();
    assert_eq!(blocked.unwrap_err().kind(), error.kind());
    error.kind()
}

/// Runs itself again, where a proxy wants all requests, a netrc has a password for all hosts, and Python and OpenSSL are told to trust
/// an impostor.
#[test]
fn no_netrc_and_no_proxy_of_the_environment_is_taken() {
    const NAME: &str = "no_netrc_and_no_proxy_of_the_environment_is_taken";
    if let Ok(scene) = env::var(SCENE) {
        return among_proxies(&serde_json::from_str(&scene).unwrap());
    }
    let [encrypted, plain, impostor] = [true, false, true].map(marquee);
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let ca_file = write("ca.pem", encrypted.authority().unwrap());
    let other = write("impostor.pem", impostor.authority().unwrap());
    let netrc =
        "machine 127.0.0.1 login bob password hunter2\ndefault login bob password hunter2\n";
    let netrc = write(".netrc", netrc);
    // Who connects waits in its queue, and is counted in the end.
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());

    let scene = json!({
        "encrypted": told(&encrypted), "plain": told(&plain), "impostor": told(&impostor), "ca_file": ca_file,
    });
    let mut variables = vec![
        ("HOME", folder.path().to_str().unwrap()),
        ("NETRC", &netrc),
        ("REQUESTS_CA_BUNDLE", &other),
        ("CURL_CA_BUNDLE", &other),
        ("SSL_CERT_FILE", &other),
        ("NO_PROXY", "elsewhere.example"),
        ("no_proxy", "elsewhere.example"),
    ];
    for name in [
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
    ] {
        variables.push((name, &address));
    }
    let output = again(NAME, &scene, &variables);

    // First of all: what went to the proxy is the reason for whatever else went wrong.
    proxy.set_nonblocking(true).unwrap();
    assert_eq!(proxy.accept().unwrap_err().kind(), Io::WouldBlock);
    assert_passed(&output);
    assert!(impostor.log().is_empty(), "{:?}", impostor.log());
    for provider in [&encrypted, &plain] {
        for entry in requests(provider, Kind::Token) {
            assert_eq!(header(&entry, "authorization"), None);
        }
        let asked = requests(provider, Kind::Api);
        assert!(asked.len() > 5, "{asked:?}");
        for entry in asked {
            let sent = header(&entry, "authorization").unwrap();
            assert!(sent.starts_with("Bearer "), "{sent}");
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn among_proxies(scene: &Value) {
    let ca_file = Path::new(scene["ca_file"].as_str().unwrap());
    let encrypted = || environment(&scene["encrypted"]).ca_file(ca_file);
    for session in [
        application(&scene["encrypted"], encrypted()),
        application(&scene["plain"], environment(&scene["plain"])),
        with_token(encrypted()),
        with_token(environment(&scene["plain"])),
    ] {
        send_all(&session).await;
    }
    let impostor = || environment(&scene["impostor"]).ca_file(ca_file);
    let elsewhere = || MarqueeEnvironment::custom("test", ELSEWHERE, ELSEWHERE).unwrap();
    for (environment, expected) in [
        (impostor(), ErrorKind::Config),
        (elsewhere(), ErrorKind::Unavailable),
    ] {
        let application = application(&scene["impostor"], environment.clone());
        assert_eq!(problem(&application).await, expected);
        assert_eq!(problem(&with_token(environment)).await, expected);
    }
}

/// Runs itself again, where OpenSSL is told to trust one, and Python another.
#[test]
fn without_a_ca_file_the_system_is_believed_as_ssl_cert_file_has_it_and_requests_ca_bundle_is_not()
{
    const NAME: &str = "without_a_ca_file_the_system_is_believed_as_ssl_cert_file_has_it_and_requests_ca_bundle_is_not";
    if let Ok(scene) = env::var(SCENE) {
        return among_authorities(&serde_json::from_str(&scene).unwrap());
    }
    let [trusted, impostor] = [true, true].map(marquee);
    let folder = tempfile::tempdir().unwrap();
    let [system, python] =
        [("system.pem", &trusted), ("python.pem", &impostor)].map(|(name, of)| {
            let path = folder.path().join(name);
            fs::write(&path, of.authority().unwrap()).unwrap();
            path.to_str().unwrap().to_owned()
        });
    let scene = json!({ "trusted": told(&trusted), "impostor": told(&impostor) });
    let variables = [
        ("SSL_CERT_FILE", &*system),
        ("REQUESTS_CA_BUNDLE", &*python),
        ("CURL_CA_BUNDLE", &*python),
    ];
    let output = again(NAME, &scene, &variables);
    assert_passed(&output);
    assert!(impostor.log().is_empty(), "{:?}", impostor.log());
    assert!(!trusted.log().is_empty());
}

#[tokio::main(flavor = "current_thread")]
async fn among_authorities(scene: &Value) {
    let [trusted, impostor] = ["trusted", "impostor"].map(|name| &scene[name]);
    send_all(&application(trusted, environment(trusted))).await;
    let application = application(impostor, environment(impostor));
    assert_eq!(problem(&application).await, ErrorKind::Config);
    let token = with_token(environment(impostor));
    assert_eq!(problem(&token).await, ErrorKind::Config);
}
