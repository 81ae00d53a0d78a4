//! A session's configuration, written and opened again.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::time::Duration;

use proptest::{collection::vec, option, prelude::*};
use session_core::{
    Config, ErrorKind, Proxy, SecretSource, SessionHandle, TlsVersion, Transport, open,
};
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

#[test]
fn a_name_that_no_header_can_have_as_a_text_is_refused_and_not_written_as_none() {
    let builder = || Marquee::token(MarqueeEnvironment::prod(), SecretSource::env("T"));
    for (name, version) in [
        ("café", "1"),
        ("x", "1\u{e9}"),
        ("x", "\u{1f600}"),
        ("", "1"),
    ] {
        let error = builder().application(name, version).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{name} {version}");
    }
    let session = builder().application("a\tb ~", "1").open().unwrap();
    assert!(written(&session).contains("application = \"a\\tb ~\"\n"));
}

/// What no text and no error may have.
const SECRET: &str = "s3cr3t";

/// Any text, with what quotes and escapes are about in it more often than not.
fn any_text() -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..6).prop_map(String::from_iter)
}

/// Each with whether a profile can have it.
fn source() -> impl Strategy<Value = (SecretSource, bool)> {
    let command = vec(any_text(), 0..3);
    prop_oneof![
        4 => "[A-Za-z0-9_]{1,8}".prop_map(|name| (SecretSource::env(name), true)),
        2 => path().prop_map(|path| (SecretSource::file(path), true)),
        2 => command.prop_map(|command| {
            let is_one = !command.is_empty();
            (SecretSource::command(command), is_one)
        }),
        1 => Just((SecretSource::literal(SECRET), false)),
        1 => Just((SecretSource::env("NO NAME"), false)),
    ]
}

fn path() -> impl Strategy<Value = String> {
    any_text().prop_map(|name| format!("/x{}", name.replace('/', "")))
}

fn address() -> impl Strategy<Value = String> {
    ("[a-z]{1,4}", "[a-z0-9/]{0,4}")
        .prop_map(|(host, path)| format!("https://{host}.example/{path}"))
}

fn environment() -> impl Strategy<Value = (MarqueeEnvironment, bool)> {
    let known = prop_oneof![
        Just(MarqueeEnvironment::prod()),
        Just(MarqueeEnvironment::qa()),
        Just(MarqueeEnvironment::dev()),
    ];
    let own = (any_text(), address(), address())
        .prop_map(|(name, api, auth)| MarqueeEnvironment::custom(name, &api, &auth).unwrap());
    let domain = prop::sample::select(&Domain::ALL[..]);
    (
        prop_oneof![known, own],
        vec((domain, address()), 0..3),
        vec((any_text(), address()), 0..3),
        transport(),
    )
        .prop_map(|(environment, domains, services, (transport, is_one))| {
            let mut environment = environment.with_transport(transport);
            for (domain, address) in domains {
                environment = environment.domain(domain, &address).unwrap();
            }
            for (name, address) in services {
                environment = environment.service(&name, &address).unwrap();
            }
            (environment, is_one)
        })
}

fn transport() -> impl Strategy<Value = (Transport, bool)> {
    let files = (option::of(path()), option::of((path(), option::of(path()))));
    let tls = prop::sample::select(&[TlsVersion::Tls12, TlsVersion::Tls13][..]);
    (
        option::weighted(0.3, files),
        option::weighted(0.3, proxy()),
        tls,
        any::<bool>(),
    )
        .prop_map(|(files, proxy, min_tls, http1_only)| {
            let mut transport = Transport::default()
                .with_min_tls(min_tls)
                .with_http1_only(http1_only);
            let (ca_file, client) = files.unwrap_or_default();
            if let Some(file) = ca_file {
                transport = transport.with_ca_file(file);
            }
            if let Some((certificate, key)) = client {
                transport = transport.with_client_certificate(certificate, key);
            }
            match proxy {
                Some((proxy, is_one)) => (transport.with_proxy(proxy), is_one),
                None => (transport, true),
            }
        })
}

fn proxy() -> impl Strategy<Value = (Proxy, bool)> {
    let user = ("[a-z\"\\\\]{1,4}", source());
    let bypass =
        prop::sample::select(&["a.example", "10.0.0.0/8", "192.0.2.1", "fd00::/8", "::1"][..]);
    (
        "[a-z]{1,4}",
        1..=u16::MAX,
        option::of(user),
        vec(bypass, 0..3),
    )
        .prop_map(|(host, port, user, bypass)| {
            let proxy = Proxy::new(&format!("http://{host}.example:{port}")).unwrap();
            let proxy = proxy.with_bypass(bypass).unwrap();
            match user {
                Some((user, (password, is_one))) => {
                    (proxy.with_credentials(user, password).unwrap(), is_one)
                }
                None => (proxy, true),
            }
        })
}

fn credential(environment: MarqueeEnvironment) -> impl Strategy<Value = (MarqueeBuilder, bool)> {
    let place = move || environment.clone();
    let scopes = vec("[!#-\\[\\]-~]{1,4}", 0..3);
    let client = (any_text(), source(), scopes, any::<bool>());
    let (of_client, of_token, of_gssso, of_login) =
        (place.clone(), place.clone(), place.clone(), place);
    let cookie = || (source(), option::of(source()));
    let with_csrf = |builder: MarqueeBuilder, is_one, csrf: Option<(SecretSource, bool)>| match csrf
    {
        Some((csrf, too)) => (builder.csrf_token(csrf), is_one && too),
        None => (builder, is_one),
    };
    prop_oneof![
        client.prop_map(move |(id, (secret, is_one), scopes, by_default)| {
            let client =
                Marquee::client_credentials(of_client(), format!("x{id}"), secret).scopes(scopes);
            if by_default {
                (client, is_one)
            } else {
                (client.without_default_scopes(), false)
            }
        }),
        source().prop_map(move |(token, is_one)| (Marquee::token(of_token(), token), is_one)),
        cookie().prop_map(move |((gssso, is_one), csrf)| {
            with_csrf(Marquee::gssso(of_gssso(), gssso), is_one, csrf)
        }),
        cookie().prop_map(move |((login, is_one), csrf)| {
            with_csrf(Marquee::marquee_login(of_login(), login), is_one, csrf)
        }),
    ]
}

/// Whatever can be built, and whether a profile can have it.
fn session() -> impl Strategy<Value = (SessionHandle, bool)> {
    let header = || prop_oneof![4 => "[ -~]{0,4}", 1 => any_text()];
    let application = option::of((header(), header()));
    let version = option::of(prop::sample::select(&["", "v1", "v2", "1.0-a_b"][..]));
    let limit = prop_oneof![
        Just(Duration::MAX),
        (1..100_000_u64).prop_map(Duration::from_millis),
    ];
    let domain = prop::sample::select(&Domain::ALL[..]);
    let settings = (
        application,
        version,
        domain,
        any::<bool>(),
        option::of(limit),
    );
    let of_environment = |(environment, is_one)| (credential(environment), Just(is_one));
    (environment().prop_flat_map(of_environment), settings).prop_filter_map(
        "its environment has no such domain",
        |(((mut builder, is_one), too), (application, version, domain, activity, limit))| {
            if let Some((name, version)) = application {
                builder = builder.application(format!("x{name}"), format!("1{version}"));
            }
            if let Some(version) = version {
                builder = builder.api_version(version);
            }
            if let Some(limit) = limit {
                builder = builder.timeout(limit);
            }
            let session = builder.domain(domain).activity(activity).open().ok()?;
            Some((session, is_one && too))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_can_be_built_opens_from_what_is_written_as_the_same_and_no_secret_is_written(
        (session, is_one) in session()
    ) {
        let built = Marquee::of(&session).unwrap();
        let text = match built.to_toml() {
            Ok(text) => text,
            Err(error) => {
                prop_assert!(!is_one, "{}", error);
                prop_assert_eq!(error.kind(), ErrorKind::Config);
                let shown = format!("{error} {error:?}");
                prop_assert!(!shown.contains(SECRET));
                return Ok(());
            }
        };
        prop_assert!(is_one, "{}", text);
        prop_assert!(!text.contains(SECRET));
        let again = opened(&text);
        let opened = Marquee::of(&again).unwrap();
        prop_assert_eq!(opened.marquee_environment(), built.marquee_environment());
        let shown = [opened, built].map(|marquee| format!("{marquee:?}"));
        prop_assert_eq!(&shown[0], &shown[1]);
        prop_assert_eq!(opened.to_toml().unwrap(), text);
    }
}
