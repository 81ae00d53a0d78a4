//! A provider, and a file of profiles for it.

use std::{fs, path::PathBuf, process::Command};

use session_kit::mock::Provider;
use tempfile::TempDir;

use crate::run::{Ended, run, session};

pub(crate) struct Scene {
    pub(crate) provider: Provider,
    folder: TempDir,
}

impl Scene {
    /// With the profile `orders`, whose token is for the scope `read`.
    pub(crate) fn new() -> Self {
        Self::with(Provider::start().unwrap())
    }

    pub(crate) fn with(provider: Provider) -> Self {
        let scene = Self {
            folder: TempDir::new().unwrap(),
            provider,
        };
        scene.write("secret", scene.provider.client_secret());
        scene.configure(&scene.orders());
        scene
    }

    /// The profile `orders`, in TOML.
    pub(crate) fn orders(&self) -> String {
        format!(
            r#"
[profiles.orders]
backend = "oauth"
client_id = "{id}"
client_secret = {{ file = "secret" }}
scopes = ["read"]

[profiles.orders.environment]
name = "prod"
issuer = "{issuer}"
api = "{api}"
"#,
            id = self.provider.client_id(),
            issuer = self.provider.issuer(),
            api = self.provider.api(),
        )
    }

    /// Replaces the profiles.
    pub(crate) fn configure(&self, profiles: &str) {
        self.write("sessions.toml", profiles);
    }

    /// Writes a file that nobody else may read.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        self.allow(name, 0o600);
    }

    #[cfg(unix)]
    pub(crate) fn allow(&self, name: &str, mode: u32) {
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
        fs::set_permissions(self.path(name), permissions).unwrap();
    }

    #[cfg(not(unix))]
    pub(crate) fn allow(&self, _: &str, _: u32) {}

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The command with these profiles; `args` are separated by spaces.
    pub(crate) fn session(&self, args: &str) -> Command {
        let mut command = session(args.split_whitespace());
        command
            .arg("--config")
            .arg(self.path("sessions.toml"))
            .current_dir(self.folder.path());
        command
    }

    pub(crate) fn run(&self, args: &str) -> Ended {
        run(self.session(args))
    }

    /// The one token that was issued.
    #[track_caller]
    pub(crate) fn token(&self) -> String {
        let [token] = self
            .provider
            .issued()
            .try_into()
            .expect("one token was issued");
        token
    }
}
