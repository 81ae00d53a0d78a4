//! Marquee, as who knows `gs_quant` expects it: a session for the whole program, who that is, and data page by page.
//!
//!     cargo run --example marquee --features marquee,mock-marquee
#![expect(clippy::print_stdout, reason = "a terminal program")]

use serde_json::{Value, json};
use session_kit::{
    marquee::{Client, Failure, Marquee, MarqueeEnvironment, Scope},
    mock::{self, Provider},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // What stands in for Marquee, on this machine.
    let site = mock::Marquee::new();
    site.set_coverage(
        "WEATHER",
        ["Austin", "Boston", "Oslo"].map(|city| json!({ "city": city })),
    );
    site.set_page(2);
    let provider = Provider::builder().site(site).start()?;
    let (api, auth) = (provider.api().as_str(), provider.token_endpoint().as_str());

    // The real one is `MarqueeEnvironment::prod()`.
    let environment = MarqueeEnvironment::custom("demo", api, auth)?;
    let (id, secret) = (provider.client_id(), provider.client_secret());
    let session = Marquee::client_credentials(environment, id, secret)
        .scope(Scope::RunAnalytics)
        .open()?;
    session.install().await?; // as `GsSession.use`

    let client = Client::current();
    println!("the session is {}", client.user().await?.guid());
    let mut pages = client.dataset("WEATHER").coverage::<Value>();
    while let Some(page) = pages.next_page().await? {
        println!("{} more cities", page.len());
    }
    if let Err(error) = client.get("/status/403").send().await {
        let failure = Failure::of(&error).ok_or("no answer")?;
        println!(
            "{:?}: {:?}",
            failure.class(),
            failure.request_id().is_some()
        );
    }
    session.close().await?;
    Ok(())
}
