//! Reading an answer's body, but not without end.

use bytes::Bytes;
use session_core::{Error, ErrorKind, Result};

use crate::transport_error;

/// The whole body of an answer, unless it is longer than `limit` bytes.
///
/// The result is written once and has no spare room: for a body with a secret in it, wrap it in a
/// [`Secret`](session_core::Secret), and no copy of ours is left behind.
///
/// # Errors
///
/// `Protocol` when the body is longer; `Unavailable` when it does not come to its end.
pub async fn read_limited(mut answer: reqwest::Response, limit: usize) -> Result<Vec<u8>> {
    let announced = answer.content_length().unwrap_or_default();
    if usize::try_from(announced).map_or(true, |length| length > limit) {
        return Err(too_long(&answer, limit));
    }
    let mut chunks: Vec<Bytes> = Vec::new();
    let mut length = 0;
    while let Some(chunk) = next_chunk(&mut answer).await? {
        length += chunk.len();
        if length > limit {
            return Err(too_long(&answer, limit));
        }
        chunks.push(chunk);
    }
    Ok(chunks.concat())
}

pub(crate) async fn next_chunk(answer: &mut reqwest::Response) -> Result<Option<Bytes>> {
    match answer.chunk().await {
        Ok(chunk) => Ok(chunk),
        Err(error) => Err(transport_error(&error, answer.url())),
    }
}

fn too_long(answer: &reqwest::Response, limit: usize) -> Error {
    Error::new(
        ErrorKind::Protocol,
        format!(
            "the answer of `{}` is longer than {limit} bytes; ask for less at once, or allow more",
            answer.url().host_str().unwrap_or_default()
        ),
    )
}
