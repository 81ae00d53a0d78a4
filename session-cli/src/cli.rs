//! What can be typed.

use std::path::PathBuf;

use clap::{ArgAction, Parser, Subcommand};

use crate::{backends, demo, doctor, header, output::Color, request, status, token};

/// Tokens, headers and authenticated requests for any service, by profile.
#[derive(Debug, Parser)]
#[command(
    name = "session",
    version,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = EXIT_CODES,
    after_long_help = EXIT_CODES
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// The file with the profiles [default: `$SESSION_CONFIG`, else `session-kit/sessions.toml` in the user's
    /// configuration folder]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Say what happens, on standard error: -v briefly, -vv in detail, -vvv all
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// When to use colors; `auto` means on a terminal, unless `NO_COLOR` is set
    #[arg(long, global = true, value_name = "WHEN", default_value_t, value_enum)]
    pub(crate) color: Color,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(demo::Args),
    Backends(backends::Args),
    Token(token::Args),
    Header(header::Args),
    Request(request::Args),
    Status(status::Args),
    Doctor(doctor::Args),
}

const EXIT_CODES: &str = "\
Exit codes:
  0   done
  1   something unexpected
  2   wrong usage or configuration
  3   denied, or a person must log in
  4   unavailable: worth trying again later
  22  the server answered with an HTTP status of 400 or more
  130, 143  interrupted, terminated (SIGTERM)";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }
}
