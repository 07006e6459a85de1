//! Where a body ends: lengths, codings and chunks.

use super::super::wire::Verdict::{Refused, Served};
use super::{Cases, HIDDEN};

impl Cases<'_> {
    pub(super) fn lengths(&mut self) {
        let length = HIDDEN.len();
        for method in ["POST", "GET"] {
            for wrong in [
                "+0",
                "-1",
                "zero",
                "0x0",
                "1e1",
                "0 0",
                "0;0",
                "0.0",
                "18446744073709551616",
                "٠",
            ] {
                self.with(
                    Some(Refused),
                    method,
                    &format!("Content-Length: {wrong}\r\n"),
                    "",
                );
            }
            for two in [
                format!("Content-Length: 0\r\nContent-Length: {length}\r\n"),
                format!("Content-Length: {length}\r\nContent-Length: 0\r\n"),
                format!("Content-Length: 0, {length}\r\n"),
            ] {
                self.with(Some(Refused), method, &two, "");
            }
            for once in [
                "Content-Length: 0\r\nContent-Length: 0\r\n",
                "Content-Length: 0, 0\r\n",
                "Content-Length: 00\r\n",
                "Content-Length:\r\n",
                "content-length:\t0 \r\n",
            ] {
                self.with(None, method, once, "");
            }
        }
    }

    pub(super) fn codings(&mut self) {
        for lines in [
            "Transfer-Encoding: xchunked\r\n",
            "Transfer-Encoding: chunked, identity\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
            "Transfer-Encoding: identity\r\nTransfer-Encoding: xchunked\r\n",
            "Transfer-Encoding: \u{b}chunked\r\n",
            "Transfer-Encoding: chunked\u{0}\r\n",
            "Transfer-Encoding: \"chunked\"\r\n",
            "Transfer-Encoding: chunked;q=1\r\n",
            "Transfer-Encoding: gzip\r\n",
            "Transfer-Encoding: chunked, chunked\r\n",
            "Transfer-Encoding : chunked\r\n",
            "Transfer-Encoding\u{b}: chunked\r\n",
            " Transfer-Encoding: chunked\r\n",
            "X-One: a\r\n Transfer-Encoding: chunked\r\n",
            "Transfer-Encoding:\r\n chunked\r\n",
        ] {
            self.with(Some(Refused), "POST", lines, "0\r\n\r\n");
        }
        for length in ["0", "5", "6"] {
            for lines in [
                format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n"),
                format!("Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n"),
                format!("Transfer-Encoding: identity\r\nContent-Length: {length}\r\n"),
            ] {
                self.with(Some(Refused), "POST", &lines, "0\r\n\r\n");
            }
        }
        for lines in [
            "Transfer-Encoding: Chunked\r\n",
            "transfer-encoding:chunked\r\n",
            "Transfer-Encoding:\tchunked\t\r\n",
            "Transfer-Encoding: , chunked\r\n",
            "Transfer-Encoding: identity, chunked\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
        ] {
            self.with(None, "POST", lines, "0\r\n\r\n");
        }
        self.with(None, "GET", "Transfer-Encoding: chunked\r\n", "0\r\n\r\n");
    }

    pub(super) fn chunks(&mut self) {
        let mut send = |verdict, body: &str| {
            self.with(verdict, "POST", "Transfer-Encoding: chunked\r\n", body);
        };
        for wrong in [
            "-1\r\n\r\n",
            "+0\r\n\r\n",
            "0x0\r\n\r\n",
            "fffffffffffffffff0\r\n\r\n",
            "\r\n0\r\n\r\n",
            " 0\r\n\r\n",
            "zero\r\n\r\n",
            "3\r\nabcdef\r\n0\r\n\r\n",
        ] {
            send(Some(Refused), wrong);
        }
        for odd in [
            "0;name=value\r\n\r\n",
            "0 \r\n\r\n",
            "000000\r\n\r\n",
            "0\n\r\n",
            "0\r\nX-Trailer: a\r\n\r\n",
            "0\r\nContent-Length: 40\r\n\r\n",
            "0;\u{0}\r\n\r\n",
            "0;a\nb\r\n\r\n",
        ] {
            send(None, odd);
        }
        send(Some(Served), "3\r\na=b\r\n0\r\n\r\n");
    }
}
