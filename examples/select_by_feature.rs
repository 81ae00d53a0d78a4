//! A cargo feature selects the backend, a name opens it: nothing else in the program says how one authenticates.
//!
//!     cargo run --example select_by_feature --features oauth,mock-server
#![expect(clippy::print_stdout, reason = "a terminal program")]

use session_kit::{Config, backends, http::Client, mock::Provider};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    for backend in backends() {
        println!("linked: {}, {}", backend.name(), backend.summary());
    }

    // An identity provider and its API, on this machine.
    let provider = Provider::start()?;
    let config = Config::new()
        .set("client_id", provider.client_id())
        .set("client_secret", provider.client_secret())
        .set("environment.issuer", provider.issuer().as_str())
        .set("environment.api", provider.api().as_str());

    let session = session_kit::open("oauth", config)?;
    let orders =
        session.enter(async { Client::current().get("orders").send().await?.text().await });
    println!("{}", orders.await??);

    // No feature of this example selects this one.
    if let Err(error) = session_kit::open("smoke-signals", Config::new()) {
        println!("{:?}: {error}", error.kind());
    }
    Ok(())
}
