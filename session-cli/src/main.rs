//! The command `session`: tokens, headers and authenticated requests by profile.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `counterparts` | this crate's own tests against a real realm, which `cargo xtask test` starts |

#![forbid(unsafe_code)]

mod backends;
mod cli;
mod demo;
mod doctor;
mod exit;
mod failure;
mod header;
mod logging;
mod moment;
mod opened;
mod output;
mod profile;
mod progress;
mod request;
mod signals;
mod status;
mod table;
mod token;
mod usage;

use std::process::ExitCode;

use clap::Parser as _;

use crate::{
    cli::{Cli, Command},
    exit::Exit,
    failure::Failure,
};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => {
            let answer = usage::discreet(answer);
            // Help and versions come this way too. Whoever closed the pipe does not want to read them.
            let _ = answer.print();
            return if answer.use_stderr() {
                Exit::Usage.into()
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    cli.color.apply();
    logging::start(cli.verbose);
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            failure.exit().into()
        }
    }
}

fn run(cli: &Cli) -> Result<(), Failure> {
    let config = cli.config.as_deref();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Unexpected(format!("no thread can be started: {error}")))?;
    let outcome = runtime.block_on(async {
        match &cli.command {
            Command::Demo(args) => demo::run(args).await,
            Command::Backends(args) => backends::run(args),
            Command::Token(args) => token::run(config, args).await,
            Command::Header(args) => header::run(config, args).await,
            Command::Request(args) => request::run(config, args).await,
            Command::Status(args) => status::run(config, args),
            Command::Doctor(args) => doctor::run(config, args).await,
        }
    });
    // Does not wait for a thread that still waits for a reader.
    runtime.shutdown_background();
    outcome
}
