//! Reading what may be secret.

use std::io::{self, Read};

use zeroize::Zeroizing;

/// More than any secret or configuration needs.
pub(crate) const LIMIT: usize = 1 << 20;

/// Reads to the end into memory that is wiped, without leaving copies on the way: a vector that
/// grows by itself would.
///
/// Fails with [`io::ErrorKind::FileTooLarge`] past [`LIMIT`].
pub(crate) fn read(mut reader: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut buffer = Zeroizing::new(vec![0; 4096]);
    let mut filled = 0;
    loop {
        if filled == buffer.len() {
            let mut larger = Zeroizing::new(vec![0; 2 * filled]);
            larger[..filled].copy_from_slice(&buffer);
            buffer = larger;
        }
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if filled > LIMIT {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
    }
    buffer.truncate(filled);
    Ok(buffer)
}
