//! What arrives at servers, of requests that `session-http` sends over real connections.

mod message;
mod recorder;

use session_core::{BasicEnvironment, Environment, Services, SessionHandle, Transport};
use session_http::Client;
use url::Url;

pub(crate) use self::message::{Belonging, Message};
use self::recorder::Recorder;
use crate::Unable;

/// Two servers on loopback: one stands in for the API of a session, the other is foreign to it.
pub(crate) struct Wire {
    api: Recorder,
    foreign: Recorder,
}

impl Wire {
    /// Where the API answers that it does not accept the credential, the first time.
    pub(crate) const REFUSED: &str = "kit/refused";
    /// Where the API sends a client to the foreign server.
    pub(crate) const REDIRECTED: &str = "kit/redirected";
    /// Where the API lets everybody in.
    pub(crate) const ADMITTED: &str = "kit/admitted";

    pub(crate) async fn open() -> Self {
        let foreign = Recorder::start(None).await;
        Self {
            api: Recorder::start(Some(foreign.url().clone())).await,
            foreign,
        }
    }

    /// An environment like that of a session, but with all its services here.
    pub(crate) fn environment(&self, session: SessionHandle) -> Result<Here, Unable> {
        let own = session.environment();
        let mut here = BasicEnvironment::new(own.name());
        for (name, url) in own.services().iter() {
            let mut address = self.api.url().clone();
            address.set_path(url.path());
            here = here
                .service(name, address.as_str())
                .map_err(|error| Unable::because(error.to_string()))?;
        }
        Ok(Here { session, here })
    }

    /// A client for the first service of a session in that environment.
    pub(crate) fn client(session: &SessionHandle) -> Result<Client, Unable> {
        let mut services = session.environment().services().iter();
        let (service, _) = services.next().ok_or_else(|| {
            Unable::because("its environment has no service to send a request to")
        })?;
        Ok(Client::builder().session(session).service(service).build())
    }

    /// An address of the server that is none of the session's.
    pub(crate) fn foreign(&self) -> &Url {
        self.foreign.url()
    }

    /// What arrived at the API since the last call.
    pub(crate) fn take_arrived(&self) -> Vec<Message> {
        self.api.take()
    }

    /// What arrived at the foreign server since the last call.
    pub(crate) fn take_strayed(&self) -> Vec<Message> {
        self.foreign.take()
    }
}

/// The environment of a session whose services are all at the stand-in.
#[derive(Debug)]
pub(crate) struct Here {
    session: SessionHandle,
    here: BasicEnvironment,
}

impl Environment for Here {
    fn name(&self) -> &str {
        self.here.name()
    }

    fn services(&self) -> &Services {
        self.here.services()
    }

    fn transport(&self) -> &Transport {
        self.here.transport()
    }

    /// What it allows beside its services, it still does.
    fn allows(&self, target: &Url) -> bool {
        let own = self.session.environment();
        let is_service = own.services().contains_origin(target);
        self.here.allows(target) || (!is_service && own.allows(target))
    }
}
