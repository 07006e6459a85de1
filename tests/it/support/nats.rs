//! A NATS server with JetStream, private to a test, and a reader that shares no code with the product: it speaks the protocol itself.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::wait_until;

const USER: &str = "ates";
const PASSWORD: &str = "p@ss:word/1";

/// The server; its store outlives a kill, and both go with the test.
pub struct NatsServer {
    port: u16,
    store: TempDir,
    child: Option<Child>,
}

/// A message as the stream has it.
#[derive(Debug)]
pub struct Relayed {
    pub subject: String,
    pub headers: BTreeMap<String, String>,
    pub data: Value,
}

impl NatsServer {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut server = Self {
            port: listener.local_addr().unwrap().port(),
            store: TempDir::new().unwrap(),
            child: None,
        };
        drop(listener);
        server.restart();
        server
    }

    /// The address with credentials, as a setting has it.
    pub fn url(&self) -> String {
        format!("nats://{USER}:p%40ss%3Aword%2F1@127.0.0.1:{}", self.port)
    }

    /// Kills it without a word, as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    pub fn restart(&mut self) {
        let child = Command::new("nats-server")
            .args(["--jetstream", "--addr", "127.0.0.1", "--port"])
            .arg(self.port.to_string())
            .args(["--user", USER, "--pass", PASSWORD, "--store_dir"])
            .arg(self.store.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nats-server does not start: install it with \"apt-get install nats-server\"");
        self.child = Some(child);
        wait_until("the NATS server answers", || {
            Reader::try_connect(self.port).is_some_and(|mut reader| {
                let answer = reader.ask("$JS.API.INFO", &json!({}));
                answer.is_some_and(|answer| answer.get("error").is_none())
            })
        });
    }

    pub fn reader(&self) -> Reader {
        Reader::try_connect(self.port).unwrap()
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A connection of somebody else's program.
pub struct Reader {
    input: BufReader<TcpStream>,
    output: TcpStream,
}

impl Reader {
    fn try_connect(port: u16) -> Option<Self> {
        let output = TcpStream::connect(("127.0.0.1", port)).ok()?;
        let mut reader = Self {
            input: BufReader::new(output.try_clone().ok()?),
            output,
        };
        let greeting = reader.line()?;
        assert!(greeting.starts_with("INFO "), "{greeting}");
        let hello = json!({ "verbose": false, "user": USER, "pass": PASSWORD, "headers": true });
        reader.say(&format!("CONNECT {hello}\r\nSUB answers 1\r\n"))?;
        Some(reader)
    }

    /// How many messages a stream has; none when there is no such stream.
    pub fn count(&mut self, stream: &str) -> Option<u64> {
        let info = self.ask(&format!("$JS.API.STREAM.INFO.{stream}"), &json!({}))?;
        info["state"]["messages"].as_u64()
    }

    /// Every message of a stream, in its order.
    pub fn read_all(&mut self, stream: &str) -> Vec<Relayed> {
        let last = self.count(stream).unwrap();
        (1..=last).map(|number| self.get(stream, number)).collect()
    }

    /// Stores a message of its own.
    pub fn publish(&mut self, subject: &str) {
        let ack = self.ask(subject, &json!("squawk")).unwrap();
        assert!(ack.get("error").is_none(), "{ack}");
    }

    fn get(&mut self, stream: &str, number: u64) -> Relayed {
        let question = json!({ "seq": number });
        let answer = self
            .ask(&format!("$JS.API.STREAM.MSG.GET.{stream}"), &question)
            .unwrap();
        let message = &answer["message"];
        let decoded = |field: &str| {
            let text = message[field].as_str().unwrap_or_default();
            String::from_utf8(STANDARD.decode(text).unwrap()).unwrap()
        };
        Relayed {
            subject: message["subject"].as_str().unwrap().to_owned(),
            headers: decoded("hdrs")
                .lines()
                .filter_map(|line| line.split_once(':'))
                .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
                .collect(),
            data: serde_json::from_str(&decoded("data")).unwrap(),
        }
    }

    /// Publishes a question and waits for the answer; none when the server goes.
    fn ask(&mut self, subject: &str, body: &Value) -> Option<Value> {
        let body = body.to_string();
        self.say(&format!(
            "PUB {subject} answers {}\r\n{body}\r\n",
            body.len()
        ))?;
        loop {
            let line = self.line()?;
            match line.split_once(' ').map_or(line.as_str(), |(word, _)| word) {
                "PING" => self.say("PONG\r\n")?,
                word @ ("MSG" | "HMSG") => {
                    let length: usize = line.rsplit(' ').next()?.parse().ok()?;
                    let mut bytes = vec![0; length + 2];
                    self.input.read_exact(&mut bytes).ok()?;
                    if word == "HMSG" {
                        return None; // "no responders": JetStream is not up yet
                    }
                    return serde_json::from_slice(&bytes[..length]).ok();
                }
                _ => {}
            }
        }
    }

    fn say(&mut self, words: &str) -> Option<()> {
        self.output.write_all(words.as_bytes()).ok()
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let length = self.input.read_line(&mut line).ok()?;
        (length > 0).then(|| line.trim_end().to_owned())
    }
}
