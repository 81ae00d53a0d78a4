//! Backends are found by the name under which they registered.
#![forbid(unsafe_code)]

use async_trait::async_trait;
use session_core::{
    Backend, BasicEnvironment, Config, Credential, Environment, ErrorKind, Key, Result, Session,
    backends, link, open, register_backend,
};

register_backend! {
    /// Registered by its crate.
    pub static ACME: Backend = Backend::new(
        "acme",
        "keys of the Acme Corporation",
        &[Key::text("key", "the key").required()],
        probe,
    );
}

register_backend! {
    static BABEL: Backend = Backend::new("babel", "for tests", &[], |_| Err(session_core::Error::new(ErrorKind::Config, "babel refuses")));
}

register_backend! {
    static TWIN: Backend = Backend::new("twin", "for tests", &[], probe);
}

register_backend! {
    static OTHER_TWIN: Backend = Backend::new("twin", "for tests", &[], probe);
}

/// Known only to who links it.
static QUIET: Backend = Backend::new("quiet", "for tests", &[], probe);

static LINKED: &[&Backend] = &[&QUIET, &ACME];

#[derive(Debug)]
struct Probe(BasicEnvironment);

#[async_trait]
impl Session for Probe {
    fn scheme(&self) -> &'static str {
        "probe"
    }

    fn environment(&self) -> &dyn Environment {
        &self.0
    }

    async fn init(&self) -> Result<Credential> {
        Ok(Credential::bearer("t"))
    }
}

fn probe(config: &Config) -> Result<Box<dyn Session>> {
    Ok(Box::new(Probe(config.environment()?)))
}

fn names() -> Vec<&'static str> {
    backends().map(Backend::name).collect()
}

/// All tests in one process see the same registry: each links what it needs, and never less is linked.
fn link_quiet() {
    link(LINKED, &["oauth", "quiet"]);
}

#[test]
fn a_registered_backend_opens_by_name() {
    let session = open("acme", [("key", "k"), ("environment.name", "qa")]).unwrap();
    assert_eq!(session.environment().name(), "qa");
    assert_eq!(session.name(), "probe");
    assert_eq!(ACME.open([("key", "k")]).unwrap().name(), "probe");
}

#[test]
fn its_configuration_is_checked() {
    let error = open("acme", Config::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "configuration of `acme`: `key`: is missing; add it (the key)"
    );
}

#[test]
fn what_the_backend_refuses_is_told() {
    assert_eq!(
        open("babel", Config::new()).unwrap_err().to_string(),
        "babel refuses"
    );
}

#[test]
fn each_is_listed_once_by_name() {
    link_quiet();
    link_quiet();
    assert_eq!(names(), ["acme", "babel", "quiet", "twin", "twin"]);
}

#[test]
fn a_linked_backend_opens_by_name() {
    link_quiet();
    assert_eq!(
        open("quiet", Config::new()).unwrap().environment().name(),
        "default"
    );
}

#[test]
fn an_unknown_backend_names_the_linked_ones() {
    link_quiet();
    for (name, expected) in [
        (
            "kerberos",
            "there is no backend `kerberos`; linked are acme, babel, quiet, twin; link the backend's crate: by its feature of session-kit, or by `use its_crate as _;`",
        ),
        (
            "oauth",
            "there is no backend `oauth`; linked are acme, babel, quiet, twin; enable the feature `oauth` of session-kit",
        ),
        (
            "Acme",
            "there is no backend `Acme`; linked are acme, babel, quiet, twin; did you mean `acme`?",
        ),
        (
            "oath",
            "there is no backend `oath`; linked are acme, babel, quiet, twin; did you mean `oauth`?",
        ),
        (
            "not a name",
            "there is no backend (not shown, as it does not look like a name); linked are acme, babel, quiet, twin; link the backend's crate: by its feature of session-kit, or by `use its_crate as _;`",
        ),
    ] {
        let error = open(name, Config::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownBackend);
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_name_that_two_have_opens_neither() {
    let error = open("twin", Config::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(
        error.to_string(),
        "two linked backends are named `twin`; link only one of their crates"
    );
}

#[test]
fn debug_shows_the_name() {
    assert_eq!(
        format!("{BABEL:?} {TWIN:?} {OTHER_TWIN:?}"),
        "Backend(babel) Backend(twin) Backend(twin)"
    );
}
