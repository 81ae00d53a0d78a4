//! Numbers in queries and bodies, held to the Python that `gs_quant` runs in, which `cargo xtask test` installs.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::{
    env, fs,
    io::Write as _,
    process::{Command, Stdio},
};

use serde_json::Value;
use support::{last, opened, provider, text};

/// What `gs_quant` has its HTTP library write into a query, and what its own encoder writes into a body.
const SCRIPT: &str = r#"
import json, requests, struct, sys
from gs_quant.json_encoder import JSONEncoder
numbers = [struct.unpack("<d", struct.pack("<Q", int(bits)))[0] for bits in sys.stdin.read().split()]
url = requests.Request("GET", "http://x/", params={"f": numbers}).prepare().url
print(json.dumps([url.partition("?")[2], json.dumps(numbers, cls=JSONEncoder)]))
"#;

/// Where notations change, and many more from all over, the same each time.
fn numbers() -> Vec<f64> {
    let mut numbers = vec![
        0.0,
        -0.0,
        0.1 + 0.2,
        f64::MIN_POSITIVE,
        5e-324,
        f64::MAX,
        -2.5,
    ];
    for exponent in -30..30 {
        let power = 10_f64.powi(exponent);
        numbers.extend([
            power,
            -power,
            power.next_down(),
            power.next_up(),
            1.5 * power,
        ]);
    }
    let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..500 {
        // Marsaglia's xorshift64.
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        numbers.push(f64::from_bits(bits));
    }
    numbers.retain(|number| number.is_finite());
    numbers
}

fn by_python(numbers: &[f64]) -> [String; 2] {
    let file = env::var("SESSION_TEST_GS_QUANT").expect(
        "SESSION_TEST_GS_QUANT names the file with what `cargo xtask up gs-quant --json` prints",
    );
    let ready: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let mut python = Command::new(ready["python"].as_str().unwrap());
    python
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut python = python.spawn().unwrap();
    let bits: Vec<_> = numbers
        .iter()
        .map(|number| number.to_bits().to_string())
        .collect();
    let mut input = python.stdin.take().unwrap();
    input.write_all(bits.join(" ").as_bytes()).unwrap();
    drop(input);
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn numbers_in_queries_and_bodies_are_those_of_gs_quant_to_the_letter() {
    let numbers = numbers();
    assert!(numbers.len() > 700);
    let [query, body] = by_python(&numbers);
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    let request = client.post("/x").query("f", numbers.clone()).json(&numbers);
    request.send().await.unwrap();
    let arrived = last(&provider);
    assert_eq!(arrived.query(), Some(&*query));
    assert_eq!(text(&arrived), body);
}
