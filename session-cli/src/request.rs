//! `session request`

mod body;
mod pair;
mod source;

use std::{
    io::{self, IsTerminal as _},
    path::Path,
    time::Duration,
};

use clap::ArgGroup;
use http::{
    HeaderName, HeaderValue, Method,
    header::{ACCEPT, CONTENT_TYPE},
};
use session_kit::{
    SessionHandle,
    http::{Client, RequestBuilder, Response},
};

use crate::{failure::Failure, opened, output, profile::ProfileArg, progress::Progress};

/// Make an authenticated HTTP request
///
/// The answer's body goes to standard output as it comes. Authenticates before, and closes the session afterwards. A
/// credential that the server refuses is renewed once, and the request repeated once; redirects are followed.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("content").args(["data", "json"]))]
pub(crate) struct Args {
    #[command(flatten)]
    profile: ProfileArg,

    /// `GET`, `POST`, …, in any case
    method: String,

    /// A path below the environment's `api`, or a URL that the credential may go to
    #[arg(value_name = "PATH|URL")]
    target: String,

    /// Adds a header; `@FILE` reads some from a file, `@-` from standard input, one on each line. Those are taken for
    /// secret: they follow no redirect to another origin
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE|@FILE")]
    headers: Vec<String>,

    /// Adds to the URL's query
    #[arg(short, long = "query", value_name = "NAME=VALUE")]
    query: Vec<String>,

    /// The body, as it is; `@FILE` reads it from a file, `@-` from standard input. Says nothing of its type: add `-H
    /// 'Content-Type: …'`
    #[arg(short, long, value_name = "BODY|@FILE")]
    data: Option<String>,

    /// The body as `--data`, which must be JSON; also says that it is, and asks for JSON
    #[arg(long, value_name = "JSON|@FILE")]
    json: Option<String>,

    /// Also print the answer's status and headers
    #[arg(short, long)]
    include: bool,
}

pub(crate) async fn run(config: Option<&Path>, args: &Args) -> Result<(), Failure> {
    // What is wrong with the command costs no authentication, and is told whether or not there could be one.
    let parts = Parts::read(args)?;
    let session = args.profile.open(config)?;
    let request = parts.build(&client(&session));
    request.check()?;
    opened::for_now(session, async |_| exchange(request, args.include).await).await
}

/// A request as it was typed, understood.
struct Parts {
    method: Method,
    target: String,
    query: Vec<(String, String)>,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Option<Vec<u8>>,
}

impl Parts {
    fn read(args: &Args) -> Result<Self, Failure> {
        let from_elsewhere = args.headers.iter().chain(&args.data).chain(&args.json);
        if from_elsewhere.filter(|text| *text == "@-").count() > 1 {
            return Err(Failure::Usage(
                "`@-` is there twice, and standard input can be read once; use a file".into(),
            ));
        }
        let method = Method::from_bytes(args.method.to_ascii_uppercase().as_bytes());
        let mut parts = Self {
            method: method
                .map_err(|_| Failure::Usage("METHOD is none; write it as in `GET`".into()))?,
            target: args.target.clone(),
            query: args
                .query
                .iter()
                .map(|text| pair::query(text))
                .collect::<Result<_, _>>()?,
            headers: Vec::new(),
            body: None,
        };
        for text in &args.headers {
            parts.headers.extend(pair::headers(text)?);
        }
        if let Some(data) = &args.data {
            parts.body = Some(body::read(data)?);
        }
        if let Some(json) = &args.json {
            parts.body = Some(body::read_json(json)?);
            parts.say_unless_said(CONTENT_TYPE, "application/json");
            parts.say_unless_said(ACCEPT, "application/json");
        }
        Ok(parts)
    }

    fn say_unless_said(&mut self, name: HeaderName, value: &'static str) {
        if !self.headers.iter().any(|(known, _)| *known == name) {
            self.headers.push((name, HeaderValue::from_static(value)));
        }
    }

    fn build(self, client: &Client) -> RequestBuilder {
        let mut request = client.request(self.method, &self.target).query(self.query);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        match self.body {
            Some(body) => request.body(body),
            None => request,
        }
    }
}

fn client(session: &SessionHandle) -> Client {
    // A download takes as long as it takes; servers that say nothing at all are given up on all the same.
    Client::builder()
        .session(session)
        .timeout(Duration::MAX)
        .build()
}

async fn exchange(request: RequestBuilder, include: bool) -> Result<(), Failure> {
    let mut progress = Progress::on_terminal();
    let mut answer = progress.during(request.send()).await?;
    // Without path and query, which may hold secrets.
    let host = answer.url().host_str().unwrap_or_default().to_owned();
    let status = answer.status();
    tracing::info!(host, %status, version = ?answer.version(), "answered");
    if include {
        output::pass_on(head(&answer)).await?;
    }
    if io::stdout().is_terminal() {
        // From here on the two would write over each other.
        progress = Progress::none();
    }
    while let Some(chunk) = progress.during(answer.chunk()).await? {
        progress.received(chunk.len());
        output::pass_on(chunk).await?;
    }
    if status.is_client_error() || status.is_server_error() {
        return Err(Failure::Status { host, status });
    }
    Ok(())
}

/// As on the wire of HTTP/1.1, whatever the version.
fn head(answer: &Response) -> Vec<u8> {
    let status = answer.status();
    let mut head = format!("{:?} {status}\r\n", answer.version()).into_bytes();
    for (name, value) in answer.headers() {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}
