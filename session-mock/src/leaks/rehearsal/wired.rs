//! Requests that `session-http` sends over real connections.

use http::HeaderValue;
use session_core::Credential;
use session_http::Client;

use super::Rehearsal;
use crate::{
    Answer, Place, Subject,
    wire::{Belonging, Wire},
};

impl<S: Subject> Rehearsal<'_, S> {
    /// Requests that are admitted, refused, redirected and forbidden. What arrives is looked at, beside the headers of the
    /// session; so is what the client shows, and what the libraries below it log.
    pub(super) async fn over_http(&mut self) {
        self.answer(Answer::Accept);
        let wire = Wire::open().await;
        let opened = self.trial.session_at(&wire);
        let opened = opened.and_then(|session| Ok((Wire::client(&session)?, session)));
        let (client, session) = match opened {
            Ok(opened) => opened,
            Err(unable) => {
                let reason = unable.reason();
                return self.skipped.push(format!("requests over HTTP: {reason}"));
            }
        };
        let initialized = session.init().await;
        self.note(initialized);
        self.talk(&wire, &client).await;
        self.look_at(&session);
        let closed = session.close().await;
        self.note(closed);
        self.look_at_credentials();
    }

    async fn talk(&mut self, wire: &Wire, client: &Client) {
        let foreign = wire.foreign().as_str();
        for request in [
            client.get(Wire::ADMITTED).query([("page", "1")]),
            client.post(Wire::ADMITTED).body("what the caller says"),
            client.get(Wire::REFUSED),
            client.get(Wire::REDIRECTED),
            client.get(foreign),
        ] {
            // What is there now, and what there will be if that is refused.
            let mut belonging = self.belonging();
            self.look(&(client, &request));
            match request.send().await {
                Ok(answer) => self.look(&answer),
                Err(error) => self.note::<()>(Err(error)),
            }
            belonging.extend(self.belonging());
            for message in wire.take_arrived() {
                let rest = message.without(&belonging);
                self.capture.note(Place::Requests, &rest);
            }
            for message in wire.take_strayed() {
                let all = message.without(&Belonging::new());
                self.capture.note(Place::Requests, &all);
            }
        }
    }

    /// The headers that the session puts on requests now, or has put on them since the last call.
    fn belonging(&mut self) -> Belonging {
        self.look_at_credentials();
        let mut belonging = Belonging::new();
        for headers in self.trial.record.take_legs() {
            self.look_at_request(&headers);
            let marked = headers.iter().filter(|(_, value)| value.is_sensitive());
            belonging.extend(marked.map(|(name, value)| (name.clone(), value.clone())));
        }
        let latest = self.latest.iter().flat_map(Credential::iter_headers);
        let latest = latest.filter_map(|(name, secret)| {
            let value = HeaderValue::from_bytes(secret.expose()).ok()?;
            Some((name.clone(), value))
        });
        belonging.extend(latest);
        belonging
    }
}
