//! Sessions in scopes: each block has its own, on any thread and side by side.
//!
//!     cargo run --example scoped --features oauth,mock-server
#![expect(clippy::print_stdout, reason = "a terminal program")]

use session_kit::{
    BasicEnvironment, Error, Result, SessionHandle, WithSession, current, http::Client,
    mock::Provider, oauth::OAuth,
};

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    // Two identity providers with an API each, on this machine.
    let (prod, qa) = (Provider::start()?, Provider::start()?);
    let (prod, qa) = (open("prod", &prod)?, open("qa", &qa)?);

    // Opened on the way in, closed on the way out; the innermost is current.
    let nested = prod.enter(async {
        read().await?;
        qa.enter(read()).await??;
        // Spawned work inherits the scope only when asked.
        let inherited = tokio::spawn(read().with_current_session()).await;
        inherited.expect("reading does not panic")?;
        let alone = tokio::spawn(async { current() }).await;
        println!(
            "unasked: {:?}",
            alone.expect("nor does this").map_err(|error| error.kind())
        );
        Ok::<_, Error>(())
    });
    nested.await??;
    println!("afterwards: prod is {}", prod.status().state);

    // Side by side on one thread: neither sees the other.
    let (in_prod, in_qa) = tokio::join!(prod.enter(read()), qa.enter(read()));
    in_prod??;
    in_qa??;
    Ok(())
}

fn open(environment: &str, provider: &Provider) -> Result<SessionHandle> {
    let services = BasicEnvironment::new(environment).service("api", provider.api().as_str())?;
    OAuth::client_credentials(
        provider.token_endpoint(),
        provider.client_id(),
        provider.client_secret(),
    )
    .environment(services)
    .open()
}

/// Reads with whatever session is current.
async fn read() -> Result<()> {
    let answer = Client::current().get("orders").send().await?;
    println!("{}: {}", current()?.environment().name(), answer.status());
    Ok(())
}
