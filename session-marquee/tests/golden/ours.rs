//! The cases of the traces, with session-marquee: what its caller gets, as the traces write it.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use session_core::{ErrorKind, Result, Secret, SessionHandle};
use session_http::websocket::Message;
use session_marquee::{
    AssetQuery, Class, Client, DataQuery, Domain, Failure, Marquee, MarqueeBuilder,
    MarqueeEnvironment, RequestBuilder, Scope,
};
use session_mock::{MockClock, MockExecutor};

use crate::{frames, replay::Replay};

/// What a program may say that a request is part of.
const TRACED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03";

/// Servers, and where they are.
pub(crate) struct Scene<'a> {
    pub(crate) replay: &'a Replay,
    http: String,
    other: String,
    clock: MockClock,
}

/// Runs a case: what its caller gets.
pub(crate) async fn run(case: &str, replay: &Replay) -> Value {
    let addresses = replay.addresses();
    let address = |name: &str| addresses[name].as_str().unwrap().to_owned();
    let scene = Scene {
        replay,
        http: address("http"),
        other: address("other"),
        clock: MockClock::new(),
    };
    scene.run(case).await.unwrap_or_else(|error| shown(&error))
}

/// An error as the traces write an exception: by the class of `gs_quant`'s that it is.
fn shown(error: &session_core::Error) -> Value {
    let class = match Class::of(error) {
        Some(Class::Authentication) => "MqAuthenticationError",
        Some(Class::Authorization) => "MqAuthorizationError",
        Some(Class::RateLimited) => "MqRateLimitedError",
        Some(Class::Timeout) => "MqTimeoutError",
        Some(Class::InternalServer) => "MqInternalServerError",
        Some(_) => "MqRequestError",
        None => return json!({ "raised": format!("{:?}", error.kind()) }),
    };
    let mut shown = json!({ "raised": class });
    if let Some(failure) = Failure::of(error) {
        shown["status"] = failure.status().as_u16().into();
        // As gs_quant joins them; not where it is about who asks, and not where the second answer is a 401 too: of that there is the body alone.
        let reason = failure.status().canonical_reason().unwrap();
        let is_of_who_asks = failure.class() == Class::Authentication || failure.status() == 401;
        let message = match (is_of_who_asks, failure.explanation()) {
            (true, explanation) => explanation.map(str::to_owned),
            (_, Some(explanation)) => Some(format!("{reason}: {explanation}")),
            (_, None) => Some(reason.to_owned()),
        };
        if let Some(message) = message {
            shown["message"] = message.into();
        }
    }
    shown
}

impl Scene<'_> {
    pub(crate) fn environment(&self) -> MarqueeEnvironment {
        self.environment_named("test")
    }

    fn environment_named(&self, name: &str) -> MarqueeEnvironment {
        let auth = format!("{}/as/token.oauth2", self.http);
        let websockets = self.replay.ws.issuer().as_str();
        let domains = [
            (Domain::Mds, &*self.other),
            (Domain::MdsWeb, &self.other),
            (Domain::Web, websockets),
        ];
        let environment = MarqueeEnvironment::custom(name, &self.http, &auth).unwrap();
        domains
            .into_iter()
            .fold(environment, |environment, (domain, address)| {
                environment.domain(domain, address).unwrap()
            })
    }

    fn client_of(&self, id: &str, secret: &str) -> MarqueeBuilder {
        named(Marquee::client_credentials(
            self.environment(),
            id,
            Secret::from(secret),
        ))
    }

    fn client(&self) -> MarqueeBuilder {
        self.client_of("my-client-id", "my secret/+&=")
    }

    pub(crate) fn session(&self, builder: MarqueeBuilder) -> SessionHandle {
        SessionHandle::builder(builder.build().unwrap())
            .clock(self.clock.clone())
            .executor(MockExecutor::new(&self.clock))
            .build()
    }

    /// A client of a session that was initialised before the trace begins.
    async fn opened(&self) -> Client {
        let session = self.session(self.client());
        session.init().await.unwrap();
        self.replay.begin();
        Client::new(&session)
    }

    pub(crate) async fn initialised(&self, builder: MarqueeBuilder) -> Result<Client> {
        self.replay.begin();
        let session = self.session(builder);
        session.init().await?;
        Ok(Client::new(&session))
    }

    /// The same, of a session that tells Marquee so; when that has been told for this many times.
    async fn told(&self, builder: MarqueeBuilder, times: usize) -> Result<Client> {
        let client = self.initialised(builder.activity(true)).await?;
        self.notices(times).await;
        Ok(client)
    }

    /// Waits until so many were not only received, but recorded: a session that is gone by then does not wait for its answer.
    pub(crate) async fn notices(&self, times: usize) {
        let recorded = || {
            let recorded = self.replay.recorded().into_iter();
            let notices = recorded.filter(|request| request.target == "/v1/activities");
            notices.count()
        };
        self.replay.http.wait_for(|_| recorded() >= times).await;
    }

    #[expect(clippy::too_many_lines, reason = "a line or two for each case")]
    async fn run(&self, case: &str) -> Result<Value> {
        match &case[..2] {
            "01" => {
                self.told(self.client(), 1).await?;
                Ok(json!("initialised"))
            }
            "02" => {
                let scopes = [Scope::RunAnalytics, Scope::ReadContent];
                self.told(self.client().scopes(scopes), 1).await?;
                Ok(Value::Null)
            }
            "04" => {
                let builder = self.client_of("my-client-id", "s").without_default_scopes();
                self.told(builder, 1).await?;
                Ok(Value::Null)
            }
            "06" => {
                let builder = self
                    .client_of("c", "s")
                    .domain(Domain::MdsWeb)
                    .activity(true);
                self.replay.begin();
                let session = self.session(builder);
                session.init().await?;
                let client = client_of(&session);
                client.get("/ping").send().await?.decode::<Value>().await?;
                let domain = origin(&session, Domain::MdsWeb);
                Ok(json!({ "domain": domain }))
            }
            "07" => {
                self.replay.begin();
                // As the default of the process would be: here it would be that of other tests too.
                let builder = named(Marquee::client_credentials(
                    self.environment_named("PROD"),
                    "c",
                    Secret::from("s"),
                ));
                let session = self.session(builder.activity(true));
                session.init().await?;
                self.notices(1).await;
                let name = session.environment().name();
                Ok(json!({ "domain": origin(&session, Domain::Api), "environment": name }))
            }
            "09" => {
                self.token("ext-token")
                    .await?
                    .get("/users/self")
                    .send()
                    .await?
                    .decode()
                    .await
            }
            "10" => {
                self.token("dead")
                    .await?
                    .get("/users/self")
                    .send()
                    .await?
                    .decode()
                    .await
            }
            "11" | "34" => {
                self.expiring(case)
                    .await?
                    .get("/users/self")
                    .send()
                    .await?
                    .decode()
                    .await
            }
            "12" => {
                let request = self.opened().await.get("/data/coverage");
                let request = request.query("limit", 10).query("q", "a b&c=d/é");
                let request = request.query("ids", ["x", "y"]).query("none", None::<&str>);
                let request = request
                    .query("flag", true)
                    .query("d", "2024-01-02")
                    .query("f", 1.5);
                request.send().await?.decode().await
            }
            "14" => {
                self.opened()
                    .await
                    .get("/health")
                    .unversioned()
                    .send()
                    .await?
                    .decode()
                    .await
            }
            "16" => {
                let answer = self.opened().await.get("/users/self").send().await?;
                let id = answer.request_id().map(str::to_owned);
                Ok(json!({ "tuple": [answer.decode::<Value>().await?, id] }))
            }
            "17" => {
                // To an address that is none of the environment's.
                let elsewhere = MarqueeEnvironment::custom(
                    "test",
                    &self.http,
                    &format!("{}/as/token.oauth2", self.http),
                )?;
                let builder = Marquee::client_credentials(
                    elsewhere,
                    "my-client-id",
                    Secret::from("my secret/+&="),
                );
                let session = self.session(named(builder));
                session.init().await?;
                self.replay.begin();
                let target = format!("{}/v1/x", self.other);
                Client::new(&session)
                    .get(&target)
                    .send()
                    .await?
                    .decode()
                    .await
            }
            "18" => {
                let request = self.opened().await.post("/things").json(&Thing::default());
                request.send().await?.decode().await
            }
            "21" => {
                let thing = json!({ "a": 1, "d": "2024-01-02" });
                self.opened()
                    .await
                    .post("/things")
                    .msgpack(&thing)
                    .send()
                    .await?
                    .decode()
                    .await
            }
            "22" => {
                let client = self.opened().await;
                client
                    .post("/df")
                    .json(r#"{"a":{"0":1,"1":2}}"#)
                    .send()
                    .await?;
                client.post("/df0").json("{}").send().await?;
                Ok(Value::Null)
            }
            "23" => {
                let request = self
                    .opened()
                    .await
                    .put("/things/1")
                    .json(&json!({ "a": 2 }));
                request.send().await?.decode().await
            }
            "24" => {
                self.opened()
                    .await
                    .delete("/things/1")
                    .send()
                    .await?
                    .decode()
                    .await
            }
            "25" => {
                let request = self
                    .opened()
                    .await
                    .delete("/things")
                    .query("id", ["a", "b"]);
                request.send().await?.decode().await
            }
            "27" => {
                let client = self.opened().await;
                let one: T = client.get("/one").send().await?.decode().await?;
                let many: Many = client.get("/many").send().await?.decode().await?;
                let list: Vec<T> = client.get("/list").send().await?.decode().await?;
                let shown =
                    |them: &[T]| json!({ "tuple": them.iter().map(T::shown).collect::<Vec<_>>() });
                let many = json!({ "results": shown(&many.results), "total": many.total });
                Ok(json!([one.shown(), many, shown(&list)]))
            }
            "29" => self.statuses().await,
            "31" => {
                let request = self.opened().await.post("/things").json(&json!({ "a": 1 }));
                request.send().await?.decode().await
            }
            "33" | "43" => {
                self.opened()
                    .await
                    .get("/things")
                    .send()
                    .await?
                    .decode()
                    .await
            }
            "35" => self.failures().await,
            "36" => {
                for times in 1..=2 {
                    self.told(self.client(), times).await?;
                }
                Ok(json!("no exception"))
            }
            "38" | "39" => self.transport_errors().await,
            "40" => {
                let request = self.opened().await.get("/users/self").query("a", [1, 2]);
                let request = request.query("n", None::<&str>).query("t", true);
                request.send().await?.decode().await
            }
            "41" => self.methods().await,
            "45" => {
                self.replay.begin();
                let session = self.session(self.client().activity(true));
                let client = Client::current();
                let user = async {
                    self.notices(1).await;
                    client.user().await
                };
                session.enter(user).await??;
                let ended = client_of(&session).user().await.unwrap_err();
                Ok(json!(ended.kind() == ErrorKind::Closed))
            }
            "47" => {
                self.opened()
                    .await
                    .get("/cross")
                    .send()
                    .await?
                    .decode()
                    .await
            }
            "48" => {
                let client = self.told(self.client(), 1).await?;
                let user: Value = client.get("/users/self").send().await?.decode().await?;
                let guid = client.user().await?.guid();
                Ok(json!([user, guid, client.user().await?.app_managers]))
            }
            "49" => {
                let client = self.opened().await;
                let dataset = client.with_header("traceparent", TRACED).dataset("WEATHER");
                let query = DataQuery::between("2016-01-15", "2016-01-16");
                let query = query.filter("city", vec!["Boston", "Austin"]);
                let rows: Vec<Value> = dataset.query(&query).await?;
                // gs_quant asks for the types of the columns, which its data frame needs.
                dataset.definition().await?;
                Ok(frames::by_date(&rows))
            }
            "50" => {
                let dataset = self.opened().await.dataset("WEATHER");
                let covered: Vec<Value> = dataset.coverage().collect().await?;
                let query = DataQuery::new().times(None, Some("2024-01-02T00:00:00.000Z"));
                let last: Vec<Value> = dataset.last(&query.filter("city", "Boston")).await?;
                let covered = frames::text(&covered, None, &["city"]);
                let last = frames::text(&last, Some("date"), &["assetId", "v"]);
                Ok(json!([covered, last]))
            }
            "51" => {
                let query = AssetQuery::by("ticker", "GS").as_of("2024-01-02T00:00:00.000Z");
                let query = query.order_by([">rank"]);
                let found: Vec<Value> = self.opened().await.assets(&query).await?;
                Ok(found.into_iter().next().unwrap_or_else(|| json!("None")))
            }
            "53" => {
                let client = self.opened().await.with_domain(Domain::Web);
                let mut said = vec![say(client.websocket("/stream")).await?];
                let plain = client
                    .websocket("/stream?x=1")
                    .unversioned()
                    .header("X-Extra", "1");
                said.push(say(plain).await?);
                said.push(say(client.websocket("/d").domain(Domain::Web)).await?);
                Ok(json!(said))
            }
            "55" => {
                let client = self.token("ext-token").await?.with_domain(Domain::Web);
                say(client.websocket("/stream")).await.map(Value::String)
            }
            _ => Box::pin(self.run_more(case)).await,
        }
    }

    #[expect(clippy::too_many_lines, reason = "a line or two for each case")]
    async fn run_more(&self, case: &str) -> Result<Value> {
        match &case[..2] {
            "03" => {
                let builder = self.client().scope("run_analytics execute_trades");
                self.told(builder, 1).await?;
                Ok(Value::Null)
            }
            "05" => {
                let builder = self.client().application("my-app", "9");
                let client = self.told(builder, 1).await?;
                client.get("/users/self").send().await?.decode().await
            }
            "08" => {
                let builder = self.client_of("c", "s").domain(Domain::Mds).activity(true);
                let client = self.initialised(builder).await?;
                client.get("/ping").send().await?.decode().await
            }
            "13" => {
                let request = self.opened().await.get("/data/coverage?a=1").query("b", 2);
                request.send().await?.decode().await
            }
            "15" => {
                let request = self.opened().await.get("/users/self");
                let request = request
                    .header("x-application", "mine")
                    .header("accept", "text/csv");
                request.header("x-extra", "1").send().await?.decode().await
            }
            "19" => {
                let client = self.opened().await;
                let post = |body: &'static [u8]| client.post("/raw").body(body);
                let requests = [
                    post(br#"{"as": "it is"}"#),
                    post(b"a,b").header("content-type", "text/csv"),
                    post(b"\x00\xff").header("content-type", "application/octet-stream"),
                ];
                self.all(requests).await
            }
            "20" => {
                let client = self.opened().await;
                self.all([
                    client.post("/things"),
                    client.put("/things/1").json(&json!({})),
                ])
                .await
            }
            "26" => {
                let request = self.opened().await.delete("/things");
                request
                    .json(&json!({ "id": ["a", "b"] }))
                    .send()
                    .await?
                    .decode()
                    .await
            }
            "28" => {
                let client = self.opened().await;
                let get = |path| client.get(path).send();
                Ok(json!([
                    get("/problem").await?.decode::<Value>().await?,
                    get("/text").await?.text().await?,
                    { "bytes_b64": STANDARD.encode(get("/bytes").await?.bytes().await?) },
                    get("/packed").await?.decode::<Value>().await?,
                    get("/msgpack").await?.decode::<Value>().await?,
                    get("/nothing").await?.text().await?,
                ]))
            }
            "30" => {
                let client = self.opened().await;
                let mut results = Vec::new();
                for _ in ["text/html", "text/html; charset=utf-8"] {
                    let error = client.get("/err").send().await.unwrap_err();
                    assert!(!format!("{error} {error:?}").contains("html"), "{error}");
                    results.push(shown(&error));
                }
                Ok(json!(results))
            }
            "32" | "44" => {
                self.opened()
                    .await
                    .get("/things")
                    .send()
                    .await?
                    .decode()
                    .await
            }
            "37" => {
                let client = self.opened().await;
                let mut results = Vec::new();
                let moved = client.post("/moved").json(&json!({ "position": "secret" }));
                for request in [client.get("/same"), client.get("/cross"), moved] {
                    results.push(match request.send().await {
                        Ok(answer) => answer.decode().await?,
                        Err(error) => shown(&error),
                    });
                }
                Ok(json!(results))
            }
            "42" => {
                let client = self.opened().await;
                let with_both = client.get("/data/coverage?a=1").query("b", 2);
                self.all([with_both, client.get("/data/coverage?a=1")])
                    .await
            }
            "46" => {
                // In two runtimes, which share no connection.
                let client = self.opened().await;
                let mut results = Vec::new();
                for _ in 0..2 {
                    let client = client.clone();
                    let twice = async move {
                        let get = || client.get("/users/self").send();
                        let first = get().await?.decode::<Value>().await?;
                        Ok::<_, session_core::Error>(json!([
                            first,
                            get().await?.decode::<Value>().await?
                        ]))
                    };
                    let run = move || {
                        let runtime = tokio::runtime::Builder::new_current_thread();
                        let runtime = { runtime }.enable_all().build();
                        runtime.unwrap().block_on(twice)
                    };
                    results.push(tokio::task::spawn_blocking(run).await.unwrap()?);
                }
                Ok(json!(results))
            }
            "52" => {
                let client = self.opened().await;
                let client = client.with_header("traceparent", TRACED);
                client.get("/users/self").send().await?;
                client
                    .post("/things")
                    .json(&json!({ "a": 1 }))
                    .send()
                    .await?;
                let websocket = client.websocket("/stream").domain(Domain::Web);
                say(websocket).await.map(Value::String)
            }
            "56" | "57" | "58" => Box::pin(self.cookies(case)).await,
            "54" => {
                let client = self.opened().await;
                let websocket = client.websocket("/stream").domain(Domain::Web);
                say(websocket).await.map(Value::String)
            }
            _ => panic!("{case} is a trace without a case"),
        }
    }

    /// What each of the requests is answered.
    async fn all(&self, requests: impl IntoIterator<Item = RequestBuilder>) -> Result<Value> {
        let mut results = Vec::new();
        for request in requests {
            results.push(request.send().await?.decode::<Value>().await?);
        }
        Ok(json!(results))
    }

    async fn token(&self, token: &str) -> Result<Client> {
        self.initialised(named(Marquee::token(
            self.environment(),
            Secret::from(token),
        )))
        .await
    }

    /// A client whose session's token has expired, if that is the case.
    async fn expiring(&self, case: &str) -> Result<Client> {
        let client = self.opened().await;
        if case.starts_with("34") {
            self.clock.advance(Duration::from_secs(2));
        }
        Ok(client)
    }

    async fn statuses(&self) -> Result<Value> {
        let client = self.opened().await;
        let mut results = json!({});
        for status in [400, 403, 404, 409, 422, 429, 500, 501, 502, 503, 504] {
            self.replay.requests();
            let error = client.get("/err").send().await.unwrap_err();
            let id = Failure::of(&error).and_then(Failure::request_id);
            assert_eq!(id, Some(&*format!("R{status}")));
            let mut result = shown(&error);
            result["requests"] = self.replay.requests().into();
            results[status.to_string()] = result;
        }
        Ok(results)
    }

    async fn failures(&self) -> Result<Value> {
        self.replay.begin();
        let mut results = json!({});
        for name in [
            "400",
            "503",
            "200 html",
            "200 no token",
            "302 elsewhere",
            "307 elsewhere",
        ] {
            self.replay.token_requests();
            let session = self.session(self.client().activity(true));
            let result = match session.init().await {
                Ok(()) => json!("initialised"),
                Err(error) => shown(&error),
            };
            // Whether a failed init leaves something that a request would be made with.
            let after = client_of(&session).user().await.unwrap_err();
            results[name] = json!({
                "result": result,
                "token_requests": self.replay.token_requests(),
                "session_left_set": after.kind() != ErrorKind::Closed,
            });
        }
        Ok(results)
    }

    async fn transport_errors(&self) -> Result<Value> {
        let client = self.opened().await;
        let mut results = json!({});
        for name in ["hang", "reset", "close without an answer", "truncated"] {
            self.replay.requests();
            // What is asked for once more is answered alike.
            self.replay.turn_to_next();
            let request = client.get("/bad");
            let error = if name == "hang" {
                self.timed_out(request).await
            } else {
                match request.send().await {
                    Ok(answer) => answer.decode::<Value>().await.unwrap_err(),
                    Err(error) => error,
                }
            };
            let mut result = shown(&error);
            result["requests"] = self.replay.requests().into();
            results[name] = result;
        }
        Ok(results)
    }

    /// What became of a request that hangs, for as long as it may.
    async fn timed_out(&self, request: RequestBuilder) -> session_core::Error {
        let hangs = tokio::spawn(request.send());
        let recorded = || {
            let recorded = self.replay.recorded().into_iter();
            recorded.map(|it| it.target).any(|it| it == "/v1/bad")
        };
        // Nobody tells when one is that gets no answer.
        while !recorded() {
            tokio::task::yield_now().await;
        }
        // From here on the time is ours; it was the machine's as long as the request was on its way.
        tokio::time::pause();
        tokio::time::advance(Client::TIME_LIMIT).await;
        let error = hangs.await.unwrap().unwrap_err();
        tokio::time::resume();
        error
    }

    async fn methods(&self) -> Result<Value> {
        let client = self.opened().await;
        let (a, id) = (json!({ "a": 1 }), json!({ "id": "x" }));
        client.post("/p").json(&a).send().await?;
        client.post("/m").msgpack(&a).send().await?;
        client.put("/u").json(&a).send().await?;
        client.delete("/d").query("id", "x").send().await?;
        client.delete("/d").json(&id).send().await?;
        client.post("/empty").send().await?;
        Ok(Value::Null)
    }
}

/// What `gs_quant` says of itself, so that the two can be compared.
pub(crate) fn named(builder: MarqueeBuilder) -> MarqueeBuilder {
    builder.application("gs-quant", "2.2.1")
}

fn client_of(session: &SessionHandle) -> Client {
    Client::new(session)
}

pub(crate) async fn say(websocket: session_marquee::WebSocketBuilder) -> Result<String> {
    let mut socket = websocket.connect().await?;
    socket.send(Message::text("hi")).await?;
    let answer = socket.receive().await?.unwrap();
    Ok(answer.into_text().unwrap().to_string())
}

/// Where a session's requests to a service go, without the version of the API.
fn origin(session: &SessionHandle, domain: Domain) -> String {
    let url = session.environment().url(domain.as_str()).unwrap();
    url.origin().ascii_serialization()
}

/// What the class that `gs_quant` is told to make of answers is in the traces.
#[derive(Deserialize)]
struct T {
    a: u8,
}

impl T {
    fn shown(&self) -> Value {
        format!("T({{'a': {}}})", self.a).into()
    }
}

#[derive(Deserialize)]
struct Many {
    results: Vec<T>,
    total: usize,
}

#[derive(Serialize)]
struct Thing {
    a: u8,
    d: &'static str,
    t: &'static str,
    e: &'static str,
    u: &'static str,
    n: Option<u8>,
}

impl Default for Thing {
    fn default() -> Self {
        Self {
            a: 1,
            d: "2024-01-02",
            t: "2024-01-02T03:04:05.000Z",
            e: Scope::RunAnalytics.as_str(),
            u: "é",
            n: None,
        }
    }
}
