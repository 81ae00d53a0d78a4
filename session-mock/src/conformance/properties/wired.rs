//! What arrives at a server, of requests that `session-http` sends.

use http::{HeaderMap, header};
use session_core::{ErrorKind, SessionHandle};
use session_http::Response;

use super::Shown;
use crate::{
    Search, Subject, Unable,
    conformance::Trial,
    secrets,
    wire::{Belonging, Message, Wire},
};

/// A session with an API on loopback, and what is known of it.
struct Talk<'a, S> {
    trial: &'a Trial<S>,
    wire: Wire,
    session: SessionHandle,
    /// All that was secret so far.
    secrets: Vec<Vec<u8>>,
}

pub(crate) async fn over_http_the_credential_arrives_once_and_nowhere_else<S: Subject>(
    trial: &Trial<S>,
) -> Shown {
    let mut talk = Talk::open(trial).await?;
    let client = Wire::client(&talk.session)?;
    let requests = [
        client.get(Wire::ADMITTED).query([("page", "1")]),
        client
            .post(Wire::ADMITTED)
            .header("x-own", "what the caller adds")
            .body("what the caller says"),
    ];
    for request in requests {
        talk.sent(request.send().await)?;
        let arrived = talk.wire.take_arrived();
        assert!(
            !arrived.is_empty(),
            "a request that was sent did not arrive"
        );
        let belonging = talk.belonging(arrived.len())?;
        for (message, belonging) in arrived.iter().zip(&belonging) {
            talk.assert_once(message, belonging);
            assert_no_copies(belonging);
        }
    }
    Ok(())
}

pub(crate) async fn over_http_a_refused_credential_is_replaced_and_the_request_repeated<
    S: Subject,
>(
    trial: &Trial<S>,
) -> Shown {
    let mut talk = Talk::open(trial).await?;
    let refused = talk.belonging(1).unwrap_or_default();
    let client = Wire::client(&talk.session)?;
    let status = talk.sent(client.get(Wire::REFUSED).send().await)?.status();
    let arrived = talk.wire.take_arrived();
    if talk.is_per_request() && trial.record.authentications() == 1 {
        return Err(Unable::because(
            "it answers a refusal by itself, and the stand-in of the API does not know how",
        ));
    }
    assert_eq!(
        (status.as_u16(), arrived.len()),
        (200, 2),
        "the last answer, and how many requests arrived, when the API refuses the first"
    );
    trial.assert_authentications(2);
    let belonging = talk.belonging(arrived.len())?;
    if !talk.is_per_request() {
        // The first one was authorized with what there was then.
        talk.assert_once(&arrived[0], &refused[0]);
    }
    talk.assert_once(&arrived[1], &belonging[1]);
    Ok(())
}

pub(crate) async fn over_http_nothing_of_it_goes_to_another_origin<S: Subject>(
    trial: &Trial<S>,
) -> Shown {
    let mut talk = Talk::open(trial).await?;
    let client = Wire::client(&talk.session)?;
    let direct = client.get(talk.wire.foreign().as_str()).send().await;
    assert_eq!(
        (
            direct.map_err(|error| error.kind()).err(),
            talk.wire.take_strayed().len()
        ),
        (Some(ErrorKind::Forbidden), 0),
        "the error of a request to an origin that is none of the environment's, and how many requests arrived there"
    );
    talk.sent(client.get(Wire::REDIRECTED).send().await)?;
    let arrived = talk.wire.take_arrived();
    let names: Vec<_> = talk.belonging(arrived.len())?.concat();
    let names = names.into_iter().map(|(name, _)| name);
    let names = names.chain([
        header::AUTHORIZATION,
        header::COOKIE,
        header::PROXY_AUTHORIZATION,
    ]);
    let strayed = talk.wire.take_strayed();
    assert_eq!(strayed.len(), 1, "requests that a redirect led elsewhere");
    for name in names {
        assert!(
            strayed[0].value(name.as_str()).is_none(),
            "a redirect took `{name}` to another origin, which gets what is meant for the API alone"
        );
    }
    talk.assert_once(&strayed[0], &Belonging::new());
    Ok(())
}

/// No header of a session has the secret of another; a cookie may, for that is how some servers see that both come from
/// one program.
fn assert_no_copies(belonging: &Belonging) {
    let others = || belonging.iter().filter(|(name, _)| *name != header::COOKIE);
    for (name, value) in others() {
        let search = secrets::in_header(name, value.as_bytes()).into_iter();
        let search = Search::new(search.filter(|secret| secret.len() >= secrets::SHORTEST));
        for (other, copy) in others().filter(|(other, _)| other != name) {
            let copy = String::from_utf8_lossy(copy.as_bytes());
            assert!(
                search.leaks(&copy).is_empty(),
                "`{other}` has the secret of `{name}` once more: what proxies and logs take care of in one header, they \
                 do not expect in another"
            );
        }
    }
}

impl<'a, S: Subject> Talk<'a, S> {
    async fn open(trial: &'a Trial<S>) -> Result<Self, Unable> {
        let wire = Wire::open().await;
        let session = trial.session_at(&wire)?;
        trial.init(&session).await;
        Ok(Self {
            trial,
            wire,
            session,
            secrets: trial.secrets([]),
        })
    }

    fn is_per_request(&self) -> bool {
        let credential = self.trial.record.credential();
        credential.is_some_and(|credential| credential.is_per_request())
    }

    /// An answer; or, of a scheme that does not talk to everybody, why there is none.
    fn sent(&self, answer: session_core::Result<Response>) -> Result<Response, Unable> {
        match answer {
            Ok(answer) => Ok(answer),
            Err(error) if self.is_per_request() => Err(Unable::because(format!(
                "it cannot talk to a stand-in of its API: {error}"
            ))),
            Err(error) => panic!("a request of an open session fails: {error:?}"),
        }
    }

    /// The headers of the session on each of the last requests.
    fn belonging(&mut self, requests: usize) -> Result<Vec<Belonging>, Unable> {
        let list = |headers: &HeaderMap| {
            let headers = headers.iter();
            headers
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect()
        };
        let legs = self.trial.record.take_legs();
        self.secrets.extend(self.trial.secrets(&legs));
        if self.is_per_request() {
            if legs.len() != requests {
                return Err(Unable::because("it authorizes other requests too"));
            }
            return Ok(legs.iter().map(list).collect());
        }
        let credential = self.trial.record.credential();
        let credential = credential.expect("the session is open");
        let headers = credential.iter_headers().map(|(name, secret)| {
            let value = http::HeaderValue::from_bytes(secret.expose());
            (name.clone(), value.expect("the engine has checked that"))
        });
        Ok(vec![headers.collect(); requests])
    }

    /// Each header of the session is there, once, and nothing secret anywhere else.
    fn assert_once(&self, message: &Message, belonging: &Belonging) {
        for (name, value) in belonging {
            assert_eq!(
                message.count(name, value),
                1,
                "how often `{name}` arrived as the session has it"
            );
        }
        let rest = message.without(belonging);
        let search = Search::new(
            self.secrets
                .iter()
                .filter(|it| it.len() >= secrets::SHORTEST),
        );
        let leaks = search.leaks(&rest);
        assert!(
            leaks.is_empty(),
            "a request has a secret where it does not belong, in its address, its body, or a header more than it takes: {}",
            leaks[0].line()
        );
    }
}
