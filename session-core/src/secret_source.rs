//! Where a secret comes from.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::{self, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    ptr,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use tokio::sync::oneshot;
use toml_writer::{ToTomlValue, TomlStringBuilder};
use zeroize::Zeroizing;

use crate::{Error, ErrorKind, Result, Secret, wiped};

/// How long a file or a command may take.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Where a secret comes from: it is given, or found in an environment variable, a file, or the
/// output of a command.
///
/// Backends [`resolve`](Self::resolve) it whenever they authenticate or renew, so that a secret that was
/// rotated in its place is used without a restart.
///
/// ```
/// use session_core::SecretSource;
///
/// let given = SecretSource::literal("hunter2");
/// let vault = SecretSource::command(["pass", "show", "orders"]);
/// assert_eq!(format!("{given:?} {vault:?}"), "Literal(..) Command(\"pass\", ..)");
/// ```
#[derive(Clone)]
pub struct SecretSource {
    source: Source,
    /// Where it was configured, for errors.
    place: Option<Arc<str>>,
}

#[derive(Clone)]
enum Source {
    Literal(Secret),
    Env(String),
    File(PathBuf),
    Command(Vec<String>),
}

impl SecretSource {
    /// The secret itself.
    pub fn literal(secret: impl Into<Secret>) -> Self {
        Self::new(Source::Literal(secret.into()))
    }

    /// An environment variable of this process.
    pub fn env(name: impl Into<String>) -> Self {
        Self::new(Source::Env(name.into()))
    }

    /// A file of at most 1 MiB. A line break at its end is not part of the secret.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::new(Source::File(path.into()))
    }

    /// What a program prints to its standard output: at most 1 MiB, within 30 seconds. A line break
    /// at its end is not part of the secret.
    ///
    /// The program is started directly, without a shell, and has no standard input.
    pub fn command<S: Into<String>>(command: impl IntoIterator<Item = S>) -> Self {
        Self::new(Source::Command(
            command.into_iter().map(Into::into).collect(),
        ))
    }

    /// Finds the secret, anew at each call. Does not block the thread, and needs no particular runtime.
    ///
    /// # Errors
    ///
    /// `Config` when there is no such variable, file or program, when it is empty, or when the
    /// program fails; `Unavailable` when it takes too long.
    pub async fn resolve(&self) -> Result<Secret> {
        self.resolve_within(TIME_LIMIT).await
    }

    /// It as a configuration has it, such as `{ env = "ORDERS_SECRET" }`. The path of a file is an absolute one, for what is written
    /// may be read in another folder.
    ///
    /// `None` for a secret that was given: what is written down leads to secrets, and holds none. Also for what no configuration can
    /// have: the name of a variable that is not letters, digits and `_`, a path that is empty or not UTF-8, an empty command.
    pub fn to_toml(&self) -> Option<String> {
        let quoted = |text: &str| TomlStringBuilder::new(text).as_basic().to_toml_value();
        match &self.source {
            Source::Env(name) if is_variable(name) => Some(format!("{{ env = {} }}", quoted(name))),
            Source::File(path) => {
                let path = path::absolute(path).ok()?;
                Some(format!("{{ file = {} }}", quoted(path.to_str()?)))
            }
            Source::Command(command) if !command.is_empty() => {
                let command: Vec<_> = command.iter().map(|part| quoted(part)).collect();
                Some(format!("{{ command = [{}] }}", command.join(", ")))
            }
            Source::Literal(_) | Source::Env(_) | Source::Command(_) => None,
        }
    }

    /// The same source with the place that errors name, such as ``sessions.toml:12: `client_secret` ``.
    pub(crate) fn at(self, place: impl Into<Arc<str>>) -> Self {
        Self {
            place: Some(place.into()),
            ..self
        }
    }

    /// The secret itself, where it was given.
    pub(crate) fn as_literal(&self) -> Option<&Secret> {
        match &self.source {
            Source::Literal(secret) => Some(secret),
            _ => None,
        }
    }

    /// Whether it is known, without a look at any secret, that both are one source. Given ones are when they are clones.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (&self.source, &other.source) {
            (Source::Literal(a), Source::Literal(b)) => ptr::eq(a.expose(), b.expose()),
            (Source::Env(a), Source::Env(b)) => a == b,
            (Source::File(a), Source::File(b)) => a == b,
            (Source::Command(a), Source::Command(b)) => a == b,
            _ => false,
        }
    }

    fn new(source: Source) -> Self {
        Self {
            source,
            place: None,
        }
    }

    async fn resolve_within(&self, limit: Duration) -> Result<Secret> {
        match &self.source {
            Source::Literal(secret) => Ok(secret.clone()),
            Source::Env(name) => match std::env::var_os(name) {
                Some(value) => self.not_empty(Secret::new(value.into_encoded_bytes())),
                None => Err(self.error(
                    ErrorKind::Config,
                    "is not set; export it before the program starts",
                )),
            },
            Source::File(path) => {
                let path = path.clone();
                let outcome = on_thread(move || read_within(limit, move || File::open(path))).await;
                let bytes = outcome.map_err(|error| self.unreadable(error))?;
                self.not_empty(without_line_break(&bytes))
            }
            Source::Command(command) => {
                let command = command.clone();
                let outcome = on_thread(move || run_within(limit, &command)).await;
                let (status, output) = outcome.map_err(|error| self.unreadable(error))?;
                if !status.success() {
                    return Err(self.error(
                        ErrorKind::Config,
                        &format!("failed with {status}; run it by hand to see why"),
                    ));
                }
                self.not_empty(without_line_break(&output))
            }
        }
    }

    /// An empty secret authenticates nobody, and a server's answer to one misleads.
    fn not_empty(&self, secret: Secret) -> Result<Secret> {
        if secret.is_empty() {
            return Err(self.error(ErrorKind::Config, "is empty; put the secret there"));
        }
        Ok(secret)
    }

    fn unreadable(&self, error: io::Error) -> Error {
        let (kind, problem) = match error.kind() {
            io::ErrorKind::TimedOut => (
                ErrorKind::Unavailable,
                "took too long; make sure that it waits for nobody, and try again",
            ),
            io::ErrorKind::WouldBlock => (
                ErrorKind::Unavailable,
                "needs a thread or process more than this system has now; try again",
            ),
            io::ErrorKind::FileTooLarge => (
                ErrorKind::Config,
                "is larger than 1 MiB; that cannot be the secret",
            ),
            io::ErrorKind::NotFound => (
                ErrorKind::Config,
                "does not exist; create it or correct the configuration",
            ),
            io::ErrorKind::PermissionDenied => (
                ErrorKind::Config,
                "may not be used by this process; change its permissions",
            ),
            _ => (
                ErrorKind::Config,
                "cannot be read; correct it or the configuration",
            ),
        };
        self.error(kind, problem).with_source(error)
    }

    fn error(&self, kind: ErrorKind, problem: &str) -> Error {
        let place = self
            .place
            .as_ref()
            .map(|place| format!("{place}: "))
            .unwrap_or_default();
        Error::new(kind, format!("{place}{self} {problem}"))
    }
}

/// Where it is, such as ``environment variable `ORDERS_SECRET` ``.
impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Literal(_) => f.write_str("the secret"),
            Source::Env(name) => write!(f, "environment variable `{name}`"),
            Source::File(path) => write!(f, "secret file `{}`", path.display()),
            Source::Command(command) => write!(f, "secret command `{}`", program(command)),
        }
    }
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Literal(_) => f.write_str("Literal(..)"),
            Source::Env(name) => f.debug_tuple("Env").field(name).finish(),
            Source::File(path) => f.debug_tuple("File").field(path).finish(),
            Source::Command(command) => write!(f, "Command({:?}, ..)", program(command)),
        }
    }
}

impl From<Secret> for SecretSource {
    fn from(secret: Secret) -> Self {
        Self::literal(secret)
    }
}

/// The program alone: its arguments may hold secrets, also when all was written as one text.
fn program(command: &[String]) -> &str {
    command
        .first()
        .and_then(|program| program.split_whitespace().next())
        .unwrap_or_default()
}

/// What a configuration takes for the name of a variable. Whatever else stands there may be the secret itself, and errors show the name.
pub(crate) fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Runs `work` on a thread of its own: it blocks, and which runtime waits here is not known.
async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (sender, receiver) = oneshot::channel();
    thread::Builder::new()
        .name("session-secret".to_owned())
        .spawn(move || {
            // Whoever asked may have gone; what was found is then dropped, and wiped.
            let _ = sender.send(work());
        })?;
    receiver
        .await
        .map_err(|_| io::Error::other("the thread that reads the secret ended early"))?
}

/// Opens and reads on one more thread. Nothing can interrupt it when it hangs, on a pipe or a network
/// drive: it is left behind then, and ends with what it waits for.
fn read_within<R: Read>(
    limit: Duration,
    open: impl FnOnce() -> io::Result<R> + Send + 'static,
) -> io::Result<Zeroizing<Vec<u8>>> {
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::Builder::new()
        .name("session-secret-read".to_owned())
        .spawn(move || {
            let _ = sender.send(open().and_then(wiped::read));
        })?;
    receiver
        .recv_timeout(limit)
        .map_err(|_| io::ErrorKind::TimedOut)?
}

fn run_within(limit: Duration, command: &[String]) -> io::Result<(ExitStatus, Zeroizing<Vec<u8>>)> {
    let (program, arguments) = command.split_first().ok_or(io::ErrorKind::NotFound)?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // Programs print what they were given when they fail.
        .stderr(Stdio::null())
        .spawn()?;
    let stdout = child.stdout.take().expect("standard output was asked for");
    let outcome = read_within(limit, move || Ok(stdout))
        .and_then(|output| Ok((exit(&mut child, limit)?, output)));
    if outcome.is_err() {
        // Ends and reaps it; that fails only if it has ended already.
        let _ = child.kill().and_then(|()| child.wait());
    }
    outcome
}

/// Waits for a program whose output has ended; most have ended with it.
#[expect(
    clippy::disallowed_methods,
    reason = "std cannot wait for a process with a time limit"
)]
fn exit(child: &mut Child, limit: Duration) -> io::Result<ExitStatus> {
    let mut left = limit;
    let mut pause = Duration::from_micros(100);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        pause = (2 * pause).min(Duration::from_millis(50)).min(left);
        left -= pause;
        thread::sleep(pause);
    }
}

fn without_line_break(bytes: &[u8]) -> Secret {
    let line = bytes
        .strip_suffix(b"\n")
        .map_or(bytes, |line| line.strip_suffix(b"\r").unwrap_or(line));
    Secret::new(line)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn run<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.expect("a runtime without drivers").block_on(future)
    }

    /// Kept alive it would hold this test up for hours: the command is waited for after the kill.
    #[test]
    fn a_command_that_hangs_is_ended() {
        let source = SecretSource::command(["sleep", "100000"]);
        let error = run(source.resolve_within(Duration::from_millis(1))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(
            error
                .to_string()
                .contains("secret command `sleep` took too long"),
            "{error}"
        );
    }

    #[test]
    fn a_file_that_hangs_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(
            Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        let source = SecretSource::file(&pipe);
        let error = run(source.resolve_within(Duration::from_millis(1))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }

    #[test]
    fn a_lack_of_threads_passes() {
        let error = SecretSource::file("f").unreadable(io::ErrorKind::WouldBlock.into());
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }

    #[test]
    fn a_program_is_not_waited_for_without_end() {
        let mut child = Command::new("sleep").arg("100000").spawn().unwrap();
        let error = exit(&mut child, Duration::from_millis(1)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        child.kill().unwrap();
        assert!(!exit(&mut child, TIME_LIMIT).unwrap().success());
    }
}
