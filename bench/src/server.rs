//! A server in a process of its own.

use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStdin, Command, Stdio},
};

use crate::runner::{Program, Result, Runner};

/// It is up until it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// It ends when this is closed.
    input: Option<ChildStdin>,
    pub(crate) port: u16,
}

impl Server {
    pub(crate) fn start() -> Result<Self> {
        let mut child = Command::new(Runner::path(Program::Timing)?)
            .arg("--serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start the server: {error}"))?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or("the server has no output")?;
        let mut line = String::new();
        BufReader::new(output)
            .read_line(&mut line)
            .map_err(|error| format!("the server is not to be heard: {error}"))?;
        let port = line
            .trim()
            .parse()
            .map_err(|_| format!("the server says `{line}`, and no port"))?;
        Ok(Self { child, input, port })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
