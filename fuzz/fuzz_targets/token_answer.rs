//! Answers of an authorization server: a byte for the status, then the body. A byte 0xFF in it stands for the client's
//! secret, which a server may echo anywhere.

#![no_main]

use libfuzzer_sys::fuzz_target;
use session_core::Secret;
use session_oauth::fuzzing::token_answer;

const SECRET: &str = "c0rrect-h0rse-b4ttery-st4ple";

fuzz_target!(|input: &[u8]| {
    let Some((status, body)) = input.split_first() else {
        return;
    };
    let status = [200, 201, 302, 400, 401, 403, 429, 503][usize::from(status % 8)];
    let mut echoed = Vec::with_capacity(body.len());
    for byte in body {
        match byte {
            0xFF => echoed.extend_from_slice(SECRET.as_bytes()),
            byte => echoed.push(*byte),
        }
    }
    match token_answer(status, &echoed, SECRET) {
        Ok(credential) => {
            let header = credential.iter_headers().next().unwrap().1.expose();
            assert!(header.starts_with(b"Bearer ") && header[7..].iter().all(u8::is_ascii_graphic));
            let refresh = credential.kept("refresh_token");
            assert!(refresh.is_none_or(|token| !token.is_empty()));
            assert!(credential.lifetime().is_none_or(|lifetime| !lifetime.is_zero()));
            let shown = format!("{credential:?} {:?}", refresh.map(Secret::expose_str).is_some());
            assert!(!shown.contains(SECRET));
        }
        Err(error) => {
            let shown = format!("{error} {error:?} {:?}", std::error::Error::source(&error));
            assert!(!shown.contains(SECRET), "{shown}");
            assert!(shown.len() < 4096, "an error is for people");
        }
    }
});
