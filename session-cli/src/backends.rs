//! `session backends`

use std::io::Write as _;

use serde::Serialize;
use session_kit::{Backend, Key};

use crate::{
    failure::Failure,
    output::{self, BOLD, DIM},
    table::Table,
};

/// List the linked backends: name, what for, configuration keys
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let backends = session_kit::backends();
    if args.json {
        let backends: Vec<_> = backends.map(BackendJson::from).collect();
        return output::json(&backends);
    }
    let mut text = output::text();
    for (index, backend) in backends.enumerate() {
        if index > 0 {
            writeln!(text)?;
        }
        writeln!(
            text,
            "{BOLD}{}{BOLD:#}  {DIM}{}{DIM:#}",
            backend.name(),
            backend.summary()
        )?;
        let mut table = Table::new(["KEY", "KIND", "REQUIRED", "WHAT FOR"]);
        for key in backend.keys() {
            let required = if key.is_required() { "yes" } else { "" };
            table.row([
                key.name().to_owned(),
                key.kind().as_str().to_owned(),
                required.to_owned(),
                documentation(key),
            ]);
        }
        table.write("  ", &mut text)?;
    }
    Ok(text.flush()?)
}

fn documentation(key: &Key) -> String {
    match key.kind().choices() {
        [] => key.documentation().to_owned(),
        choices => format!("{} [{}]", key.documentation(), choices.join(", ")),
    }
}

#[derive(Serialize)]
struct BackendJson {
    name: &'static str,
    summary: &'static str,
    keys: Vec<KeyJson>,
}

#[derive(Serialize)]
struct KeyJson {
    name: &'static str,
    kind: &'static str,
    required: bool,
    documentation: &'static str,
    /// Empty where any value of the kind will do.
    choices: &'static [&'static str],
}

impl From<&'static Backend> for BackendJson {
    fn from(backend: &'static Backend) -> Self {
        Self {
            name: backend.name(),
            summary: backend.summary(),
            keys: backend.keys().map(KeyJson::from).collect(),
        }
    }
}

impl From<&'static Key> for KeyJson {
    fn from(key: &'static Key) -> Self {
        Self {
            name: key.name(),
            kind: key.kind().as_str(),
            required: key.is_required(),
            documentation: key.documentation(),
            choices: key.kind().choices(),
        }
    }
}
