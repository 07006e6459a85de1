//! A line between a proxy and the program, on which everything that the program answers is written down.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What went over one connection.
#[derive(Default)]
struct Line {
    asked: Vec<u8>,
    answered: Vec<u8>,
}

/// The line; its listener ends with the test's process.
pub struct Tap {
    pub host: String,
    lines: Arc<Mutex<Vec<Arc<Mutex<Line>>>>>,
}

impl Tap {
    pub fn to(program: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let lines: Arc<Mutex<Vec<Arc<Mutex<Line>>>>> = Arc::default();
        let (all, program) = (Arc::clone(&lines), program.to_owned());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(&program) else {
                    continue;
                };
                let line = Arc::new(Mutex::new(Line::default()));
                all.lock().unwrap().push(Arc::clone(&line));
                let pair = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let noted = Arc::clone(&line);
                std::thread::spawn(move || {
                    pass(client, server, |piece| {
                        noted.lock().unwrap().asked.extend_from_slice(piece);
                    });
                });
                std::thread::spawn(move || {
                    pass(pair.1, pair.0, |piece| {
                        line.lock().unwrap().answered.extend_from_slice(piece);
                    });
                });
            }
        });
        Self { host, lines }
    }

    /// The ids of all requests that the program has answered, but for the proxy's own looks at its health.
    pub fn answered(&self) -> Vec<String> {
        ids(&self.answers())
    }

    /// How many requests the program has refused without having understood them.
    pub fn refusals(&self) -> usize {
        let answers = self.answers();
        let each = answers.split("HTTP/1.1 ").skip(1);
        each.filter(|answer| !answer.contains("x-request-id: "))
            .filter(|answer| !answer.starts_with('1'))
            .count()
    }

    fn answers(&self) -> String {
        let lines = self.lines.lock().unwrap();
        lines
            .iter()
            .map(|line| line.lock().unwrap())
            .filter(|line| !line.asked.starts_with(b"GET /health/ready "))
            .map(|line| String::from_utf8_lossy(&line.answered).into_owned())
            .collect()
    }
}

/// The ids that answers carry; what refuses without having understood has none.
pub fn ids(answers: &str) -> Vec<String> {
    let lines = answers.lines();
    lines
        .filter_map(|line| line.strip_prefix("x-request-id: "))
        .map(ToOwned::to_owned)
        .collect()
}

fn pass(mut from: TcpStream, mut to: TcpStream, note: impl Fn(&[u8])) {
    let mut piece = [0; 16_384];
    while let Ok(read) = from.read(&mut piece)
        && read > 0
    {
        note(&piece[..read]);
        if to.write_all(&piece[..read]).is_err() {
            break;
        }
    }
    drop(to.shutdown(Shutdown::Write));
    drop(from.shutdown(Shutdown::Read));
}
