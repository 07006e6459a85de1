//! What is called, and the lines of a head.

use super::super::wire::Verdict::Refused;
use super::Cases;

impl Cases<'_> {
    pub(super) fn hosts(&mut self) {
        let host = self.host;
        for (what, lines) in [
            (
                "two hosts",
                format!("Host: {host}\r\nHost: evil.example\r\n"),
            ),
            (
                "two hosts, the other first",
                format!("Host: evil.example\r\nHost: {host}\r\n"),
            ),
            (
                "the same host twice",
                format!("Host: {host}\r\nHost: {host}\r\n"),
            ),
            ("no host", String::new()),
            (
                "a host on a folded line",
                format!("X-One: a\r\n Host: {host}\r\n"),
            ),
        ] {
            self.add(
                what,
                Refused,
                format!("GET /health/live HTTP/1.1\r\n{lines}\r\n"),
            );
        }
        for odd in [
            "",
            "a b",
            "evil.example, evil.example",
            "user@evil.example",
            "evil.example/a",
            "evil.example:80:80",
            "[::1",
            "\u{e9}",
        ] {
            self.add(
                &format!("host {odd:?}"),
                None,
                format!("GET /health/live HTTP/1.1\r\nHost: {odd}\r\n\r\n"),
            );
        }
    }

    pub(super) fn lines(&mut self) {
        for method in ["GET", "POST"] {
            for lines in [
                "X-One: a\r\n b\r\n",
                "X-One: a\r\n\tContent-Length: 40\r\n",
                "X-One: a\rContent-Length: 40\r\n",
                "X-One: a\0b\r\n",
                "X-One : a\r\n",
                " X-One: a\r\n",
                ": a\r\n",
                "X One: a\r\n",
                "X(One): a\r\n",
                "X-\u{e9}: a\r\n",
                "X-One\r\n",
                "X-One: a\u{7f}\u{1}\r\n",
            ] {
                self.with(Some(Refused), method, lines, "");
            }
            for odd in [
                "X-One: a\n",
                "X-One: \u{e9}\r\n",
                "X_One: a\r\n",
                "X-One:\r\n",
            ] {
                self.with(None, method, odd, "");
            }
        }
    }
}
