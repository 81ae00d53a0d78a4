//! `session demo --serve`

use std::{
    fmt::Write as _,
    io::{self, Write as _},
};

use session_kit::mock::Entry;

use super::{folder::Folder, received, running::Running, teller};
use crate::{
    failure::Failure,
    output::{self, BOLD, CODE, DIM},
    signals::Signals,
};

/// Keeps the providers up until somebody ends it, and shows what they receive.
pub(crate) async fn serve(prod: &Running, qa: &Running, marquee: &Running) -> Result<(), Failure> {
    // Before anybody can know what to end.
    let end = end().map_err(|error| unable("the signals that end it cannot be caught", &error))?;
    let problem = "the configuration cannot be written to a temporary folder";
    let folder = Folder::new().map_err(|error| unable(problem, &error))?;
    let config =
        write_config(&folder, &[prod, qa], marquee).map_err(|error| unable(problem, &error))?;

    introduce(&folder, &config, prod)?;
    tokio::select! {
        () = end => Ok(()),
        failed = follow(prod) => Err(failed.into()),
        failed = follow(qa) => Err(failed.into()),
        failed = follow(marquee) => Err(failed.into()),
    }
}

/// The profiles; each secret in a file of its own, so that they can be shown.
fn write_config(folder: &Folder, all: &[&Running], marquee: &Running) -> io::Result<String> {
    let mut config = "default = \"prod\"\n".to_owned();
    for Running { name, provider } in all {
        let secret = format!("{name}-secret");
        folder.write(&secret, provider.client_secret())?;
        // Nothing in these needs to be escaped in TOML.
        let (id, issuer, api) = (provider.client_id(), provider.issuer(), provider.api());
        let _ = write!(
            config,
            r#"
[profiles.{name}]
backend = "oauth"
client_id = "{id}"
client_secret = {{ file = "{secret}" }}
scopes = ["read"]

[profiles.{name}.environment]
name = "{name}"
issuer = "{issuer}"
api = "{api}"
"#
        );
    }
    let Running { name, provider } = marquee;
    let secret = format!("{name}-secret");
    folder.write(&secret, provider.client_secret())?;
    let (id, auth, api) = (
        provider.client_id(),
        provider.token_endpoint(),
        provider.api(),
    );
    let _ = write!(
        config,
        r#"
[profiles.{name}]
backend = "marquee"
client_id = "{id}"
client_secret = {{ file = "{secret}" }}

[profiles.{name}.environment]
name = "{name}"
api = "{api}"
auth = "{auth}"
"#
    );
    folder.write(CONFIG, &config)?;
    Ok(config)
}

const CONFIG: &str = "sessions.toml";

fn introduce(folder: &Folder, config: &str, prod: &Running) -> Result<(), Failure> {
    let path = folder.path(CONFIG);
    let path = path.display();
    let mut text = output::text();
    writeln!(
        text,
        "\n{BOLD}The providers stay up. A configuration for them:{BOLD:#} {path}\n"
    )?;
    for line in config.lines() {
        let indent = if line.is_empty() { "" } else { "   " };
        writeln!(text, "{indent}{DIM}{line}{DIM:#}")?;
    }
    drop(text);
    let curl = format!("header | curl -H @- {}orders", prod.provider.api());
    teller::suggest(
        &format!("{} --config {path}", teller::program()),
        &[
            ("status", ""),
            ("token", ""),
            ("token -p qa --json", ""),
            ("request GET orders", ""),
            ("request -p marquee GET /users/self", ""),
            ("request POST orders --json '{\"n\": 1}' -i", ""),
            (&curl, ""),
        ],
    )?;
    teller::say(format_args!(
        "\nEnd it by {CODE}Ctrl-C{CODE:#}, which also removes the configuration. Requests as they come:"
    ))?;
    Ok(())
}

/// Shows each request to a provider once it was answered, as long as the provider's log goes back to the first.
async fn follow(running: &Running) -> io::Error {
    let mut shown = running.provider.log().len();
    loop {
        let answered = |log: &[Entry]| log.get(shown).is_some_and(|entry| entry.status().is_some());
        running.provider.wait_for(answered).await;
        for entry in running.provider.log().iter().skip(shown) {
            if entry.status().is_none() {
                break;
            }
            shown += 1;
            let line = received::line(entry);
            if let Err(failed) = writeln!(output::text(), "   {:4}  {line}", running.name) {
                return failed;
            }
        }
    }
}

#[cfg(unix)]
fn end() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut signals = Signals::catch()?;
    let mut hang_up = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = signals.next() => {}
            _ = hang_up.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn end() -> io::Result<impl Future<Output = ()>> {
    let mut signals = Signals::catch()?;
    Ok(async move { drop(signals.next().await) })
}

fn unable(problem: &str, error: &io::Error) -> Failure {
    Failure::Unexpected(format!("{problem}: {error}"))
}
