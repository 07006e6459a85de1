//! Three times as much arrives as can be done (T-LOAD-5, A59): what is let in is served as ever, the rest is told so at once.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::crash::Server;
use crate::endurance::free_port;
use crate::support::raw::{Answer, send};
use crate::support::{Api, PASSWORD, TestApp};

/// Clients that ask as fast as they are answered, to find out what can be done.
const CLOSED: usize = 16;

/// Clients of the crowd.
const CROWD: usize = 160;

/// Rounds until the machine has been quiet for one of them.
const ROUNDS: usize = 3;

fn ask(base: &str, token: &str) -> Answer {
    send(
        base,
        "GET",
        "/api/v1/tasks/mine",
        &[("authorization", token)],
        "",
    )
}

/// What a second brings when everybody waits for their answer.
fn capacity(base: &str, token: &str, time: Duration) -> f64 {
    let end = Instant::now() + time;
    let served: usize = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLOSED)
            .map(|_| {
                scope.spawn(|| {
                    let mut served = 0;
                    while Instant::now() < end {
                        served += usize::from(ask(base, token).status == 200);
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
                let mut place = n;
                loop {
                    let due = Duration::from_secs_f64(place as f64 / rate);
                    place += CROWD;
                    if due > time {
                        return;
                    }
                    std::thread::park_timeout(due.saturating_sub(begun.elapsed()));
                    let asked = Instant::now();
                    let answer = ask(base, token);
                    let mut seen = seen.lock().unwrap();
                    match answer.status {
                        200 => seen.served.push(asked.elapsed()),
                        503 => {
                            assert!(answer.header("retry-after").is_some(), "{}", answer.head);
                            assert!(
                                answer.body.contains("/problems/unavailable"),
                                "{}",
                                answer.body
                            );
                            seen.refused += 1;
                        }
                        status => panic!("{status}: {}", answer.body),
                    }
                }
            });
        }
    });
    (seen.into_inner().unwrap(), begun.elapsed().as_secs_f64())
}

#[test]
fn t_load_5_three_times_the_capacity_leaves_the_goodput_where_it_was() {
    let seconds = if std::env::var_os("ATES_TEST_LONG").is_some() {
        300
    } else {
        4
    };
    let app = TestApp::start();
    let worker = app.register("worker", &["developer"]);
    let database = app.stop();
    // As many as this build gets through in less than two seconds, even while the machine does other things.
    let settings = [
        ("ATES_REQUESTS_AT_ONCE", "12"),
        ("ATES_REQUESTS_WAITING", "24"),
    ];
    let server = Server::start_with(database.url(), free_port(), &settings);
    let base = server.base();
    let api = Api::log_in(base.to_owned(), &worker.username, PASSWORD);
    let token = format!("Bearer {}", api.token().unwrap());
    let stop = AtomicBool::new(false);
    let (told, memory) = std::thread::scope(|scope| {
        let health = scope.spawn(|| {
            let mut slowest = Duration::ZERO;
            while !stop.load(Ordering::SeqCst) {
                let asked = Instant::now();
                assert_eq!(send(base, "GET", "/health/live", &[], "").status, 200);
                slowest = slowest.max(asked.elapsed());
                std::thread::park_timeout(Duration::from_millis(100));
            }
            slowest
        });
        let mut told = Vec::new();
        let before = server.peak_memory();
        for _ in 0..ROUNDS {
            let peak = capacity(base, &token, Duration::from_secs(3));
            let (mut seen, took) = crowd(base, &token, peak * 3.0, Duration::from_secs(seconds));
            seen.served.sort_unstable();
            let goodput = seen.served.len() as f64 / took;
            let p99 = seen.served[seen.served.len() * 99 / 100];
            println!(
                "peak {peak:.0}/s, goodput {goodput:.0}/s, p99 {p99:?}, {} served, {} refused",
                seen.served.len(),
                seen.refused
            );
            assert!(seen.refused > 0, "nobody was turned away");
            told.push((goodput / peak, p99));
            if goodput >= 0.8 * peak && p99 <= Duration::from_secs(2) {
                break;
            }
        }
        stop.store(true, Ordering::SeqCst);
        let slowest = health.join().unwrap();
        println!("health took {slowest:?} at most");
        assert!(slowest < Duration::from_secs(2), "{slowest:?}");
        (told, server.peak_memory() - before)
    });
    let (goodput, p99) = told.last().unwrap();
    assert!(*goodput >= 0.8, "{told:?}");
    assert!(*p99 <= Duration::from_secs(2), "{told:?}");
    assert!(memory <= 100 << 10, "{memory} KiB more");
}
