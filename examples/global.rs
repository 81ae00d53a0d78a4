//! One session for the whole program: installed at its start, found wherever a request is made, closed at its end.
//!
//!     cargo run --example global --features oauth,mock-server
#![expect(clippy::print_stdout, reason = "a terminal program")]

use session_kit::{
    Result,
    http::Client,
    mock::{Kind, Provider},
    oauth::{AuthorizationServer, OAuth},
    set_current,
};

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    // An identity provider and its API, on this machine.
    let provider = Provider::start()?;

    let server = AuthorizationServer::issuer(provider.issuer().as_str());
    let session = OAuth::client_credentials(server, provider.client_id(), provider.client_secret())
        .scope("read")
        .api(provider.api().as_str())
        .open()?;
    session.install().await?;

    // No session is passed to any of these.
    println!("{}", read("orders").await?);
    println!("{}", tokio::spawn(read("invoices")).await??);
    let (first, second) = tokio::join!(read("customers"), read("parcels"));
    println!("{}\n{}", first?, second?);
    println!("token requests: {}", provider.count(Kind::Token));

    set_current(None)?;
    session.close().await?;
    println!("revocations: {}", provider.count(Kind::Revoke));
    Ok(())
}

/// Somewhere deep in the program.
async fn read(path: &str) -> Result<String> {
    Client::current()
        .get(path)
        .send()
        .await?
        .error_for_status()?
        .text()
        .await
}
