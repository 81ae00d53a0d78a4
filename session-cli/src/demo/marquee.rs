//! Goldman Sachs Marquee, or what stands in for it.

use std::fmt;

use serde_json::{Value, json};
use session_kit::{
    marquee::{Client, Marquee, MarqueeEnvironment},
    mock::{self, Kind, Provider},
};

use super::{
    received::{how, last, of_kind},
    running::Running,
    teller::Teller,
};
use crate::failure::Failure;

const CITIES: [&str; 5] = ["Austin", "Boston", "Oslo", "Paris", "Rome"];

/// A Marquee with some data, inside this command.
pub(crate) fn start() -> Result<Running, Failure> {
    let marquee = mock::Marquee::new();
    marquee.set_coverage("WEATHER", CITIES.map(|city| json!({ "city": city })));
    marquee.set_page(2);
    Running::of("marquee", Provider::builder().site(marquee))
}

/// The session that programs in Python have by `GsSession.use`.
pub(crate) async fn tell(teller: &mut Teller, running: &Running) -> Result<(), Failure> {
    teller.step(
        "Another backend: Marquee, as gs_quant knows it",
        "let desk = Marquee::client_credentials(environment, id, secret).open()?;",
    )?;
    let provider = &running.provider;
    let (api, auth) = (provider.api().as_str(), provider.token_endpoint().as_str());
    let environment = MarqueeEnvironment::custom(running.name, api, auth)?;
    let (id, secret) = (provider.client_id(), provider.client_secret());
    let session = Marquee::client_credentials(environment, id, secret).open()?;
    session.init().await?;
    let log = provider.log();
    let asked: Vec<_> = of_kind(&log, Kind::Token).map(how).collect();
    teller.fact(
        "1 token request, with the client credentials grant, by client_secret_post",
        asked,
        vec![(Some("client_credentials"), Some("client_secret_post"))],
    )?;
    let client = Client::new(&session);
    let answer = client.get("/users/self").send().await?;
    let has_id = answer.request_id().is_some();
    let user: Value = answer.decode().await?;
    received(teller, running, "GET /v1/users/self → 200, token 1")?;
    teller.fact(
        "the answer says who that is, and has a request id",
        (user.get("id").is_some(), has_id),
        (true, true),
    )?;
    let mut pages = client.dataset("WEATHER").coverage::<Value>();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next_page().await? {
        sizes.push(page.len());
    }
    teller.fact(
        format_args!("{} cities came in 3 pages", CITIES.len()),
        sizes,
        vec![2, 2, 1],
    )?;
    provider.refuse();
    client.get("/users/self").send().await?;
    received(teller, running, "GET /v1/users/self → 200, token 2")?;
    teller.fact(
        "token 1 was revoked meanwhile: 1 more was asked for",
        running.count(Kind::Token),
        2,
    )?;
    Ok(session.close().await?)
}

fn received(
    teller: &mut Teller,
    running: &Running,
    line: impl fmt::Display,
) -> Result<(), Failure> {
    teller.fact(&line, last(running, 1), vec![line.to_string()])
}
