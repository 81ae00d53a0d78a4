//! A counterpart that is up.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::{Result, private_file};

/// It ends when this is dropped, and when we die in any way, for its standard input closes then.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    events: Receiver<Event>,
    sender: Sender<Event>,
    /// What it said when it was ready.
    pub(crate) ready: Value,
    /// A file with just that.
    pub(crate) ready_file: PathBuf,
    pub(crate) log: PathBuf,
}

#[derive(Debug)]
enum Event {
    /// The counterpart's first line.
    Ready(String),
    /// The counterpart closed its output, as it does when it ends.
    Ended,
    /// Our own input was closed.
    InputClosed,
}

/// How long a counterpart may take to start, and to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// The variables that programs must have in their environment to find the counterpart that says this.
pub(crate) fn environment(ready: &Value) -> impl Iterator<Item = (&str, &str)> {
    let variables = ready["environment"].as_object();
    let variables = variables.into_iter().flatten();
    variables.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
}

/// The same of several. What more than one has is a list of files, such as `KRB5_CONFIG`: it names those of all.
pub(crate) fn joined<'a>(all: impl IntoIterator<Item = &'a Value>) -> BTreeMap<String, String> {
    let mut joined = BTreeMap::<String, String>::new();
    for (name, value) in all.into_iter().flat_map(environment) {
        let known = joined.entry(name.to_owned()).or_default();
        if !known.is_empty() {
            known.push(':');
        }
        known.push_str(value);
    }
    joined
}

impl Running {
    /// Spawns `command`, whose input and output are piped and whose complaints go to `log`, and waits
    /// until it is ready.
    ///
    /// # Errors
    ///
    /// If it ends or hangs before it is ready, or says something else.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let mut child = command
            .spawn()
            .map_err(|error| format!("cannot be started: {error}"))?;
        let stdout = child.stdout.take().expect("its output is piped");
        let (sender, events) = mpsc::channel();
        thread::spawn({
            let sender = sender.clone();
            move || listen(stdout, &sender)
        });
        let (ready, ready_file) = (Value::Null, PathBuf::new());
        let mut running = Self {
            child,
            events,
            sender,
            ready,
            ready_file,
            log: log.to_owned(),
        };
        running.await_ready()?;
        Ok(running)
    }

    fn await_ready(&mut self) -> Result {
        let line = match self.events.recv_timeout(PATIENCE) {
            Ok(Event::Ready(line)) => line,
            Ok(_) => return Err(format!("ended before it was ready: {}", self.end()?)),
            Err(_) => return Err(format!("was not ready after {} s", PATIENCE.as_secs())),
        };
        self.ready = serde_json::from_str(&line)
            .map_err(|_| format!("printed something other than JSON: {line}"))?;
        let folder = self.ready["dir"]
            .as_str()
            .ok_or("did not say where its folder is")?;
        self.ready_file = Path::new(folder).join("ready.json");
        private_file::write(&self.ready_file, &line)
    }

    /// Waits until it ends, or until our own input closes, if that is a pipe: whoever started us
    /// that way would otherwise leave us behind. (The input of a background job is a null device,
    /// which is closed from the start.)
    ///
    /// # Errors
    ///
    /// If it ended by itself.
    pub(crate) fn wait(mut self) -> Result {
        if is_pipe(&io::stdin()) {
            let sender = self.sender.clone();
            thread::spawn(move || {
                // Whatever ends our input, an error too, ends what it keeps up.
                let _ = io::copy(&mut io::stdin(), &mut io::sink());
                let _ = sender.send(Event::InputClosed);
            });
        }
        match self.events.recv() {
            Ok(Event::InputClosed) => Ok(()),
            _ => Err(format!(
                "it ended by itself ({}); its log is {}",
                self.end()?,
                self.log.display()
            )),
        }
    }

    fn end(&mut self) -> Result<ExitStatus> {
        self.child
            .wait()
            .map_err(|error| format!("cannot be waited for: {error}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let Ok(None) = self.child.try_wait() else {
            return;
        };
        loop {
            match self.events.recv_timeout(PATIENCE) {
                Ok(Event::Ended) => break,
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    // It hangs. There is nobody left to tell, nor anything else to try.
                    let _ = self.child.kill();
                    break;
                }
            }
        }
        let _ = self.child.wait();
    }
}

fn listen(output: impl Read, events: &Sender<Event>) {
    let mut output = BufReader::new(output);
    let mut line = String::new();
    if output.read_line(&mut line).is_ok_and(|length| length > 0) {
        // Nobody listens any more once the counterpart is given up.
        let _ = events.send(Event::Ready(line));
        let _ = io::copy(&mut output, &mut io::sink());
    }
    let _ = events.send(Event::Ended);
}

#[cfg(unix)]
fn is_pipe(input: &impl std::os::fd::AsFd) -> bool {
    use std::os::unix::fs::FileTypeExt;

    let duplicate = input.as_fd().try_clone_to_owned().map(File::from);
    let kind = duplicate
        .and_then(|file| file.metadata())
        .map(|metadata| metadata.file_type());
    kind.is_ok_and(|kind| kind.is_fifo() || kind.is_socket())
}

#[cfg(not(unix))]
fn is_pipe<T>(_: &T) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use std::{fs, process::Stdio};

    use super::*;

    fn start(script: &str) -> Result<Running> {
        let mut command = Command::new("sh");
        command
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        Running::start(&mut command, Path::new("some.log"))
    }

    #[test]
    fn a_counterpart_is_up_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display();
        let running = start(&format!(
            r#"echo '{{"dir":"{path}"}}'; cat; touch {path}/ended"#
        ))
        .unwrap();
        assert_eq!(running.ready["dir"], folder.path().to_str().unwrap());
        assert_eq!(
            fs::read_to_string(&running.ready_file).unwrap().trim(),
            running.ready.to_string()
        );
        assert!(!folder.path().join("ended").exists());
        drop(running);
        assert!(folder.path().join("ended").exists());
    }

    #[test]
    fn what_several_have_in_their_environment_is_joined() {
        let [a, b] = ["/a", "/b"]
            .map(|path| serde_json::json!({ "environment": { "KRB5_CONFIG": path, path: "" } }));
        let joined = joined([&a, &Value::Null, &b]);
        assert_eq!(joined["KRB5_CONFIG"], "/a:/b");
        assert_eq!(joined.len(), 3);
    }

    #[test]
    fn one_that_does_not_get_ready_is_an_error() {
        assert!(start("exit 7").unwrap_err().contains("exit status: 7"));
        assert!(
            start("echo hello")
                .unwrap_err()
                .contains("other than JSON: hello")
        );
        assert!(
            start("echo '{}'")
                .unwrap_err()
                .contains("did not say where")
        );
    }
}
