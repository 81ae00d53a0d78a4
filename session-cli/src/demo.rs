//! `session demo`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Keep up
    #[arg(long)]
    serve: bool,
}
pub(crate) async fn run(_: &Args) -> Result<(), crate::failure::Failure> { Ok(()) }
