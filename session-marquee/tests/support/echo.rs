//! An API that repeats the credential wherever an answer has room for it, and a client that shows all it gets to see of that.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use http::{HeaderName, HeaderValue, StatusCode, header::WWW_AUTHENTICATE};
use serde_json::{Value, json};
use session_core::SessionHandle;
use session_marquee::{Client, Failure};
use session_mock::{Answer, Capture, Place, Provider, Reply, Request, Search, Subject, Unable};

use crate::support::{Application, texts};

/// An application of that API.
pub struct Echoed(Application);

/// What the API is asked for, and answers. With a 401 among them, what the kit quotes would be of a token that the session has not any
/// more; refusals are the kit's own.
const STATUSES: [u16; 7] = [200, 400, 403, 404, 429, 500, 504];

impl Subject for Echoed {
    fn start() -> Self {
        let answered = AtomicUsize::new(0);
        let site = move |request: &Request<'_>| {
            // All of the statuses with one spelling, and then with the next.
            let spelling = answered.fetch_add(1, Ordering::Relaxed) / STATUSES.len();
            echo(request, spelling)
        };
        Self(Application::over(Provider::builder().site(site)))
    }

    fn session(&self) -> SessionHandle {
        self.0.session()
    }

    fn answer(&self, answer: Answer<'_>) -> Result<(), Unable> {
        self.0.answer(answer)
    }

    fn lifetime(&self) -> Result<Option<Duration>, Unable> {
        self.0.lifetime()
    }

    fn secrets(&self) -> Vec<String> {
        self.0.secrets()
    }

    async fn admits(&self, session: &SessionHandle) -> Result<bool, Unable> {
        let client = Client::new(session);
        for status in STATUSES {
            let path = format!("/echo/{status}");
            match client.post(&path).json(&json!({ "a": 1 })).send().await {
                Ok(answer) => {
                    let number = answer.request_id().map(str::to_owned);
                    show(&format!("{answer:?} {answer:#?} {number:?}"));
                    note(answer.decode::<Vec<u8>>().await);
                }
                Err(error) => note::<()>(Err(error)),
            }
            #[cfg(feature = "websocket")]
            note(client.websocket(&path).connect().await.map(drop));
        }
        Ok(true)
    }
}

fn show(text: &str) {
    Capture::install().note(Place::Shown, text);
}

/// All texts of an error, and those of its failure but the explanation, which is for the caller alone.
fn note<T>(outcome: session_core::Result<T>) {
    let Err(error) = outcome else { return };
    Capture::install().note(Place::Errors, &texts(&error));
    show(&format!("{error:#?}"));
    if let Some(failure) = Failure::of(&error) {
        show(&format!(
            "{failure} {failure:#?} {:?}",
            failure.request_id()
        ));
    }
}

fn echo(request: &Request<'_>, spelling: usize) -> Reply {
    let header = request.header("authorization");
    let header = header.and_then(|value| value.to_str().ok());
    let whole = header.unwrap_or_default();
    let token = request.bearer().unwrap_or_default();
    // A token of a letter, as some of the token endpoint's answers have one, is no secret.
    if token.len() < 8 {
        return Reply::status(StatusCode::NOT_FOUND);
    }
    let spellings = [token, whole].into_iter().flat_map(Search::spellings);
    let spellings: Vec<_> = spellings.collect();
    let text = &spellings[spelling % spellings.len()];
    let status = request.path().rsplit('/').next();
    let status = status.and_then(|status| status.parse().ok()).unwrap_or(404);
    let body: Value = json!({ "messages": [text], text: text });
    let reply = Reply::json(StatusCode::from_u16(status).unwrap(), body.to_string());
    let challenge =
        format!("Bearer realm=\"{text}\", error=\"{text}\", error_description=\"{text}\"");
    [
        (HeaderName::from_static("x-dash-requestid"), text.clone()),
        (HeaderName::from_static("x-echo"), text.clone()),
        (WWW_AUTHENTICATE, challenge),
    ]
    .into_iter()
    .fold(reply, |reply, (name, value)| {
        match HeaderValue::from_str(&value) {
            Ok(value) => reply.header(name, value),
            Err(_) => reply,
        }
    })
}
