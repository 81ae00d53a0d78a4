//! The cases of sessions that were given cookies.

use std::fs;

use serde_json::{Value, json};
use session_core::{ErrorKind, Result, Secret, SecretSource};
use session_marquee::{Client, Domain, Marquee, MarqueeBuilder};

use crate::ours::{Scene, named, say};

impl Scene<'_> {
    pub(crate) async fn cookies(&self, case: &str) -> Result<Value> {
        match &case[..2] {
            "56" => {
                let given = || (self.environment(), Secret::from("LOGIN"));
                let by_login = Marquee::marquee_login(given().0, given().1);
                let by_login = by_login.application("my-app", "9").activity(true);
                let mut said = Vec::new();
                for builder in [self.single_sign_on(), by_login] {
                    let client = self.initialised(builder).await?;
                    said.push(say(client.websocket("/stream").domain(Domain::Web)).await?);
                }
                self.notices(1).await;
                Ok(json!(said))
            }
            "57" => {
                let client = self.initialised(self.single_sign_on()).await?;
                // Of the three hosts that gs_quant is sent to, this machine is in place of the one that is the environment's.
                client.get("/users/self").send().await?;
                let port = self.replay.http.issuer().port().unwrap();
                for host in ["other.gs.com", "notgs.example"] {
                    let target = format!("http://{host}:{port}/v1/x");
                    let refused = client.get(&target).send().await.unwrap_err();
                    assert_eq!(refused.kind(), ErrorKind::Forbidden);
                }
                Ok(Value::Null)
            }
            _ => {
                let folder = tempfile::tempdir().unwrap();
                let file = folder.path().join("csrf-token");
                fs::write(&file, "CSRF").unwrap();
                let builder = Marquee::gssso(self.environment(), Secret::from("SSO-TOKEN"));
                let builder = named(builder.csrf_token(SecretSource::file(&file)));
                self.replay.begin();
                let session = self.session(builder);
                let client = Client::new(&session);
                session.init().await?;
                client.get("/users/self").send().await?;
                // What is looked up, for there is nothing to hand over.
                fs::write(&file, "CSRF-2").unwrap();
                session.close().await?;
                session.init().await?;
                client.get("/users/self").send().await?;
                Ok(Value::Null)
            }
        }
    }

    fn single_sign_on(&self) -> MarqueeBuilder {
        let builder = Marquee::gssso(self.environment(), Secret::from("SSO-TOKEN"));
        named(builder.csrf_token(Secret::from("CSRF")))
    }
}
