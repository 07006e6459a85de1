//! Requests as they are written on the wire: a client that tidies nothing up.

use std::io::{Read, Write};
use std::net::TcpStream;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (given, value) = line.split_once(':')?;
            given.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// Whether somebody got through: an answer that is neither a refusal nor the way to the log-in.
    pub fn lets_in(&self) -> bool {
        match self.status {
            200..=299 => true,
            300..=399 => !self
                .header("location")
                .is_some_and(|to| to == "/login" || to.starts_with("/login?")),
            _ => false,
        }
    }
}

/// Sends exactly this target with these header lines to `http://host:port`.
pub fn send(
    base: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    try_send(base, method, target, headers, body)
        .unwrap_or_else(|error| panic!("no answer to {method} {target}: {error}"))
}

/// The same, for who is ready to be cut off: the error is the line's, or that there came no answer to be understood.
pub fn try_send(
    base: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> std::io::Result<Answer> {
    let host = base.strip_prefix("http://").unwrap();
    let mut text = format!("{method} {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    let mut stream = TcpStream::connect(host)?;
    stream.write_all(text.as_bytes())?;
    let mut bytes = Vec::new();
    let mut piece = [0; 16_384];
    // A server that refuses early may keep the line open for a while, or cut it.
    while !is_whole(&bytes) {
        match stream.read(&mut piece) {
            Ok(read) if read > 0 => bytes.extend_from_slice(&piece[..read]),
            _ => break,
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    Ok(Answer {
        status: status.ok_or_else(|| std::io::Error::other(format!("{text:?}")))?,
        head: head.to_owned(),
        body: body.to_owned(),
    })
}

/// Whether an answer has come to its end, by its own word.
fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, _)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let head = head.to_ascii_lowercase();
    if head.contains("transfer-encoding: chunked") {
        return bytes.ends_with(b"0\r\n\r\n");
    }
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    let start = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    matches!((length, start), (Some(length), Some(start)) if bytes.len() >= start + 4 + length)
}
