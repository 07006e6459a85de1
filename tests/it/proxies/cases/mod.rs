//! Requests that two readers on one line may understand differently (T-FUZZ-6).
//!
//! Behind each of them stand two more, so that whoever reads the first one's end elsewhere answers another number of them.

mod bodies;
mod first_lines;
mod heads;

use super::wire::Verdict::{self, Served};

/// The request that an attacker wants to slip past whoever stands in front.
pub const HIDDEN: &str = "GET /nowhere HTTP/1.1\r\nHost: hidden.example\r\n\r\n";

/// The first request of a line, and what the program says when nobody stands between.
pub struct Case {
    pub what: String,
    pub first: Vec<u8>,
    /// Nothing: refusing and serving are both safe, as there is one way to read it.
    pub verdict: Option<Verdict>,
}

impl Case {
    /// All that is sent: the first request, the hidden one, and one that ends the line.
    pub fn bytes(&self, host: &str) -> Vec<u8> {
        let end = format!("GET /health/live HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        [&self.first, HIDDEN.as_bytes(), end.as_bytes()].concat()
    }
}

/// All of them for a host's name.
pub fn all(host: &str) -> Vec<Case> {
    let mut cases = Cases {
        host,
        all: Vec::new(),
    };
    cases.lengths();
    cases.codings();
    cases.chunks();
    cases.hosts();
    cases.lines();
    cases.targets();
    cases.versions();
    cases.whole();
    cases.all
}

struct Cases<'a> {
    host: &'a str,
    all: Vec<Case>,
}

impl Cases<'_> {
    fn add(&mut self, what: &str, verdict: impl Into<Option<Verdict>>, first: impl Into<Vec<u8>>) {
        self.all.push(Case {
            what: what.to_owned(),
            first: first.into(),
            verdict: verdict.into(),
        });
    }

    /// A request with these lines in its head, and what follows the head.
    fn with(&mut self, verdict: Option<Verdict>, method: &str, lines: &str, body: &str) {
        let path = if method == "POST" {
            "/login"
        } else {
            "/health/live"
        };
        let first = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{lines}\r\n{body}",
            self.host
        );
        let what = format!("{method} {lines:?} {body:?}");
        self.add(&what, verdict, first);
    }

    /// Nothing is ambiguous here: one answer for each.
    fn whole(&mut self) {
        let host = self.host;
        self.with(Some(Served), "GET", "", "");
        self.with(Some(Served), "POST", "Content-Length: 3\r\n", "a=b");
        self.with(Some(Served), "HEAD", "", "");
        self.with(Some(Served), "GET", "Connection: keep-alive\r\n", "");
        self.with(Some(Served), "GET", "X-One:   a  \r\n", "");
        self.with(
            None,
            "GET",
            "Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
            "",
        );
        self.with(
            None,
            "GET",
            "Connection: Upgrade\r\nUpgrade: websocket\r\n",
            "",
        );
        self.with(
            None,
            "POST",
            "Expect: 100-continue\r\nContent-Length: 3\r\n",
            "a=b",
        );
        self.with(
            None,
            "POST",
            "Expect: nonsense\r\nContent-Length: 3\r\n",
            "a=b",
        );
        self.with(
            None,
            "GET",
            &format!("X-One: {}\r\n", "a".repeat(20_000)),
            "",
        );
        self.with(None, "GET", &"X-One: a\r\n".repeat(120), "");
        self.add(
            "an empty line first",
            None,
            format!("\r\nGET /health/live HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        );
        self.add(
            "a long target",
            None,
            format!(
                "GET /{} HTTP/1.1\r\nHost: {host}\r\n\r\n",
                "a".repeat(20_000)
            ),
        );
    }
}
