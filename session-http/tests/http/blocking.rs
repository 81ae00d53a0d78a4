//! The client for programs without async.

use std::{
    cell::RefCell,
    io::{self, Read, Write},
    net::TcpListener,
    sync::{
        Arc, Barrier,
        mpsc::{Sender, channel},
    },
    thread,
};

use session_core::{ErrorKind, SessionHandle, State};
use session_http::{Client, blocking};

use crate::support::{Server, Tokens, block_on, environment, open, reply, runtime};

/// A session that is open.
fn opened(server: &Server) -> SessionHandle {
    let (session, _) = block_on(open(&server.url()));
    session
}

/// A server that refuses the first credential.
fn renewing() -> Server {
    Server::start(|request| {
        let answer = match request.authorization() {
            Some("Bearer s3cr3t-1") => reply(401, &[], ""),
            _ => reply(200, &[], request.body),
        };
        async { answer }
    })
}

#[test]
fn a_program_without_a_runtime_has_all_of_it() {
    let server = renewing();
    let (backend, calls) = Tokens::new(environment(&server.url()));
    let session = SessionHandle::new(backend);
    let client = blocking::Client::current();
    let echoed = session.blocking().enter(|| {
        let answer = client
            .post("/things")
            .query([("a", "b")])
            .header("x-a", "b")
            .body("hello")
            .send()
            .unwrap();
        assert_eq!(answer.url().path(), "/things");
        answer.error_for_status().unwrap().text().unwrap()
    });
    assert_eq!(echoed.unwrap(), "hello");
    assert_eq!(calls.made(), ["init", "renew"]);
    let [first, second] = &server.log()[..] else {
        panic!("one 401 and one answer");
    };
    assert_eq!(
        (&*first.target, &*second.target),
        ("/things?a=b", "/things?a=b")
    );
    assert_eq!(second.header("x-a"), Some("b"));
    assert_eq!(session.status().state, State::Closed);
    assert_eq!(
        client.get("/").send().unwrap_err().kind(),
        ErrorKind::NoSession
    );
}

#[test]
fn it_works_inside_of_runtimes() {
    let server = renewing();
    let session = opened(&server);
    let call = |session: &SessionHandle| {
        let answer = blocking::Client::new(session).get("/").send().unwrap();
        assert_eq!(answer.status(), 200);
        answer.bytes().unwrap();
    };
    runtime().block_on(async { call(&session) });
    let many = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let inside = session.clone();
    many.block_on(many.spawn(async move { call(&inside) }))
        .unwrap();
    call(&session);
}

/// More of them than a task has turns.
#[test]
fn one_task_makes_as_many_requests_as_it_likes() {
    let server = Server::agreeable();
    let session = opened(&server);
    let client = blocking::Client::new(&session);
    runtime().block_on(async {
        for _ in 0..300 {
            let answer = client.get("/").send().unwrap();
            assert_eq!(answer.bytes().unwrap(), "ok");
        }
    });
}

#[test]
fn a_thread_that_is_about_to_end_is_told_so() {
    struct AtTheEnd(blocking::Client, Sender<ErrorKind>);
    impl Drop for AtTheEnd {
        fn drop(&mut self) {
            let error = self.0.get("/").send().unwrap_err();
            self.1.send(error.kind()).unwrap();
        }
    }
    thread_local!(static LAST: RefCell<Option<AtTheEnd>> = const { RefCell::new(None) });
    let server = Server::agreeable();
    let client = blocking::Client::new(&opened(&server));
    let (told, outcome) = channel();
    let thread = thread::spawn(move || {
        LAST.set(Some(AtTheEnd(client.clone(), told)));
        // What was begun later ends earlier.
        client.get("/").send().unwrap().bytes().unwrap();
    });
    thread.join().unwrap();
    assert_eq!(outcome.recv().unwrap(), ErrorKind::Unavailable);
}

/// Two runtimes of one thread each and a program without one, all at once.
#[test]
fn two_runtimes_and_a_blocking_program_share_a_session() {
    const ROUNDS: usize = 50;
    let server = renewing();
    let (backend, calls) = Tokens::new(environment(&server.url()));
    let session = SessionHandle::new(backend);
    session.blocking().init().unwrap();
    let client = Client::new(&session);
    let all = Arc::new(Barrier::new(3));
    let mut threads = Vec::new();
    for _ in 0..2 {
        let (client, all) = (client.clone(), Arc::clone(&all));
        threads.push(thread::spawn(move || {
            runtime().block_on(async {
                all.wait();
                for _ in 0..ROUNDS {
                    let answer = client.get("/").send().await.unwrap();
                    assert_eq!(answer.status(), 200);
                    answer.bytes().await.unwrap();
                }
            });
        }));
    }
    let client = blocking::Client::from(client);
    all.wait();
    for _ in 0..ROUNDS {
        let answer = client.get("/").send().unwrap();
        assert_eq!(answer.status(), 200);
        answer.bytes().unwrap();
    }
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(
        calls.made(),
        ["init", "renew"],
        "one renewal for all of them"
    );
    session.blocking().close().unwrap();
    block_on(server.until_open(0));
}

#[test]
fn bodies_are_streamed_both_ways() {
    let server = Server::start(|request| async { reply(200, &[], request.body) });
    let session = opened(&server);
    let client = blocking::Client::new(&session);
    let sent: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let mut answer = client
        .put("/file")
        .reader(io::Cursor::new(sent.clone()))
        .send()
        .unwrap();
    let mut begun = vec![0; 10];
    answer.read_exact(&mut begun).unwrap();
    let mut received = begun.clone();
    answer.read_to_end(&mut received).unwrap();
    assert!(received == sent);
    assert_eq!(answer.read(&mut begun).unwrap(), 0, "it is over");

    let mut answer = client.put("/file").body(sent.clone()).send().unwrap();
    answer.read_exact(&mut begun).unwrap();
    let rest = answer.bytes().unwrap();
    assert!([&begun, &rest[..]].concat() == sent);

    let mut answer = client.put("/file").body("1").send().unwrap();
    answer.read_exact(&mut begun[..1]).unwrap();
    let error = answer.json::<u32>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "a part of it is not it");
    let one: u32 = client.put("/").json(&1).send().unwrap().json().unwrap();
    assert_eq!(one, 1);
}

#[test]
fn a_body_that_cannot_be_read_breaks_the_request_off() {
    struct Broken(usize);
    impl Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            match self.0 {
                1 => Err(io::ErrorKind::Interrupted.into()),
                2..5 => Ok(buffer.len()),
                _ => Err(io::Error::other("the disk is gone")),
            }
        }
    }
    let server = Server::agreeable();
    let session = opened(&server);
    let client = blocking::Client::new(&session);
    let error = client.put("/").reader(Broken(0)).send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "the server is fine");
    let text = error.to_string();
    assert!(text.contains("body cannot be read"), "{text}");
    assert_eq!(server.log().len(), 0, "it never was a whole request");
}

#[test]
fn a_reader_that_panics_does_not_end_the_body() {
    struct Panicking(usize);
    impl Read for Panicking {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            assert!(self.0 < 3, "as is meant");
            Ok(buffer.len())
        }
    }
    let server = Server::agreeable();
    let session = opened(&server);
    let client = blocking::Client::new(&session);
    let error = client.put("/").reader(Panicking(0)).send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(error.to_string().contains("panicked"), "{error}");
    assert_eq!(server.log().len(), 0, "it never was a whole request");
}

#[test]
fn an_answer_that_broke_off_stays_broken() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                head.extend(byte);
            }
            let short = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc";
            stream.write_all(short).unwrap();
        }
    });
    let (session, _) = block_on(open(&url));
    let client = blocking::Client::new(&session);
    let mut answer = client.get("/").send().unwrap();
    let mut received = Vec::new();
    answer.read_to_end(&mut received).unwrap_err();
    answer.read(&mut [0; 10]).unwrap_err();
    assert_eq!(answer.bytes().unwrap_err().kind(), ErrorKind::Unavailable);
    block_on(async {
        let mut answer = Client::new(&session).get("/").send().await.unwrap();
        while let Ok(part) = answer.chunk().await {
            assert!(part.is_some(), "it has no end");
        }
        let error = answer.chunk().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    });
    server.join().unwrap();
}

#[test]
fn a_body_that_was_read_is_not_sent_twice() {
    let server = renewing();
    let session = opened(&server);
    let client = blocking::Client::new(&session);
    let send = || client.put("/").reader(&b"once"[..]).send().unwrap();
    assert_eq!(send().status(), 401);
    assert_eq!(
        send().text().unwrap(),
        "once",
        "the next has a new credential"
    );
    assert_eq!(server.log().len(), 2);
}
