//! Sessions whose authorizations are bound to the server's certificate.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::{header::AUTHORIZATION, request::Parts};
use session_core::{
    BasicEnvironment, Credential, Environment, Exchange, Incoming, Outgoing, Result, Session,
    SessionHandle, Verdict,
};
use session_http::{Client, reqwest};

use crate::support::{
    Conduct, Proxy, Realm, Received, Reply, Server, Terms, block_on, environment, reply,
};

type Certificates = Arc<Mutex<Vec<Option<Vec<u8>>>>>;

/// Puts the certificate that it is given on the request, and notes those that come with answers.
#[derive(Debug)]
struct Bound {
    environment: BasicEnvironment,
    binds: bool,
    answered: Certificates,
    inits: Arc<Mutex<usize>>,
}

struct Listener(Certificates);

#[async_trait]
impl Session for Bound {
    fn scheme(&self) -> &'static str {
        "bound"
    }

    fn environment(&self) -> &dyn Environment {
        &self.environment
    }

    async fn init(&self) -> Result<Credential> {
        *self.inits.lock().unwrap() += 1;
        Ok(Credential::per_request(()))
    }

    async fn authorize(
        &self,
        _: &Credential,
        request: Outgoing<'_>,
    ) -> Result<Option<Box<dyn Exchange>>> {
        let binding = binding(request.peer_certificate);
        let headers = &mut request.request.headers;
        headers.insert(AUTHORIZATION, binding.parse().unwrap());
        Ok(Some(Box::new(Listener(Arc::clone(&self.answered)))))
    }

    fn binds_to_peer(&self) -> bool {
        self.binds
    }
}

#[async_trait]
impl Exchange for Listener {
    async fn received(&mut self, answer: Incoming<'_>, _: &mut Parts) -> Result<Verdict> {
        let certificate = answer.peer_certificate.map(<[u8]>::to_vec);
        self.0.lock().unwrap().push(certificate);
        Ok(match answer.status.as_u16() {
            401 => Verdict::Refused,
            _ => Verdict::Done,
        })
    }
}

fn binding(certificate: Option<&[u8]>) -> String {
    let sum = |der: &[u8]| {
        der.iter()
            .fold(0_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(*byte))
    };
    certificate.map_or_else(
        || "Bound none".to_owned(),
        |der| format!("Bound {}", sum(der)),
    )
}

struct World {
    session: SessionHandle,
    client: Client,
    answered: Certificates,
    inits: Arc<Mutex<usize>>,
}

impl World {
    async fn new(environment: BasicEnvironment) -> Self {
        Self::binding(environment, true).await
    }

    async fn binding(environment: BasicEnvironment, binds: bool) -> Self {
        let (answered, inits) = (Certificates::default(), Arc::<Mutex<usize>>::default());
        let session = SessionHandle::new(Bound {
            environment,
            binds,
            answered: Arc::clone(&answered),
            inits: Arc::clone(&inits),
        });
        session.init().await.unwrap();
        Self {
            client: Client::new(&session),
            session,
            answered,
            inits,
        }
    }

    async fn get(&self, path: &str) -> u16 {
        let answer = self.client.get(path).send().await.unwrap();
        let status = answer.status().as_u16();
        answer.bytes().await.unwrap();
        status
    }
}

fn within(realm: &Realm) -> BasicEnvironment {
    environment(&realm.url()).ca_file(realm.ca_file())
}

/// Each answer ends its connection, so that a new certificate is seen at once.
async fn closing(_: Received) -> Reply {
    reply(200, &[("connection", "close")], "")
}

const HTTP1: Terms = Terms {
    versions: rustls::ALL_VERSIONS,
    asks_for_certificate: false,
    http2: false,
};

fn methods(server: &Server) -> Vec<String> {
    server
        .log()
        .into_iter()
        .map(|received| received.method)
        .collect()
}

#[test]
fn the_certificate_is_known_before_anything_of_the_session_is_sent() {
    block_on(async {
        let realm = Realm::agreeable();
        let world = World::new(within(&realm)).await;
        let request = world
            .client
            .post("/orders?q=s3cr3t")
            .header("x-own", "s3cr3t");
        request.body("s3cr3t").send().await.unwrap();
        assert_eq!(world.get("/").await, 200);
        let log = realm.server.log();
        assert_eq!(methods(&realm.server), ["HEAD", "POST", "GET"]);
        assert_eq!(
            (log[0].target.as_str(), log[0].authorization()),
            ("/", None)
        );
        assert!(!format!("{:?}", log[0]).contains("s3cr3t"), "{log:?}");
        let certificate = realm.certificate();
        assert_eq!(log[1].authorization(), Some(&*binding(Some(&certificate))));
        assert_eq!(log[2].authorization(), log[1].authorization());
        let answered = world.answered.lock().unwrap().clone();
        assert_eq!(answered, [Some(certificate.clone()), Some(certificate)]);
    });
}

#[test]
fn what_the_probe_is_answered_does_not_matter() {
    block_on(async {
        let realm = Realm::start(async |request| match &*request.method {
            "HEAD" => reply(
                405,
                &[
                    ("www-authenticate", "Bound"),
                    ("location", "https://e.test/"),
                ],
                "",
            ),
            _ => reply(200, &[], ""),
        });
        let world = World::new(within(&realm)).await;
        assert_eq!(world.get("/").await, 200);
        assert_eq!(methods(&realm.server), ["HEAD", "GET"]);
        assert_eq!(*world.inits.lock().unwrap(), 1);
    });
}

#[test]
fn sessions_that_bind_to_nothing_learn_nothing() {
    block_on(async {
        let realm = Realm::agreeable();
        let world = World::binding(within(&realm), false).await;
        assert_eq!(world.get("/").await, 200);
        assert_eq!(methods(&realm.server), ["GET"]);
        assert_eq!(*world.answered.lock().unwrap(), [None]);
    });
}

#[test]
fn without_tls_there_is_none_to_learn() {
    block_on(async {
        let server = Server::agreeable();
        let world = World::new(environment(&server.url())).await;
        assert_eq!(world.get("/").await, 200);
        assert_eq!(methods(&server), ["GET"]);
        assert_eq!(server.authorizations(), [Some("Bound none".to_owned())]);
    });
}

/// The HTTP client does not tell of the certificate at the end of a tunnel.
#[test]
fn through_a_proxy_none_is_known() {
    block_on(async {
        let realm = Realm::agreeable();
        let proxy = Proxy::start(realm.server.address, Conduct::Open);
        let way = session_core::Proxy::new(&proxy.url()).unwrap();
        let environment = environment(&realm.proxied_url())
            .ca_file(realm.ca_file())
            .proxy(way);
        let world = World::new(environment).await;
        assert_eq!(world.get("/").await, 200);
        assert_eq!(methods(&realm.server), ["GET"]);
        assert_eq!(
            realm.server.authorizations(),
            [Some("Bound none".to_owned())]
        );
    });
}

#[test]
fn a_server_that_cannot_be_reached_fails_the_request_before_it_is_authorized() {
    block_on(async {
        let (realm, other) = (Realm::agreeable(), Realm::agreeable());
        let world = World::new(environment(&realm.url()).ca_file(other.ca_file())).await;
        let error = world.client.get("/").send().await.unwrap_err();
        assert_eq!(error.kind(), session_core::ErrorKind::Config);
        assert!(realm.server.log().is_empty());
    });
}

/// Lets in whoever is bound to what it shows on new connections.
fn strict(changes: bool) -> Realm {
    type Door = Arc<Mutex<Option<Box<dyn Fn(&Received) -> u16 + Send>>>>;
    let door = Door::default();
    let kept = Arc::clone(&door);
    let realm = Realm::on(HTTP1, move |request| {
        let status = match request.method.as_str() {
            "HEAD" => 200,
            _ => kept.lock().unwrap().as_ref().unwrap()(&request),
        };
        async move { reply(status, &[("connection", "close")], "") }
    });
    let certificate = realm.reader();
    let change = realm.changer();
    *door.lock().unwrap() = Some(Box::new(move |request| {
        let is_in = request.authorization() == Some(&*binding(Some(&certificate())));
        if changes {
            change();
        }
        if is_in { 200 } else { 401 }
    }));
    realm
}

#[test]
fn a_changed_certificate_means_one_more_request_and_no_renewal() {
    block_on(async {
        let realm = strict(false);
        let world = World::new(within(&realm)).await;
        assert_eq!(world.get("/").await, 200);
        realm.change_certificate();
        assert_eq!(world.get("/").await, 200);
        assert_eq!(methods(&realm.server), ["HEAD", "GET", "GET", "GET"]);
        // It is known from here on.
        assert_eq!(world.get("/").await, 200);
        assert_eq!(realm.server.log().len(), 5);
        assert_eq!(*world.inits.lock().unwrap(), 1);
        let certificate = realm.certificate();
        assert_eq!(world.answered.lock().unwrap()[1], Some(certificate));
    });
}

#[test]
fn a_changed_certificate_that_is_no_reason_for_a_refusal_is_learned_by_the_way() {
    block_on(async {
        let realm = Realm::on(HTTP1, closing);
        let world = World::new(within(&realm)).await;
        assert_eq!(world.get("/").await, 200);
        realm.change_certificate();
        assert_eq!((world.get("/").await, world.get("/").await), (200, 200));
        assert_eq!(methods(&realm.server), ["HEAD", "GET", "GET", "GET"]);
        let last = realm.server.authorizations().pop().unwrap();
        assert_eq!(last, Some(binding(Some(&realm.certificate()))));
    });
}

/// Such as nodes with certificates of their own: nobody has said anything about the credential.
#[test]
fn a_certificate_that_changes_all_the_time_ends_in_a_refusal_and_no_renewal() {
    block_on(async {
        let realm = strict(true);
        let world = World::new(within(&realm)).await;
        assert_eq!(world.get("/").await, 200);
        assert_eq!(world.get("/").await, 401);
        assert_eq!(methods(&realm.server), ["HEAD", "GET", "GET", "GET"]);
        assert_eq!(*world.inits.lock().unwrap(), 1);
    });
}

#[test]
fn a_streamed_body_is_not_sent_again() {
    block_on(async {
        let realm = strict(false);
        let world = World::new(within(&realm)).await;
        assert_eq!(world.get("/").await, 200);
        realm.change_certificate();
        let body = http_body_util::Full::new(bytes::Bytes::from("streamed"));
        let request = world
            .client
            .post("/")
            .streamed_body(reqwest::Body::wrap(body));
        assert_eq!(request.send().await.unwrap().status(), 401);
        assert_eq!(*world.inits.lock().unwrap(), 1);
        // The next one knows.
        assert_eq!(world.get("/").await, 200);
        assert_eq!(methods(&realm.server), ["HEAD", "GET", "POST", "GET"]);
    });
}

#[test]
fn after_a_close_it_is_learned_anew() {
    block_on(async {
        let realm = Realm::agreeable();
        let world = World::new(within(&realm)).await;
        assert_eq!(world.get("/").await, 200);
        world.session.close().await.unwrap();
        world.session.init().await.unwrap();
        assert_eq!(world.get("/").await, 200);
        assert_eq!(methods(&realm.server), ["HEAD", "GET", "HEAD", "GET"]);
    });
}

/// It may put credentials on every request.
#[test]
fn the_callers_own_builder_has_no_part_in_learning_it() {
    block_on(async {
        let realm = Realm::agreeable();
        let own = || {
            let key = http::HeaderName::from_static("x-api-key");
            let secrets = [
                (AUTHORIZATION, "s3cr3t"),
                (http::header::COOKIE, "s3cr3t"),
                (key, "s3cr3t"),
            ];
            let secrets = secrets.map(|(name, value)| (name, value.parse().unwrap()));
            reqwest::Client::builder().default_headers(secrets.into_iter().collect())
        };
        let world = World::new(within(&realm)).await;
        let client = Client::builder().session(&world.session);
        let client = client.reqwest(own).build();
        client.get("/").send().await.unwrap();
        assert_eq!(methods(&realm.server), ["HEAD", "GET"]);
        let log = realm.server.log();
        assert!(!format!("{:?}", log[0]).contains("s3cr3t"), "{log:?}");
        assert_eq!(log[1].header("x-api-key"), Some("s3cr3t"));
        let certificate = realm.certificate();
        assert_eq!(log[1].authorization(), Some(&*binding(Some(&certificate))));
    });
}

#[test]
fn a_server_that_only_the_callers_own_builder_reaches_shows_it_later() {
    block_on(async {
        let (realm, other) = (Realm::agreeable(), Realm::agreeable());
        let authority = std::fs::read(realm.ca_file()).unwrap();
        let world = World::new(environment(&realm.url()).ca_file(other.ca_file())).await;
        let client = Client::builder().session(&world.session);
        let client = client
            .reqwest(move || {
                let authority = reqwest::Certificate::from_pem(&authority).unwrap();
                reqwest::Client::builder().tls_certs_merge([authority])
            })
            .build();
        for _ in 0..2 {
            client.get("/").send().await.unwrap();
        }
        assert_eq!(methods(&realm.server), ["GET", "GET"]);
        let certificate = binding(Some(&realm.certificate()));
        assert_eq!(
            realm.server.authorizations(),
            [Some("Bound none".to_owned()), Some(certificate)]
        );
    });
}
