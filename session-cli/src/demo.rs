//! `session demo`

mod folder;
mod marquee;
mod received;
mod running;
mod served;
mod staging;
mod story;
mod teller;
mod work;

use crate::failure::Failure;

use self::{running::Running, teller::Teller};

/// Show the main job on an identity provider and API that run inside this command
///
/// Every line with a check mark is a fact that was checked, most of them against the provider's own log: the command
/// fails if one does not hold. Everything stays on this machine.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Keep the providers up afterwards, and print a configuration to try the other commands with
    #[arg(long)]
    serve: bool,
}

pub(crate) async fn run(args: &Args) -> Result<(), Failure> {
    let prod = Running::start("prod")?;
    let qa = Running::start("qa")?;
    let marquee = marquee::start()?;
    let mut teller = Teller::new();
    story::tell(&mut teller, &prod, &qa, &marquee).await?;
    if args.serve {
        return served::serve(&prod, &qa, &marquee).await;
    }
    let next = [
        (
            "demo --serve",
            "keep the providers up, and try all of the following on them",
        ),
        ("backends", "what can be configured in sessions.toml"),
        ("status", "your profiles"),
        ("token", "an access token"),
        ("request GET PATH", "an authenticated request"),
    ];
    Ok(teller::suggest(&teller::program(), &next)?)
}
