//! Three times as much arrives as can be done (T-LOAD-5, A59): what is let in is served as ever, the rest is told so at once.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::Ends;
use super::load::{is_long, lend_password};
use super::pace::in_time;
use crate::crash::Server;
use crate::endurance::free_port;
use crate::scale::{history, recorder};
use crate::support::database::TestDatabase;
use crate::support::raw::send;
use crate::support::{Api, PASSWORD, TestApp};

/// Clients that ask as fast as they are answered, to find out what can be done.
const CLOSED: usize = 16;

/// Clients of the crowd.
const CROWD: usize = 160;

/// What an answer takes at most, and that of health as well.
const PATIENCE: Duration = Duration::from_secs(2);

/// As many as this build gets through in less than two seconds, even while the machine does other things.
const DOOR: [(&str, &str); 2] = [
    ("ATES_REQUESTS_AT_ONCE", "12"),
    ("ATES_REQUESTS_WAITING", "24"),
];

/// A line to the server that is kept, as a proxy keeps its lines.
struct Line {
    host: String,
    request: String,
    stream: TcpStream,
}

/// What came back.
struct Heard {
    status: u16,
    head: String,
}

impl Line {
    fn open(base: &str, token: &str) -> Self {
        let host = base.strip_prefix("http://").unwrap().to_owned();
        let request = format!(
            "GET /api/v1/tasks/mine HTTP/1.1\r\nhost: {host}\r\nauthorization: {token}\r\n\r\n"
        );
        let stream = TcpStream::connect(&host).unwrap();
        Self {
            host,
            request,
            stream,
        }
    }

    /// An answer; a line that was cut in the meantime is opened anew.
    fn ask(&mut self) -> Heard {
        loop {
            if let Some(heard) = self.try_ask() {
                return heard;
            }
            self.stream = TcpStream::connect(&self.host).unwrap();
        }
    }

    fn try_ask(&mut self) -> Option<Heard> {
        self.stream.write_all(self.request.as_bytes()).ok()?;
        let (mut bytes, mut piece) = (Vec::new(), [0; 8_192]);
        let mut whole = usize::MAX;
        let mut head = String::new();
        while bytes.len() < whole {
            let read = self.stream.read(&mut piece).ok().filter(|read| *read > 0)?;
            bytes.extend_from_slice(&piece[..read]);
            if head.is_empty()
                && let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n")
            {
                head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
                let length = head.split("content-length: ").nth(1)?;
                whole = end + 4 + length.lines().next()?.parse::<usize>().ok()?;
            }
        }
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Heard { status, head })
    }
}

/// What a second brings when everybody waits for their answer.
fn capacity(base: &str, token: &str, time: Duration) -> f64 {
    let end = Instant::now() + time;
    let served: usize = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLOSED)
            .map(|_| {
                scope.spawn(|| {
                    let (mut served, mut line) = (0, Line::open(base, token));
                    while Instant::now() < end {
                        served += usize::from(line.ask().status == 200);
                    }
                    served
                })
            })
            .collect();
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .sum()
    });
    served as f64 / time.as_secs_f64()
}

/// What became of a crowd.
#[derive(Debug, Default)]
struct Crowd {
    served: Vec<Duration>,
    refused: usize,
}

fn crowd(base: &str, token: &str, rate: f64, time: Duration) -> (Crowd, f64) {
    let begun = Instant::now();
    let seen = Mutex::new(Crowd::default());
    std::thread::scope(|scope| {
        for n in 0..CROWD {
            let seen = &seen;
            scope.spawn(move || {
                let (mut place, mut line) = (n, Line::open(base, token));
                loop {
                    let due = Duration::from_secs_f64(place as f64 / rate);
                    place += CROWD;
                    if due > time {
                        return;
                    }
                    std::thread::park_timeout(due.saturating_sub(begun.elapsed()));
                    let asked = Instant::now();
                    let answer = line.ask();
                    let mut seen = seen.lock().unwrap();
                    match answer.status {
                        200 => seen.served.push(asked.elapsed()),
                        503 => {
                            assert!(answer.head.contains("retry-after: "), "{}", answer.head);
                            assert!(answer.head.contains("problem+json"), "{}", answer.head);
                            seen.refused += 1;
                        }
                        status => panic!("{status}: {}", answer.head),
                    }
                }
            });
        }
    });
    (seen.into_inner().unwrap(), begun.elapsed().as_secs_f64())
}

/// A company whose page of one's tasks is as long as it gets.
fn company() -> TestDatabase {
    let app = TestApp::start();
    app.register("kesha", &["developer"]);
    history::write(&app, 3, 1, 300);
    lend_password(&app);
    app.stop()
}

fn token(base: &str) -> String {
    let api = Api::log_in(base.to_owned(), "popug1", PASSWORD);
    format!("Bearer {}", api.token().unwrap())
}

#[test]
fn t_load_5_who_is_turned_away_costs_the_database_nothing_and_who_is_let_in_is_served() {
    recorder::record();
    let database = company();
    let app = TestApp::with(|settings| {
        let narrow = DOOR.iter().fold(settings, |settings, (name, value)| {
            settings.set(name, value)
        });
        narrow.on(database).workers(false)
    });
    let (base, name, token) = (app.base(), app.database_name(), token(&app.base()));
    let mut line = Line::open(&base, &token);
    assert_eq!(line.ask().status, 200);
    let alone = recorder::asked(&name, || assert_eq!(line.ask().status, 200)).len();
    assert!(alone > 0, "the page asks something");
    let mut seen = Crowd::default();
    let asked = recorder::asked(&name, || {
        // Everybody at once.
        (seen, _) = crowd(&base, &token, 1e6, Duration::from_millis(2));
    });
    let (served, refused) = (seen.served.len(), seen.refused);
    println!(
        "{} statements for {served} served and {refused} refused, {alone} each",
        asked.len()
    );
    assert!(
        served > 0 && refused > served,
        "{served} served, {refused} refused"
    );
    assert_eq!(asked.len(), served * alone);
}

/// The times are judged in the long form, on a machine that does nothing else; here it is counted who was served and what is held.
#[test]
fn t_load_5_three_times_the_capacity_leaves_the_goodput_where_it_was() {
    let time = Duration::from_secs(if is_long() { 300 } else { 4 });
    let database = company();
    let server = Server::start_with(database.url(), free_port(), &DOOR);
    let base = server.base();
    let token = token(base);
    let (stop, health) = (AtomicBool::new(false), Mutex::new(Duration::ZERO));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::SeqCst) {
                let asked = Instant::now();
                assert_eq!(send(base, "GET", "/health/live", &[], "").status, 200);
                let mut slowest = health.lock().unwrap();
                *slowest = slowest.max(asked.elapsed());
                drop(slowest);
                std::thread::park_timeout(Duration::from_millis(100));
            }
        });
        let _ends = Ends(&stop);
        let before = server.peak_memory();
        in_time("three times the capacity", || {
            *health.lock().unwrap() = Duration::ZERO;
            let peak = capacity(base, &token, Duration::from_secs(3));
            let (mut seen, took) = crowd(base, &token, peak * 3.0, time);
            assert!(seen.refused > 0, "nobody was turned away");
            seen.served.sort_unstable();
            let goodput = seen.served.len() as f64 / took;
            let p99 = seen.served[seen.served.len() * 99 / 100];
            let slowest = *health.lock().unwrap();
            let told = format!(
                "peak {peak:.0}/s, goodput {goodput:.0}/s, p99 {p99:?}, {} refused, health {slowest:?} at most",
                seen.refused
            );
            if goodput >= 0.8 * peak && p99.max(slowest) <= PATIENCE {
                Ok(())
            } else {
                Err(told)
            }
        });
        let more = server.peak_memory() - before;
        assert!(more <= 100 << 10, "{more} KiB more");
    });
}
