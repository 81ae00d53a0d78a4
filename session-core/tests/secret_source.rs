//! Secrets are found where their source says, on any runtime, and never told.
#![cfg(unix)]

use std::{
    fs,
    future::Future,
    os::unix::fs::PermissionsExt,
    pin::pin,
    process::Command,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use futures_util::future::join;
use session_core::{Error, ErrorKind, Secret, SecretSource};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The least of all runtimes.
fn run<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

fn found(source: &SecretSource) -> Vec<u8> {
    run(source.resolve())
        .expect("the secret is there")
        .expose()
        .to_vec()
}

fn refused(source: &SecretSource) -> Error {
    let error = run(source.resolve()).expect_err("there is no such secret");
    assert_eq!(error.kind(), ErrorKind::Config);
    error
}

fn shell(script: &str) -> SecretSource {
    SecretSource::command(["sh", "-c", script])
}

#[test]
fn a_literal_is_itself() {
    assert_eq!(found(&SecretSource::literal("s3cret\n")), b"s3cret\n");
    assert_eq!(found(&SecretSource::from(Secret::new(*b"\xff"))), b"\xff");
}

#[test]
fn a_variable_has_its_value() {
    let path = std::env::var("PATH").unwrap();
    assert_eq!(found(&SecretSource::env("PATH")), path.as_bytes());
    let error = refused(&SecretSource::env("SESSION_NO_SUCH_VARIABLE"));
    assert_eq!(
        error.to_string(),
        "environment variable `SESSION_NO_SUCH_VARIABLE` is not set; export it before the program starts"
    );
}

#[test]
fn a_file_is_read_anew_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let source = SecretSource::file(&path);
    fs::write(&path, "before").unwrap();
    assert_eq!(found(&source), b"before");
    fs::write(&path, "after").unwrap();
    assert_eq!(found(&source), b"after");
}

#[test]
fn one_line_break_at_the_end_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    for (content, secret) in [
        (&b"s\n"[..], &b"s"[..]),
        (b"s\r\n", b"s"),
        (b"s\n\n", b"s\n"),
        (b"s\r", b"s\r"),
        (b"a\nb", b"a\nb"),
        (b" s ", b" s "),
        (b"\xff\xfe\n", b"\xff\xfe"),
    ] {
        fs::write(&path, content).unwrap();
        assert_eq!(found(&SecretSource::file(&path)), secret);
    }
    assert_eq!(found(&shell("echo s")), b"s");
    assert_eq!(found(&shell("printf s")), b"s");
}

#[test]
fn up_to_a_mebibyte_is_a_secret() {
    const LIMIT: usize = 1 << 20;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let content: Vec<u8> = (0..LIMIT).map(|index| b'a' + (index % 23) as u8).collect();
    for length in [4095, 4096, 4097, LIMIT] {
        fs::write(&path, &content[..length]).unwrap();
        assert_eq!(found(&SecretSource::file(&path)), content[..length]);
    }
    fs::write(&path, [&content[..], b"a"].concat()).unwrap();
    let error = refused(&SecretSource::file(&path));
    assert!(
        error
            .to_string()
            .ends_with(" is larger than 1 MiB; that cannot be the secret"),
        "{error}"
    );
    let error = refused(&shell("exec cat /dev/zero"));
    assert_eq!(
        error.to_string(),
        "secret command `sh` is larger than 1 MiB; that cannot be the secret"
    );
}

#[test]
fn a_file_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let shown = path.display();
    let source = SecretSource::file(&path);
    let expected =
        format!("secret file `{shown}` does not exist; create it or correct the configuration");
    assert_eq!(refused(&source).to_string(), expected);
    fs::write(&path, "\n").unwrap();
    let expected = format!("secret file `{shown}` is empty; put the secret there");
    assert_eq!(refused(&source).to_string(), expected);
    let expected = format!(
        "secret file `{}` cannot be read; correct it or the configuration",
        folder.path().display()
    );
    assert_eq!(
        refused(&SecretSource::file(folder.path())).to_string(),
        expected
    );
}

/// A file that may not be executed, since root may read any.
#[test]
fn a_program_that_may_not_be_run_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("program");
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let error = refused(&SecretSource::command([path.to_str().unwrap()]));
    let expected = format!(
        "secret command `{}` may not be used by this process; change its permissions",
        path.display()
    );
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_command_that_fails_shows_neither_arguments_nor_output() {
    let error = refused(&shell("echo hunter2; echo hunter2 >&2; exit 7"));
    let expected = "secret command `sh` failed with exit status: 7; run it by hand to see why";
    assert_eq!(error.to_string(), expected);
    assert!(!format!("{error:?}").contains("hunter2"));
    let error = refused(&SecretSource::command([
        "no-such-program --password hunter2",
    ]));
    let expected =
        "secret command `no-such-program` does not exist; create it or correct the configuration";
    assert_eq!(error.to_string(), expected);
    assert!(!format!("{error:?}").contains("hunter2"));
    assert_eq!(
        refused(&shell("true")).to_string(),
        "secret command `sh` is empty; put the secret there"
    );
    assert_eq!(
        refused(&SecretSource::command(Vec::<String>::new())).to_string(),
        "secret command `` does not exist; create it or correct the configuration"
    );
}

/// In a process of its own, whose standard input has something to take and whose errors are read.
#[test]
fn a_command_shares_neither_input_nor_errors() {
    if std::env::var_os("WITH_INPUT").is_some() {
        assert_eq!(found(&shell("cat; echo done; echo hunter2 >&2")), b"done");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("input");
    fs::write(&input, "taken").unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_command_shares_neither_input_nor_errors"])
        .env("WITH_INPUT", "1")
        .stdin(fs::File::open(&input).unwrap())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && told.contains("1 passed"),
        "{told}"
    );
    assert!(!String::from_utf8_lossy(&output.stderr).contains("hunter2"));
}

/// The secret comes through a pipe that the same thread fills: blocked, it never would.
#[test]
fn resolving_does_not_block_the_thread() {
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
    let (secret, written) = run(join(source.resolve(), async {
        fs::write(&pipe, "through")
    }));
    written.unwrap();
    assert_eq!(secret.unwrap().expose(), b"through");
}

#[test]
fn a_source_is_written_as_a_configuration_has_it_and_a_secret_is_not() {
    for (source, written) in [
        (SecretSource::literal("hunter2"), None),
        (SecretSource::env("NAME"), Some(r#"{ env = "NAME" }"#)),
        (
            SecretSource::file("/a\\b\"c"),
            Some(r#"{ file = "/a\\b\"c" }"#),
        ),
        (
            SecretSource::command(["pass", "show", "\t\u{7f}é"]),
            Some(r#"{ command = ["pass", "show", "\t\u007Fé"] }"#),
        ),
        // Neither opens as a configuration.
        (SecretSource::env("NO-NAME"), None),
        (SecretSource::env(""), None),
        (SecretSource::file(""), None),
        (SecretSource::command([""; 0]), None),
    ] {
        assert_eq!(source.to_toml().as_deref(), written);
    }
    // A program's folder is not that of a configuration.
    let here = std::env::current_dir().unwrap().join("secret");
    let written = SecretSource::file("secret").to_toml().unwrap();
    assert_eq!(written, format!("{{ file = \"{}\" }}", here.display()));
}

#[test]
fn debug_shows_no_secret() {
    for (source, shown) in [
        (SecretSource::literal("hunter2"), "Literal(..)"),
        (SecretSource::env("NAME"), "Env(\"NAME\")"),
        (SecretSource::file("path"), "File(\"path\")"),
        (
            SecretSource::command(["pass", "hunter2"]),
            "Command(\"pass\", ..)",
        ),
        (
            SecretSource::command(["pass hunter2"]),
            "Command(\"pass\", ..)",
        ),
    ] {
        assert_eq!(format!("{source:?}"), shown);
    }
}
