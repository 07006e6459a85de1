//! T-FUZZ-6: requests that two readers on one line may understand differently get one answer, and nothing hides behind them (A57).

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::TestApp;

/// What comes back for these bytes, until the server hangs up or says no more for a moment.
fn talk(host: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(host).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_millis(700)))
        .unwrap();
    // A server that refuses early hangs up in the middle.
    drop(stream.write_all(bytes));
    let (mut answer, mut piece) = (Vec::new(), [0; 16_384]);
    while let Ok(read) = stream.read(&mut piece) {
        if read == 0 {
            break;
        }
        answer.extend_from_slice(&piece[..read]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn statuses(answer: &str) -> Vec<u16> {
    answer
        .split("HTTP/1.")
        .skip(1)
        .filter_map(|rest| rest.get(2..5)?.parse().ok())
        .collect()
}

/// The second request that an attacker wants to slip past whoever stands in front.
const HIDDEN: &str = "GET /health/live HTTP/1.1\r\nHost: hidden.example\r\n\r\n";

#[test]
fn a57_t_fuzz_6_no_request_hides_another_and_what_is_ambiguous_is_refused() {
    let app = TestApp::start();
    let base = app.base();
    let host = base.strip_prefix("http://").unwrap();
    let length = HIDDEN.len();
    let refused = [
        (
            "length and chunks",
            format!(
                "POST /login HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}"
            ),
        ),
        (
            "chunks and length",
            format!(
                "POST /login HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n{HIDDEN}"
            ),
        ),
        (
            "chunks twice",
            format!(
                "POST /login HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n{HIDDEN}"
            ),
        ),
        (
            "unknown coding",
            format!(
                "POST /login HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{HIDDEN}"
            ),
        ),
        (
            "two lengths",
            format!(
                "POST /login HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nContent-Length: {length}\r\n\r\n{HIDDEN}"
            ),
        ),
        (
            "a length with a sign",
            format!("POST /login HTTP/1.1\r\nHost: {host}\r\nContent-Length: +0\r\n\r\n{HIDDEN}"),
        ),
        (
            "a length of words",
            format!("POST /login HTTP/1.1\r\nHost: {host}\r\nContent-Length: zero\r\n\r\n{HIDDEN}"),
        ),
        (
            "two hosts",
            format!(
                "GET /health/live HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\n\r\n{HIDDEN}"
            ),
        ),
        (
            "no host",
            format!("GET /health/live HTTP/1.1\r\n\r\n{HIDDEN}"),
        ),
        (
            "a folded line",
            format!(
                "GET /health/live HTTP/1.1\r\nHost: {host}\r\nX-One: a\r\n Content-Length: {length}\r\n\r\n{HIDDEN}"
            ),
        ),
        (
            "a space before the colon",
            format!(
                "POST /login HTTP/1.1\r\nHost: {host}\r\nContent-Length : {length}\r\n\r\n{HIDDEN}"
            ),
        ),
        (
            "a bare return in a header",
            format!(
                "GET /health/live HTTP/1.1\r\nHost: {host}\r\nX-One: a\rContent-Length: {length}\r\n\r\n{HIDDEN}"
            ),
        ),
        (
            "a zero in a header",
            format!("GET /health/live HTTP/1.1\r\nHost: {host}\r\nX-One: a\0b\r\n\r\n{HIDDEN}"),
        ),
        (
            "a version of the future",
            format!("GET /health/live HTTP/3.0\r\nHost: {host}\r\n\r\n{HIDDEN}"),
        ),
        (
            "a version that is none",
            format!("GET /health/live HTTX/1.1\r\nHost: {host}\r\n\r\n{HIDDEN}"),
        ),
        (
            "a chunk of a wrong size",
            format!(
                "POST /login HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n{HIDDEN}"
            ),
        ),
        (
            "a chunk whose size overflows",
            format!(
                "POST /login HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff0\r\n\r\n{HIDDEN}"
            ),
        ),
    ];
    let mut wrong = Vec::new();
    for (what, bytes) in &refused {
        let answer = talk(host, bytes.as_bytes());
        let statuses = statuses(&answer);
        let one_refusal = matches!(statuses[..], [] | [400..=499 | 501 | 505]);
        if !one_refusal {
            wrong.push(format!("{what}: {statuses:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");

    // The same line with nothing ambiguous on it: one answer for each request, in their order.
    let two = format!(
        "GET /health/live HTTP/1.1\r\nHost: {host}\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    );
    assert_eq!(statuses(&talk(host, two.as_bytes())), [200, 404]);
    // An absolute address counts by its path, and names no other host.
    let absolute = format!(
        "GET http://evil.example/password/reset HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    );
    assert!(!talk(host, absolute.as_bytes()).contains("evil.example"));
}
