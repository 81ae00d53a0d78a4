//! What is wrong, and what an error says about it: the table in the crate's documentation.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use session_core::{BasicEnvironment, Error, SecretSource};
use session_kerberos::{Delegation, Kerberos, KerberosBuilder};

use crate::{
    gate::{Conduct, Gate},
    kdc_message,
    libraries::{HEIMDAL, MIT},
    realm::{Cache, Realm, request},
    scripted::Scripted,
};

/// What this program is told to do when it is started by this test, with which library, and where to write what came of it.
const CASE: &str = "SESSION_TEST_CASE";
const LIBRARY: &str = "SESSION_TEST_LIBRARY";
const OUTCOME: &str = "SESSION_TEST_OUTCOME";

#[tokio::test]
async fn whatever_is_wrong_the_error_has_the_kind_and_the_remedy_of_the_documentation() {
    if let Ok(case) = std::env::var(CASE) {
        let [library, outcome] = [LIBRARY, OUTCOME].map(|name| std::env::var(name).unwrap());
        return std::fs::write(outcome, told(&error(&case, &library).await)).unwrap();
    }
    let table = table();
    assert!(table.len() > 20, "{table:?}");
    let mut wrong = Vec::new();
    for (case, kind, remedy) in table {
        let (case, libraries) = match case.split_once(", by ") {
            None => (case, &[MIT, HEIMDAL][..]),
            Some((case, "MIT's library")) => (case, &[MIT][..]),
            Some((case, "Heimdal's library")) => (case, &[HEIMDAL][..]),
            Some(_) => panic!("the documentation has a library that is not tried: {case}"),
        };
        for library in libraries {
            let outcome = if let Some(outcome) = elsewhere(case, library) {
                outcome
            } else {
                told(&error(case, library).await)
            };
            let (found, text) = outcome.split_once('\n').unwrap();
            if found != kind || !text.contains(remedy) {
                wrong.push(format!("{case}, {library}: {found}: {text}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn told(error: &Error) -> String {
    format!("{:?}\n{error}", error.kind())
}

/// The rows: what is wrong, the kind, and what the error says.
fn table() -> Vec<(&'static str, &'static str, &'static str)> {
    let manual = include_str!("../../src/lib.rs");
    let (_, section) = manual.split_once("//! # Errors").unwrap();
    let (section, _) = section.split_once("//! # ").unwrap();
    let rows = section
        .lines()
        .filter_map(|line| line.strip_prefix("//! | "));
    rows.skip(1)
        .map(|row| {
            let mut cells = row.trim_end_matches(" |").split(" | ");
            let mut next = || cells.next().unwrap();
            (next(), next().trim_matches('`'), next())
        })
        .collect()
}

/// What comes of a case that needs a process of its own, for the library reads its configuration from the environment.
fn elsewhere(case: &str, library: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    let environments = match case {
        "there is no default realm" => vec![("KRB5_CONFIG", file("krb5.conf", ""))],
        "krb5.conf is damaged" => vec![("KRB5_CONFIG", file("krb5.conf", "[libdefaults"))],
        "the default cache is empty or damaged" => [("empty", ""), ("damaged", "x")]
            .map(|(name, content)| ("KRB5CCNAME", format!("FILE:{}", file(name, content))))
            .into(),
        "no daemon keeps the cache" => {
            let nowhere = "[libdefaults]\nkcm_socket = /nonexistent/socket\n";
            vec![("KRB5_CONFIG", file("krb5.conf", nowhere))]
        }
        "there is no library" => {
            for name in ["libgssapi_krb5.so.2", "libgssapi.so.3"] {
                file(name, "no library");
            }
            vec![("LD_LIBRARY_PATH", folder.path().display().to_string())]
        }
        _ => return None,
    };
    let outcomes = environments.into_iter().map(|(name, value)| {
        let outcome = folder.path().join("outcome");
        let test = "remedies::whatever_is_wrong_the_error_has_the_kind_and_the_remedy_of_the_documentation";
        let done = Command::new(std::env::current_exe().unwrap())
            .args([test, "--exact"])
            .env(name, value)
            .env(CASE, case)
            .env(LIBRARY, library)
            .env(OUTCOME, &outcome)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(done.status.success(), "{case}: {done:?}");
        std::fs::read_to_string(outcome).unwrap()
    });
    let mut outcomes: Vec<_> = outcomes.collect();
    let last = outcomes.pop().unwrap();
    for outcome in outcomes {
        let kind = |outcome: &str| outcome.lines().next().map(str::to_owned);
        assert_eq!(kind(&outcome), kind(&last), "{outcome}");
    }
    Some(last)
}

/// What a session fails with in this case.
async fn error(case: &str, library: &str) -> Error {
    let init = async |builder: KerberosBuilder| init(builder.library(library)).await;
    let literal = |text: &str| SecretSource::literal(text);
    // Some are without the realm's configuration.
    match case {
        "the default cache is empty or damaged" => return init(Kerberos::default_cache()).await,
        "there is no default realm" | "krb5.conf is damaged" => {
            return init(Kerberos::password("a", literal("x"))).await;
        }
        // Neither of those that are looked for.
        "there is no library" => return self::init(Kerberos::keytab("/x.keytab")).await,
        "no daemon keeps the cache" => return init(Kerberos::ccache("KCM:1")).await,
        _ => {}
    }
    let realm = Realm::shared();
    let by_password = |principal: &str| realm.by_password(principal);
    let by_cache = |cache: &Cache| realm.by_cache(&cache.name);
    let builder = match case {
        "there is no cache" => by_cache(&Cache::new()),
        "the cache is another principal's" => {
            return init(by_cache(&realm.kinit("alice")).principal("bob")).await;
        }
        "the default cache is another principal's" => {
            realm.log_alice_in();
            Kerberos::default_cache().principal("bob")
        }
        "the cache is empty" => return init(by_cache(&Cache::holding(b""))).await,
        "the cache is damaged" => return init(by_cache(&Cache::holding(b"x"))).await,
        "the ticket has expired" => {
            let cache = realm.kinit("shorty");
            until_expired(&cache).await;
            return init(by_cache(&cache)).await;
        }
        "there is no keytab" => Kerberos::keytab("/nonexistent/x.keytab"),
        "the keytab does not have the principal" => realm.by_keytab("svc").principal("alice"),
        "the keytab is stale" => realm.by_keytab("svcstale"),
        "the password is wrong" => Kerberos::password("bob", literal("wrong")),
        "the realm does not know the principal" => Kerberos::password("nobody", literal("wrong")),
        "the password has expired" => by_password("pwexp"),
        "the principal is locked" => by_password("locked"),
        "the principal has expired" => by_password("princexp"),
        "the KDC is down" => Kerberos::password("alice@DOWN.TEST", literal("x")),
        "the KDC is silent" => Kerberos::password("alice@SILENT.TEST", literal("x"))
            .kdc_timeout(Duration::from_millis(50)),
        "the KDC has a problem" => {
            const GENERIC: u8 = 60;
            let gate = Gate::take();
            gate.set(Conduct::Says(kdc_message::error(GENERIC, "no database")));
            return init(gate.by_keytab()).await;
        }
        "the KDC is none" => {
            let gate = Gate::take();
            gate.set(Conduct::Says(b"HTTP/1.1 400 Bad Request".to_vec()));
            return init(gate.by_password()).await;
        }
        "the realm is empty" => Kerberos::password("alice@", literal("x")),
        "the realm is unknown" => Kerberos::password("alice@NOWHERE.TEST", literal("x")),
        _ => return error_of_a_request(case, library).await,
    };
    init(builder).await
}

/// The same, where it authenticates.
async fn error_of_a_request(case: &str, library: &str) -> Error {
    let realm = Realm::shared();
    let svc = || realm.by_keytab("svc");
    let (builder, service, path) = match case {
        "the realm does not know the service" => {
            (svc().spn("HTTP@unknown.example.test"), "api", "")
        }
        "clocks differ" => {
            let ahead = realm.text("/ahead/bound");
            let environment = BasicEnvironment::new("ahead").service("api", ahead);
            let environment = environment.unwrap().ca_file(realm.text("/ca_pem"));
            (svc().environment(environment), "api", "")
        }
        "the ticket cannot be delegated" => {
            let carol = realm.by_password("carol").delegation(Delegation::On);
            (carol, "root", "delegated/")
        }
        "the server's keytab is stale" => (svc().spn("HTTP@stale.example.test"), "api", ""),
        "the server has no key" => (svc().spn("HTTP@nokey.example.test"), "api", ""),
        "the server does not prove who it is" => (svc(), "root", "open.json"),
        "the proof is not the server's" => {
            let forged = "200 OK\r\nwww-authenticate: Negotiate bm9uZQ==\r\n";
            let server = Scripted::start(|_, _| Some(forged.to_owned()));
            let environment = BasicEnvironment::new("scripted").service("api", &server.url());
            (
                svc()
                    .environment(environment.unwrap())
                    .spn("HTTP@localhost"),
                "api",
                "",
            )
        }
        _ => panic!("the documentation has a case that is not tried: {case}"),
    };
    let session = builder.library(library).open().unwrap();
    session.init().await.unwrap();
    request(&session, service, path).await.unwrap_err()
}

async fn init(builder: KerberosBuilder) -> Error {
    match builder.open() {
        Ok(session) => session.init().await.unwrap_err(),
        Err(error) => error,
    }
}

/// By the real clock, which is the only one that `klist` knows.
async fn until_expired(cache: &Cache) {
    let is_good = || {
        let klist = Command::new("klist")
            .args(["-s", "-c", &cache.name])
            .status();
        klist.unwrap().success()
    };
    while is_good() {
        tokio::task::yield_now().await;
    }
}
