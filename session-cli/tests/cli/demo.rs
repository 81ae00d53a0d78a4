//! `session demo`

use crate::run::{run, session};

#[test]
fn each_fact_holds() {
    let shown = run(session(["demo"])).quietly();
    let facts = shown
        .lines()
        .filter(|line| line.starts_with("   ✓ "))
        .count();
    assert!(
        shown.contains(&format!("\n{facts} facts checked in ")),
        "{shown}"
    );
    assert!(!shown.contains('✗'), "{shown}");
    for line in [
        "   ✓ nothing was sent: the provider received 0 requests",
        "   ✓ still 1 token request",
        "   ✓ the provider received 1 token request",
        "   ✓ GET /api/orders → 401, token 1",
        "   ✓ 0:55  50 tasks made 1000 calls: all answered 200, with token 1",
        "   ✓ 0:55  the first of them had token 2 asked for: the provider has yet to answer",
        "   ✓ 1:51  it issues token 3, and the answer is lost: 100 calls answered 200, with token 2",
        "   ✓ 1:51  3 token requests, one for each of these",
        "   ✓ 1:55  token 2 has expired",
        "   ✓ 2:55  it is given up: all 1000 get the same error, to try again later",
        "   ✓ 3:03  calls go with token 4",
        "   ✓ GET /v1/users/self → 200, token 1",
        "   ✓ 5 cities came in 3 pages",
        "   ✓ POST /revoke → 200, token 2",
        "   REQUESTS RECEIVED  TOKEN  API   REFUSED  REVOCATION",
        "   prod               2      1008  1        1",
        "   qa                 1      4     0        1",
        "   staging            7      1400  0        1",
        "   marquee            2      6     1        0",
        "Try next",
    ] {
        assert!(
            shown.lines().any(|shown| shown == line),
            "{line:?} is not in {shown}"
        );
    }
}

#[cfg(unix)]
mod serve {
    use std::{
        fs,
        io::{BufRead as _, BufReader, Lines},
        os::unix::fs::PermissionsExt as _,
        path::{Path, PathBuf},
        process::{Child, ChildStdout, Stdio},
    };

    use serde_json::Value;

    use crate::run::{Ended, Watchdog, run, send, session};

    /// A demonstration that keeps its providers up.
    struct Served {
        child: Child,
        lines: Lines<BufReader<ChildStdout>>,
        config: PathBuf,
        /// The configuration as it was printed.
        printed: String,
    }

    impl Served {
        fn start() -> Self {
            let mut command = session(["demo", "--serve"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn().unwrap();
            let mut served = Self {
                lines: BufReader::new(child.stdout.take().unwrap()).lines(),
                child,
                config: PathBuf::new(),
                printed: String::new(),
            };
            let heading = served.read_to(&["The providers stay up."]).pop().unwrap();
            served.config = heading.split_once(": ").unwrap().1.into();
            let mut printed = served.read_to(&["Try next"]);
            printed.pop();
            served.printed = printed.join("\n");
            served.read_to(&["End it by Ctrl-C"]);
            served
        }

        /// The lines up to that one with which lines have been seen that start with each of these.
        fn read_to(&mut self, starts: &[&str]) -> Vec<String> {
            let mut read: Vec<String> = Vec::new();
            let seen = |read: &[String], start| read.iter().any(|line| line.starts_with(start));
            while !starts.iter().all(|start| seen(&read, *start)) {
                let line = self.lines.next();
                read.push(
                    line.unwrap_or_else(|| panic!("no {starts:?} in {read:#?}"))
                        .unwrap(),
                );
            }
            read
        }

        fn run(&self, args: &str) -> Ended {
            let mut command = session(["--config"]);
            command.arg(&self.config).args(args.split(' '));
            run(command)
        }

        /// Its exit code and last words, after it got this signal.
        fn end(mut self, signal: &str) -> (Option<i32>, Vec<String>) {
            let _watchdog = Watchdog::over(&self.child);
            send(signal, &self.child);
            let rest = self.lines.by_ref().map(Result::unwrap).collect();
            (self.child.wait().unwrap().code(), rest)
        }
    }

    impl Drop for Served {
        /// A test that fails half-way leaves nothing running; of one that has ended, nothing is left to kill.
        fn drop(&mut self) {
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_other_commands_work_with_the_printed_configuration() {
        let mut served = Served::start();
        let status = served.run("status").quietly();
        assert!(
            status.contains("\nprod     oauth    prod         closed  -\nqa "),
            "{status}"
        );
        let token = served.run("token").quietly();
        assert_eq!(token.lines().count(), 1);
        let json: Value =
            serde_json::from_str(&served.run("token -p qa --json").quietly()).unwrap();
        assert_eq!(json["token_type"], "Bearer");
        let header = served.run("header").quietly();
        assert!(header.starts_with("Authorization: Bearer "), "{header}");
        let seen: Value =
            serde_json::from_str(&served.run("request GET orders").quietly()).unwrap();
        assert_eq!(seen["path"], "/api/orders");
        assert_eq!(served.run("request GET status/404").code, Some(22));
        let user: Value =
            serde_json::from_str(&served.run("request -p marquee GET /users/self").quietly())
                .unwrap();
        assert!(user["id"].is_string(), "{user}");

        let mut told = served.read_to(&[
            "   prod  POST /token → 200, token 3",
            "   qa    POST /token → 200, token 2",
        ]);
        let (code, rest) = served.end("-TERM");
        assert_eq!(code, Some(0));
        told.extend(rest);
        assert!(!told.join("\n").contains(token.trim()), "{told:#?}");
    }

    #[test]
    fn the_configuration_is_private_and_goes_in_the_end() {
        for signal in ["-TERM", "-INT"] {
            let served = Served::start();
            let folder = served.config.parent().unwrap().to_owned();
            assert_eq!(mode(&folder), 0o700);
            let files: Vec<_> = fs::read_dir(&folder)
                .unwrap()
                .map(|file| file.unwrap().path())
                .collect();
            assert_eq!(files.len(), 4);
            for file in files {
                assert_eq!(mode(&file), 0o600, "{}", file.display());
            }
            let printed: String = served
                .printed
                .lines()
                .map(|line| line.trim().to_owned() + "\n")
                .collect();
            let written = fs::read_to_string(&served.config).unwrap();
            assert_eq!(printed.trim(), written.trim());
            assert_eq!(served.end(signal).0, Some(0));
            assert!(!folder.exists());
        }
    }
}
