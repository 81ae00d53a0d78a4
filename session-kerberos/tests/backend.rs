//! What can be configured.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::time::Duration;

use session_core::{Config, ErrorKind, SecretSource, Session as _, SessionHandle};
use session_kerberos::{KERBEROS, Kerberos};

fn open(toml: &str) -> session_core::Result<SessionHandle> {
    session_core::open(KERBEROS.name(), Config::from_toml(toml).unwrap())
}

#[test]
fn every_key_is_taken() {
    for credential in [
        "",
        "ccache = 'FILE:/tmp/krb5cc_1000'",
        "keytab = 'orders.keytab'",
        "keytab = 'FILE:/etc/orders.keytab'",
        "password = { env = 'PASSWORD' }",
    ] {
        for more in [
            "spn = 'HTTP@front.example.com'\nmutual = 'required'\ndelegation = 'off'",
            "spn = { 'api.example.com' = 'HTTP/x@EXAMPLE.COM' }\nmutual = 'if-present'\ndelegation = 'policy'",
            "channel_bindings = 'off'\nmutual = 'off'\ndelegation = 'on'\nkdc_timeout = '5s'\nlibrary = 'libgssapi.so.3'",
        ] {
            let environment = "environment.api = 'https://api.example.com/'";
            let toml =
                format!("principal = 'orders@EXAMPLE.COM'\n{credential}\n{more}\n{environment}");
            let session = open(&toml).unwrap();
            assert_eq!(session.name(), "kerberos");
            let api = session.environment().url("api").unwrap();
            assert_eq!(api.as_str(), "https://api.example.com/");
        }
    }
}

#[test]
fn what_does_not_go_together_is_an_error_that_says_so() {
    for (toml, words) in [
        (
            "ccache = 'KCM:'\nkeytab = 'x'",
            "`ccache`: the credential comes from one place",
        ),
        (
            "keytab = 'x'\npassword = 'y'\nprincipal = 'z'",
            "`keytab`: the credential comes from one place",
        ),
        ("password = 'hunter2'", "`principal`"),
        ("keytab = 'FILE:orders.keytab'", "followed by a whole path"),
        (
            "mutual = 'maybe'",
            r#"one of "required", "if-present", "off""#,
        ),
        (
            "spn = 'front'",
            "line 1: `spn`: the name is `front`, which is no service",
        ),
        (
            "spn = { 'a.example.com' = '@b' }",
            "line 1: `spn`: the name of `a.example.com` is `@b`",
        ),
        ("\nkdc_timeout = '0s'", "line 2: `kdc_timeout`: it is zero"),
        ("principal = ''", "line 1: `principal`: the name is empty"),
        ("principal = '@A'", "line 1: `principal`: the name is empty"),
        (
            "principal = 'a@'",
            "line 1: `principal`: the realm is empty",
        ),
        (
            r"principal = 'a\@b@'",
            "line 1: `principal`: the realm is empty",
        ),
    ] {
        let error = open(toml).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        let text = error.to_string();
        assert!(text.contains(words), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn what_a_builder_refuses() {
    for (builder, words) in [
        (
            Kerberos::default_cache().principal(""),
            "`principal`: the name is empty",
        ),
        (
            Kerberos::password("alice@", SecretSource::literal("hunter2")),
            "`principal`: the realm is empty",
        ),
        (Kerberos::default_cache().spn("front"), "is no service"),
        (
            Kerberos::default_cache().kdc_timeout(Duration::ZERO),
            "`kdc_timeout`: it is zero",
        ),
        (
            Kerberos::default_cache().api("http://api.example.com/"),
            "unencrypted",
        ),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn debug_shows_no_password() {
    let builder = Kerberos::password("alice", SecretSource::literal("hunter2"));
    assert!(!format!("{builder:?}").contains("hunter2"));
    let session = builder.build().unwrap();
    assert!(!format!("{session:?}").contains("hunter2"));
    assert_eq!(session.scheme(), "kerberos");
}
