//! What the realm tells of itself.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
    sync::OnceLock,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use session_core::{BasicEnvironment, Config, Error, SecretSource, SessionHandle};
use session_http::Client;
use session_kerberos::{Kerberos, KerberosBuilder};
use tempfile::TempDir;

/// A realm, as its line of JSON describes it.
pub(crate) struct Realm(Value);

/// A credential cache in a file that is removed in the end.
pub(crate) struct Cache {
    pub(crate) name: String,
    _folder: TempDir,
}

impl Realm {
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Realm> = OnceLock::new();
        SHARED.get_or_init(|| Self::find("SESSION_TEST_KERBEROS"))
    }

    /// The domain that is Active Directory's.
    pub(crate) fn active_directory() -> Self {
        Self::find("SESSION_TEST_SAMBA")
    }

    fn find(variable: &str) -> Self {
        const ADVICE: &str = "run `cargo xtask test`, which starts it";
        let Ok(path) = std::env::var(variable) else {
            panic!("{variable} does not say where the realm is; {ADVICE}");
        };
        let realm = Self(serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap());
        let own = realm.text("/environment/KRB5_CONFIG");
        let configured = std::env::var("KRB5_CONFIG").unwrap_or_default();
        assert!(
            configured.contains(own),
            "KRB5_CONFIG has not that of {path}; {ADVICE}"
        );
        realm
    }

    pub(crate) fn text(&self, pointer: &str) -> &str {
        let value = self.0.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_else(|| panic!("the realm does not tell {pointer}"))
    }

    pub(crate) fn value(&self, pointer: &str) -> &Value {
        let value = self.0.pointer(pointer);
        value.unwrap_or_else(|| panic!("the realm does not tell {pointer}"))
    }

    /// What programs need to change the database of a realm.
    pub(crate) fn administration(&self) -> impl Iterator<Item = (&str, &str)> {
        let variables = self.0["administration"].as_object().unwrap();
        variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
    }

    pub(crate) fn short_lifetime(&self) -> u64 {
        self.0["short_lifetime"].as_u64().unwrap()
    }

    pub(crate) fn folder(&self) -> &Path {
        Path::new(self.text("/dir"))
    }

    /// Apache over https, its place `/api/` the service `api`; the server that wants channel bindings the service `bound`.
    pub(crate) fn environment(&self) -> BasicEnvironment {
        BasicEnvironment::new("loopback")
            .service("api", &format!("{}/api/", self.text("/https")))
            .and_then(|it| it.service("root", &format!("{}/", self.text("/https"))))
            .and_then(|it| it.service("plain", &format!("{}/", self.text("/http"))))
            .and_then(|it| it.service("http2", &format!("{}/", self.text("/http2"))))
            .and_then(|it| it.service("bound", &format!("{}/", self.text("/bound"))))
            .unwrap()
            .ca_file(self.text("/ca_pem"))
    }

    pub(crate) fn password(&self, principal: &str) -> SecretSource {
        SecretSource::literal(self.text(&format!("/passwords/{principal}")))
    }

    pub(crate) fn by_password(&self, principal: &str) -> KerberosBuilder {
        Kerberos::password(principal, self.password(principal)).environment(self.environment())
    }

    pub(crate) fn by_keytab(&self, name: &str) -> KerberosBuilder {
        Kerberos::keytab(self.text(&format!("/keytabs/{name}"))).environment(self.environment())
    }

    pub(crate) fn by_cache(&self, name: &str) -> KerberosBuilder {
        Kerberos::ccache(name).environment(self.environment())
    }

    /// A cache with the principal's ticket, as `kinit` makes it.
    pub(crate) fn kinit(&self, principal: &str) -> Cache {
        let cache = Cache::new();
        self.kinit_into(&cache.name, principal);
        cache
    }

    pub(crate) fn kinit_into(&self, cache: &str, principal: &str) {
        Self::kinit_with_password(
            cache,
            principal,
            self.text(&format!("/passwords/{principal}")),
        );
    }

    pub(crate) fn kinit_with_password(cache: &str, principal: &str, password: &str) {
        let mut kinit = Command::new("kinit")
            .args(["-c", cache, principal])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        writeln!(kinit.stdin.take().unwrap(), "{password}").unwrap();
        assert!(kinit.wait().unwrap().success());
    }

    /// What `kinit` with these arguments and the principal's password makes, where that is the default cache.
    pub(crate) fn kinit_default(&self, cache: &str, principal: &str, arguments: &[&str]) {
        assert!(self.has_kinit_in(cache, principal, arguments));
    }

    /// The same, where that may fail.
    pub(crate) fn has_kinit_in(&self, cache: &str, principal: &str, arguments: &[&str]) -> bool {
        let mut kinit = Command::new("kinit")
            .args(arguments)
            .arg(principal)
            .env("KRB5CCNAME", cache)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let password = self.text(&format!("/passwords/{principal}"));
        writeln!(kinit.stdin.take().unwrap(), "{password}").unwrap();
        kinit.wait().unwrap().success()
    }

    /// Has the realm and the keytab forget a service's keys for new ones.
    pub(crate) fn give_new_keys(&self, service: &str, keytab: &Path) {
        let keytab = keytab.display();
        for command in [
            format!("ktadd -k {keytab} {service}"),
            format!("ktremove -k {keytab} {service} old"),
        ] {
            let done = Command::new("kadmin.local")
                .args(["-r", self.text("/realm"), "-q", &command])
                .env("KRB5_KDC_PROFILE", self.folder().join("kdc.conf"))
                .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
                .output()
                .unwrap();
            assert!(done.status.success(), "{done:?}");
        }
    }

    /// Leaves a ticket of `alice` in the default cache, for whoever looks there.
    pub(crate) fn log_alice_in(&self) {
        static LOGGED_IN: OnceLock<()> = OnceLock::new();
        LOGGED_IN.get_or_init(|| {
            let cache = format!("FILE:{}", self.folder().join("default.ccache").display());
            self.kinit_into(&cache, "alice");
        });
    }

    /// The certificate that all its servers have (DER).
    pub(crate) fn certificate(&self) -> Vec<u8> {
        let pem = std::fs::read_to_string(self.folder().join("server.pem")).unwrap();
        let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        STANDARD.decode(base64).unwrap()
    }

    /// What the profile that it prints makes.
    pub(crate) fn profile(&self) -> SessionHandle {
        let profile = self.0["profile"].as_object().unwrap();
        let mut config = Config::new();
        for (key, value) in profile.iter().filter(|(key, _)| *key != "backend") {
            config = match value {
                Value::Object(table) => table.iter().fold(config, |config, (name, value)| {
                    config.set(&format!("{key}.{name}"), value.as_str().unwrap())
                }),
                value => config.set(key, value.as_str().unwrap()),
            };
        }
        session_core::open(self.text("/profile/backend"), config).unwrap()
    }
}

impl Cache {
    /// The name of one that is not there yet.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let name = format!("FILE:{}", folder.path().join("cache").display());
        Self {
            name,
            _folder: folder,
        }
    }

    pub(crate) fn file(&self) -> std::path::PathBuf {
        self.name.strip_prefix("FILE:").unwrap().into()
    }

    pub(crate) fn remove(&self) {
        // Whoever wants it gone does not mind that it is.
        let _ = std::fs::remove_file(self.file());
    }

    /// With this in its file.
    pub(crate) fn holding(content: &[u8]) -> Self {
        let cache = Self::new();
        std::fs::write(cache.name.strip_prefix("FILE:").unwrap(), content).unwrap();
        cache
    }
}

/// Who the server at this place says that the session is.
pub(crate) async fn user(session: &SessionHandle, service: &str, path: &str) -> String {
    let answer = request(session, service, path).await.unwrap();
    let answer: Value = answer.error_for_status().unwrap().json().await.unwrap();
    answer["user"].as_str().unwrap().to_owned()
}

pub(crate) async fn request(
    session: &SessionHandle,
    service: &str,
    path: &str,
) -> Result<session_http::Response, Error> {
    let base = session.environment().url(service).unwrap();
    let url = base.join(path).unwrap();
    Client::new(session).get(url.as_str()).send().await
}
