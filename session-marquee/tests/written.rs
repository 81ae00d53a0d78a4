//! A session's configuration, written and opened again.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::time::Duration;

use session_core::{Config, SecretSource, SessionHandle, open};
use session_marquee::{Domain, Marquee, MarqueeBuilder, MarqueeEnvironment};

fn environments() -> [MarqueeEnvironment; 3] {
    let own =
        MarqueeEnvironment::custom("own", "https://a.example.com/x", "https://i.example.com/t");
    let own = [
        (Domain::Mds, "https://m.example.com"),
        (Domain::MdsWeb, "https://w.example.com"),
        (Domain::Web, "https://v.example.com"),
    ]
    .into_iter()
    .fold(own, |own, (domain, address)| own?.domain(domain, address));
    [
        MarqueeEnvironment::prod(),
        MarqueeEnvironment::dev().ca_file("/etc/ca.pem"),
        own.unwrap()
            .service("reports", "https://r.example.com")
            .unwrap(),
    ]
}

fn credentials(environment: &MarqueeEnvironment) -> [MarqueeBuilder; 5] {
    let place = || environment.clone();
    let client = || Marquee::client_credentials(place(), "id", SecretSource::file("/secret"));
    [
        client(),
        client().scope("run_analytics"),
        Marquee::token(place(), SecretSource::command(["pass", "a \"b\""])),
        Marquee::gssso(place(), SecretSource::env("S")).csrf_token(SecretSource::env("C")),
        Marquee::marquee_login(place(), SecretSource::env("L")),
    ]
}

fn opened(text: &str) -> SessionHandle {
    let profile = text.strip_prefix("backend = \"marquee\"\n").unwrap();
    open("marquee", Config::from_toml(profile).unwrap()).unwrap()
}

fn written(session: &SessionHandle) -> String {
    Marquee::of(session).unwrap().to_toml().unwrap()
}

#[test]
fn all_that_can_be_built_of_references_opens_as_it_was_written() {
    let limits = [
        Duration::from_nanos(1),
        Duration::from_micros(1500),
        Duration::from_secs(65),
        Duration::MAX,
    ];
    for environment in &environments() {
        for domain in Domain::ALL {
            for (version, activity, limit) in [
                ("v1", false, limits[0]),
                ("", true, limits[1]),
                ("v2", true, limits[2]),
                ("v1", true, limits[3]),
            ] {
                for builder in credentials(environment) {
                    let session = builder
                        .domain(domain)
                        .api_version(version)
                        .activity(activity)
                        .application("a \"b\"", "1")
                        .timeout(limit)
                        .open()
                        .unwrap();
                    let text = written(&session);
                    let again = opened(&text);
                    assert_eq!(written(&again), text);
                    let place = |it: &SessionHandle| it.environment().url(domain.as_str()).cloned();
                    assert_eq!(place(&again), place(&session));
                }
            }
        }
    }
}

#[test]
fn no_limit_of_time_stays_none_and_a_short_one_stays_one() {
    for (limit, line) in [
        (Duration::MAX, "timeout = \"31536000000ms\"\n"),
        (Duration::from_nanos(1), "timeout = \"1ms\"\n"),
    ] {
        let source = SecretSource::env("T");
        let session = Marquee::token(MarqueeEnvironment::prod(), source).timeout(limit);
        let text = written(&session.open().unwrap());
        assert!(text.contains(line), "{text}");
        assert!(written(&opened(&text)).contains(line));
    }
}

#[cfg(feature = "kerberos")]
#[test]
fn a_page_that_takes_a_ticket_of_the_default_cache_is_written_too() {
    let text = "backend = \"marquee\"\nkerberos_login = \"https://sso.example.com/\"\nenvironment = \"QA\"\n";
    assert_eq!(written(&opened(text)), text);
}
