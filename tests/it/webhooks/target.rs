//! A target: takes what comes, writes it down, and answers as it is told.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use uuid::Uuid;

/// How a target answers a subject.
type Manner = dyn Fn(u128) -> Option<String> + Send + Sync;

/// A message as it came.
#[derive(Clone, Debug)]
pub struct Message {
    pub headers: BTreeMap<String, String>,
    pub body: Value,
    pub subject: u128,
    /// Whether it was answered with 2xx.
    pub taken: bool,
}

pub struct Target {
    port: u16,
    manner: Arc<Mutex<Arc<Manner>>>,
    messages: Arc<Mutex<Vec<Message>>>,
}

impl Target {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = Self {
            port: listener.local_addr().unwrap().port(),
            manner: Arc::new(Mutex::new(Arc::new(|_| Some("204 No Content".into())))),
            messages: Arc::default(),
        };
        let (manner, messages) = (Arc::clone(&target.manner), Arc::clone(&target.messages));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let manner = Arc::clone(&manner.lock().unwrap());
                take(stream, manner.as_ref(), &messages);
            }
        });
        target
    }

    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on answers with this status line, and more lines if need be; with nothing it hangs up.
    pub fn answer(&self, manner: impl Fn(u128) -> Option<String> + Send + Sync + 'static) {
        *self.manner.lock().unwrap() = Arc::new(manner);
    }

    pub fn well(&self) {
        self.answer(|_| Some("204 No Content".into()));
    }

    pub fn messages(&self) -> Vec<Message> {
        self.messages.lock().unwrap().clone()
    }

    /// Whom it was told of, and took it.
    pub fn taken(&self) -> Vec<u128> {
        let messages = self.messages();
        let taken = messages.iter().filter(|message| message.taken);
        taken.map(|message| message.subject).collect()
    }
}

fn take(stream: TcpStream, manner: &Manner, messages: &Mutex<Vec<Message>>) -> Option<()> {
    let mut reader = BufReader::new(&stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let mut bytes = vec![0; headers.get("content-length")?.parse().ok()?];
    reader.read_exact(&mut bytes).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let body: Value = serde_json::from_str(&text).ok()?;
    let subject: Uuid = body["subject"].as_str()?.parse().ok()?;
    let subject = subject.as_u128();
    let answer = manner(subject);
    let taken = answer.as_ref().is_some_and(|line| line.starts_with('2'));
    messages.lock().unwrap().push(Message {
        headers,
        body,
        subject,
        taken,
    });
    let lines = answer?;
    let answer = format!("HTTP/1.1 {lines}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    (&stream).write_all(answer.as_bytes()).ok()
}
