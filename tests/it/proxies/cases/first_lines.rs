//! What is asked for, and in which version.

use super::super::wire::Verdict::Refused;
use super::Cases;

impl Cases<'_> {
    pub(super) fn targets(&mut self) {
        let host = self.host;
        for target in [
            format!("http://{host}/health/live"),
            "http://evil.example/health/live".into(),
            format!("http://user@{host}/health/live"),
            format!("http://{host}"),
            "https://evil.example".into(),
            "*".into(),
            "evil.example:443".into(),
            "//evil.example/health/live".into(),
            "/health/live#part".into(),
            "/health/../nowhere".into(),
            "/health/live?\u{e9}".into(),
            "/a\\b".into(),
            "health/live".into(),
            "/%".into(),
            "/%00".into(),
            "/%zz".into(),
        ] {
            self.add(
                &format!("GET {target}"),
                None,
                format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            );
        }
        for line in [
            "GET /health/live HTTP/1.1 HTTP/1.1",
            "GET /health/ live HTTP/1.1",
            "GET\t/health/live\tHTTP/1.1",
            "GET /health/live\0 HTTP/1.1",
            "GET /health/\rlive HTTP/1.1",
            "GET  HTTP/1.1",
            "GE(T /health/live HTTP/1.1",
            "/health/live HTTP/1.1",
        ] {
            self.add(
                &format!("{line:?}"),
                Refused,
                format!("{line}\r\nHost: {host}\r\n\r\n"),
            );
        }
        for line in [
            "get /health/live HTTP/1.1",
            "GET  /health/live HTTP/1.1",
            "FROB /health/live HTTP/1.1",
            "TRACE /health/live HTTP/1.1",
        ] {
            self.add(
                &format!("{line:?}"),
                None,
                format!("{line}\r\nHost: {host}\r\n\r\n"),
            );
        }
    }

    pub(super) fn versions(&mut self) {
        let host = self.host;
        for version in [
            "HTTP/3.0",
            "HTTX/1.1",
            "HTTP/1.1x",
            "http/1.1",
            "HTTP/1",
            "HTTP/01.1",
            "HTTP/1.1.1",
            "HTTP /1.1",
            "HTTP/11",
            "SIP/2.0",
        ] {
            self.add(
                version,
                Refused,
                format!("GET /health/live {version}\r\nHost: {host}\r\n\r\n"),
            );
        }
        for version in ["HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "HTTP/1.0"] {
            self.add(
                version,
                None,
                format!("GET /health/live {version}\r\nHost: {host}\r\n\r\n"),
            );
        }
        self.add("no version", None, "GET /health/live\r\n\r\n");
        self.add(
            "HTTP/2 without a word before",
            Refused,
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        );
        self.add("HTTP/1.0 with chunks", None, format!("POST /login HTTP/1.0\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"));
    }
}
