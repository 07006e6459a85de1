//! Clients that mean it ill: their heads and bodies drip, they ask and do not read, they come and say nothing (T-DOS-1 to T-DOS-3).

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::crash::Server;
use crate::endurance::free_port;
use crate::running::pace::was_in_time;
use crate::support::raw::send;
use crate::support::stopwatch::Stopwatch;
use crate::support::{Api, PASSWORD, TestApp, wait_until};

/// How long a slow client may hold its line.
const LIMIT: Duration = Duration::from_secs(15);

/// One that sends a byte at a time, and how its line ended.
struct Slow {
    what: &'static str,
    stream: TcpStream,
    since: Instant,
    rest: Vec<u8>,
    ended: Option<Duration>,
}

impl Slow {
    fn new(host: &str, what: &'static str, at_once: &str, rest: &str) -> Self {
        let mut stream = TcpStream::connect(host).unwrap();
        stream.write_all(at_once.as_bytes()).unwrap();
        stream.set_nonblocking(true).unwrap();
        Self {
            what,
            stream,
            since: Instant::now(),
            rest: rest.bytes().rev().collect(),
            ended: None,
        }
    }

    fn drip(&mut self) {
        if self.ended.is_some() {
            return;
        }
        let byte = self.rest.pop().unwrap_or(b'x');
        let mut piece = [0; 4096];
        let written = self.stream.write(&[byte]);
        let read = self.stream.read(&mut piece);
        let cut = |error: &std::io::Error| error.kind() != ErrorKind::WouldBlock;
        let gone = matches!(read, Ok(0))
            || read.as_ref().is_err_and(cut)
            || written.as_ref().is_err_and(cut);
        if gone {
            self.ended = Some(self.since.elapsed());
        }
    }
}

#[test]
fn t_dos_1_t_dos_2_slow_clients_are_hung_up_on_and_nobody_else_notices() {
    let app = TestApp::start();
    let worker = app.register("worker", &["developer"]);
    let database = app.stop();
    let server = Server::start_with(database.url(), free_port(), &[]);
    let api = Api::log_in(server.base().to_owned(), &worker.username, PASSWORD);
    let token = api.token().unwrap();
    let host = server.base().strip_prefix("http://").unwrap();
    let get = "GET /health/live HTTP/1.1\r\nhost: a\r\n";
    let whole = format!("{get}\r\n");
    let post = format!(
        "POST /api/v1/tasks HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n"
    );
    let mut slow = Vec::new();
    for _ in 0..200 {
        slow.push(Slow::new(host, "a head that drips", get, "x-slow: "));
    }
    for _ in 0..150 {
        slow.push(Slow::new(
            host,
            "a body that drips",
            &post,
            "{\"title\": \"",
        ));
    }
    for _ in 0..100 {
        slow.push(Slow::new(host, "a second head that drips", &whole, get));
    }
    // They ask for more than fits on the way and read nothing; a minute is theirs, in the long form it is waited for.
    let long = std::env::var_os("ATES_TEST_LONG").is_some();
    let ask = format!(
        "GET /api/v1/openapi.json HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\r\n"
    )
    .repeat(8);
    let readers: Vec<TcpStream> = (0..10)
        .map(|_| {
            let mut stream = TcpStream::connect(host).unwrap();
            stream.write_all(ask.as_bytes()).unwrap();
            stream
        })
        .collect();

    let begun = Instant::now();
    let mut waits = Vec::new();
    while slow.iter().any(|one| one.ended.is_none()) && begun.elapsed() < LIMIT * 2 {
        slow.iter_mut().for_each(Slow::drip);
        let asked = Stopwatch::start();
        assert_eq!(api.get("/api/v1/me").0, 200, "the bystander is served");
        waits.push(asked.elapsed());
        std::thread::park_timeout(Duration::from_millis(400).saturating_sub(asked.elapsed()));
    }
    waits.sort_unstable();
    let bystander = waits[waits.len() * 95 / 100];
    let figures = format!("the 95th percentile of {} is {bystander:?}", waits.len());
    println!("{figures}");
    was_in_time(
        "the bystander",
        bystander < Duration::from_secs(1),
        &figures,
    );
    for what in [
        "a head that drips",
        "a body that drips",
        "a second head that drips",
    ] {
        let ends: Vec<_> = slow
            .iter()
            .filter(|one| one.what == what)
            .map(|one| one.ended)
            .collect();
        let last = ends.iter().max().unwrap();
        println!("{what}: {last:?}");
        assert!(
            ends.iter().all(|end| end.is_some_and(|end| end < LIMIT)),
            "{what}: {ends:?}"
        );
    }
    if long {
        for mut stream in readers {
            stream
                .set_read_timeout(Some(Duration::from_secs(90)))
                .unwrap();
            std::thread::park_timeout(Duration::from_secs(70).saturating_sub(begun.elapsed()));
            let mut rest = Vec::new();
            // Cut, or at its end after what was on the way.
            drop(stream.read_to_end(&mut rest));
            assert!(rest.len() < ask.len() * 100_000);
        }
    }
}

#[test]
fn t_dos_3_too_few_file_descriptors_are_survived() {
    let app = TestApp::start();
    let database = app.stop();
    let port = free_port();
    let mut server = Command::new("prlimit")
        .args([
            "--nofile=256:256",
            env!("CARGO_BIN_EXE_ates"),
            "serve",
            "--no-workers",
        ])
        .env("DATABASE_URL", database.url())
        .env("ATES_BIND", format!("127.0.0.1:{port}"))
        .env("ATES_METRICS_BIND", "")
        .env("RUST_LOG", "error")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let api = Api::anonymous(format!("http://127.0.0.1:{port}"));
    wait_until("the server is ready", || {
        api.try_get("/health/ready") == Some(200)
    });
    let ticks = || -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.id())).unwrap();
        let fields: Vec<&str> = stat
            .rsplit_once(')')
            .unwrap()
            .1
            .split_whitespace()
            .collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    let before = ticks();
    let begun = Instant::now();
    let crowd = if std::env::var_os("ATES_TEST_LONG").is_some() {
        400
    } else {
        250
    };
    let idle: Vec<TcpStream> = (0..crowd)
        .map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap())
        .collect();
    let files = format!("/proc/{}/fd", server.id());
    wait_until("it has no file left", || {
        std::fs::read_dir(&files).unwrap().count() >= 250
    });
    // It has more lines than it can hold; it waits for some to end, as they do after five seconds, and takes the next.
    wait_until("somebody is served again", || {
        std::panic::catch_unwind(|| {
            send(
                &format!("http://127.0.0.1:{port}"),
                "GET",
                "/health/live",
                &[],
                "",
            )
            .status
        })
        .is_ok_and(|status| status == 200)
    });
    let (spent, passed) = (ticks() - before, begun.elapsed());
    println!("{spent} ticks in {passed:?}");
    assert!(
        u128::from(spent) * 10 < passed.as_millis() / 2 + 1_000,
        "it spins: {spent} ticks in {passed:?}"
    );
    drop(idle);
    let asked = Stopwatch::start();
    assert_eq!(api.try_get("/health/live"), Some(200));
    assert!(asked.elapsed() < Duration::from_secs(10));
    assert!(server.try_wait().unwrap().is_none(), "it lives");
    server.kill().unwrap();
    server.wait().unwrap();
}
