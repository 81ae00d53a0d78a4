//! What is not on the command line, but elsewhere.

use std::{
    fs,
    io::{self, Read as _},
};

use crate::failure::Failure;

/// The whole file, or for `-` standard input. `what` it is, a failure tells.
pub(crate) fn read(source: &str, what: &str) -> Result<Vec<u8>, Failure> {
    let (read, origin) = if source == "-" {
        let mut bytes = Vec::new();
        let read = io::stdin().lock().read_to_end(&mut bytes);
        (read.map(|_| bytes), "standard input")
    } else {
        (fs::read(source), source)
    };
    read.map_err(|error| Failure::Usage(format!("{what} cannot be read from {origin}: {error}")))
}
