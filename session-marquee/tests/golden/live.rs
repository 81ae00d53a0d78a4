//! `gs_quant` itself, which `cargo xtask test` starts.

use std::{
    env, fs,
    io::{Read as _, Write as _},
    net::TcpStream,
};

use serde_json::Value;

/// Runs a case with it against these servers: what its caller got.
pub(crate) fn run(case: &str, servers: &Value) -> Value {
    let file = env::var("SESSION_TEST_GS_QUANT").expect(
        "SESSION_TEST_GS_QUANT names the file with what `cargo xtask up gs-quant --json` prints",
    );
    let ready: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let control = ready["control"].as_str().unwrap();
    let address = control.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let body = servers.to_string();
    let length = body.len();
    write!(
        stream,
        "POST /{case} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, answer) = answer.split_once("\r\n\r\n").unwrap();
    let answer: Value = serde_json::from_str(answer).unwrap();
    assert!(answer.get("driver").is_none(), "{case}: {answer}");
    answer
}
