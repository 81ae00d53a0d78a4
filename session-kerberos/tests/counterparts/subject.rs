//! What the kits need to know of this backend.

use std::{fmt::Debug, process::Command, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use session_core::{BasicEnvironment, SessionHandle};
use session_http::Client;
use session_kerberos::{KerberosBuilder, Mutual};
use session_mock::{Answer, Subject, Unable};

use crate::{
    gate::{Conduct, Gate},
    kdc_message,
    realm::{Cache, Realm},
};

pub(crate) const KEYTAB: u8 = 0;
pub(crate) const PASSWORD: u8 = 1;
pub(crate) const CACHE: u8 = 2;

/// A client with a keytab, a password or a cache, the KDC of its realm, and Apache.
///
/// It takes servers without a proof too: what stands in for the API in the kits has no key.
pub(crate) struct ClientBy<const SOURCE: u8> {
    gate: Gate,
    cache: Cache,
}

impl<const SOURCE: u8> ClientBy<SOURCE> {
    const LIFETIME: Duration = Duration::from_secs(10 * 60 * 60);

    fn builder(&self) -> KerberosBuilder {
        let builder = match SOURCE {
            KEYTAB => self.gate.by_keytab(),
            PASSWORD => self.gate.by_password(),
            _ => self.gate.by_cache(&self.cache.name),
        };
        let api = format!("{}/api/", Realm::shared().text("/https"));
        let environment = BasicEnvironment::new("loopback").service("api", &api);
        let environment = environment
            .unwrap()
            .ca_file(Realm::shared().text("/ca_pem"));
        builder.environment(environment).mutual(Mutual::IfPresent)
    }

    fn log_in(&self) {
        Realm::kinit_with_password(
            &self.cache.name,
            self.gate.principal(),
            self.gate.password(),
        );
    }
}

impl<const SOURCE: u8> Subject for ClientBy<SOURCE> {
    fn start() -> Self {
        let subject = Self {
            gate: Gate::take(),
            cache: Cache::new(),
        };
        if SOURCE == CACHE {
            subject.log_in();
        }
        subject
    }

    fn session(&self) -> SessionHandle {
        self.builder().open().unwrap()
    }

    fn answer(&self, answer: Answer<'_>) -> Result<(), Unable> {
        if SOURCE == CACHE {
            return match answer {
                Answer::Accept => {
                    self.log_in();
                    Ok(())
                }
                Answer::Refuse => {
                    self.cache.remove();
                    Ok(())
                }
                _ => Err(Unable::because("nobody is asked for what a cache has")),
            };
        }
        self.gate.set_locked(answer == Answer::Refuse);
        self.gate.set(match answer {
            Answer::Accept | Answer::Refuse => Conduct::Open,
            Answer::Fail => Conduct::HangsUp,
            Answer::Garble => Conduct::Says(b"what no KDC says".to_vec()),
            Answer::Hold => Conduct::Silent,
            Answer::Echo(text) => {
                const GENERIC: u8 = 60;
                Conduct::Says(kdc_message::error(GENERIC, text))
            }
            _ => return Err(Unable::because("the KDC has no such answer")),
        });
        Ok(())
    }

    fn authentications(&self) -> Result<usize, Unable> {
        if SOURCE == CACHE {
            return Err(Unable::because("nobody is asked for what a cache has"));
        }
        let asked = self.gate.asked();
        Ok(asked.authentications + asked.renewals)
    }

    fn lifetime(&self) -> Result<Option<Duration>, Unable> {
        if SOURCE == CACHE {
            return Err(Unable::because("it is as old as the cache"));
        }
        Ok(Some(Self::LIFETIME))
    }

    fn set_lifetime(&self, lifetime: Duration) -> Result<(), Unable> {
        self.gate.set_lifetime(lifetime.as_secs());
        if SOURCE == CACHE {
            self.log_in();
        }
        Ok(())
    }

    fn interactions(&self) -> Result<usize, Unable> {
        Ok(0)
    }

    async fn admits(&self, session: &SessionHandle) -> Result<bool, Unable> {
        let client = Client::builder().session(session).build();
        let answer = client.get("").send().await;
        Ok(answer.is_ok_and(|answer| answer.status() == 200))
    }

    fn ends(&self) -> Result<(), Unable> {
        Err(Unable::because("nobody can take tickets back"))
    }

    fn secrets(&self) -> Vec<String> {
        if SOURCE != KEYTAB {
            return vec![self.gate.password().to_owned()];
        }
        // No text has bytes that are none: what could be shown of a key is one of these.
        let hexadecimal = key_in(self.gate.keytab());
        let digits = hexadecimal.as_bytes().chunks(2);
        let digits = digits.map(|byte| str::from_utf8(byte).unwrap());
        let key: Vec<_> = digits
            .map(|byte| u8::from_str_radix(byte, 16).unwrap())
            .collect();
        vec![hexadecimal, STANDARD.encode(&key), format!("{key:?}")]
    }

    fn visible(&self) -> Vec<Box<dyn Debug>> {
        vec![Box::new(self.builder())]
    }
}

/// The first key in a keytab, in hexadecimal digits.
fn key_in(keytab: &str) -> String {
    let list = Command::new("klist")
        .args(["-kK", keytab])
        .output()
        .unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    let (_, key) = list.split_once("(0x").unwrap();
    key.split_once(')').unwrap().0.to_owned()
}
