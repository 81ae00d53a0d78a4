//! A program for a server that wants Kerberos, with whatever way to a ticket its profile describes.
//!
//!     cargo run --example kerberos --features kerberos -- PROFILE PATH
#![expect(clippy::print_stdout, reason = "a terminal program")]

use session_kit::{Result, http::Client};

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let profile = args.next().unwrap_or("keytab".to_owned());
    let path = args.next().unwrap_or("/api/".to_owned());

    let session = session_kit::profile(&profile)?; // nothing is loaded or sent yet
    session.install().await?; // gets a ticket
    println!("{}", read(&path).await?);
    session.close().await // drops the tickets
}

async fn read(path: &str) -> Result<String> {
    let answer = Client::current().get(path).send().await?; // with a token of its own
    answer.error_for_status()?.text().await
}
