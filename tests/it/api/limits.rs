//! T-DOS-4: what is far too much is refused within a second, and the next one is served.

use std::io::Write;
use std::net::TcpListener;
use std::time::Duration;

use serde_json::json;

use crate::crash::Server;
use crate::support::raw::send;
use crate::support::stopwatch::Stopwatch;
use crate::support::{Api, Browser, PASSWORD, TestApp};

struct Crowd {
    app: TestApp,
    api: Api,
    browser: Browser,
}

impl Crowd {
    fn build() -> Self {
        let app = TestApp::start();
        let worker = app.register("worker", &["developer"]);
        let (api, browser) = (app.api(&worker), app.log_in(&worker));
        Self { app, api, browser }
    }

    /// Sends it, and gives the status; none when the line was cut, which is a refusal too.
    fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Option<u16> {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.app.base()))
            .header(
                "authorization",
                format!("Bearer {}", self.api.token().unwrap()),
            );
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let agent = crate::support::client::agent();
        let answer = agent.run(request.body(body).unwrap());
        answer.ok().map(|answer| answer.status().as_u16())
    }

    /// A refusal within a second, after which everything goes on. Of three tries the fastest counts: other tests run beside.
    fn refused(&self, what: &str, wanted: &[u16], mut ask: impl FnMut(&Self) -> Option<u16>) {
        let mut status = None;
        let mut took = Duration::MAX;
        for _ in 0..3 {
            let begun = Stopwatch::start();
            status = ask(self);
            took = took.min(begun.elapsed());
            if took < Duration::from_secs(1) {
                break;
            }
        }
        assert!(
            status.is_none_or(|status| wanted.contains(&status)),
            "{what} gets {status:?}"
        );
        assert!(took < Duration::from_secs(1), "{what} took {took:?}");
        assert_eq!(self.api.get("/api/v1/me").0, 200, "after {what}");
    }
}

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

#[test]
fn t_dos_4_what_is_far_too_much_is_refused_at_once() {
    let crowd = Crowd::build();
    let password = "x".repeat(1 << 20);
    let entry = json!({ "username": "worker", "password": password });
    crowd.refused("a password of 1 MiB", &[413], |crowd| {
        crowd.ask("POST", "/api/v1/auth/token", JSON, entry.to_string().into())
    });
    crowd.refused("a password of 1 MiB in a form", &[413], |crowd| {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let body =
            format!("grant_type=client_credentials&client_id=worker&client_secret={password}");
        crowd.ask("POST", "/api/v1/auth/token", &form, body.clone().into())
    });
    crowd.refused("a password of 40 KiB", &[401, 422], |crowd| {
        let entry = json!({ "username": "worker", "password": "x".repeat(40 << 10) });
        crowd.ask("POST", "/api/v1/auth/token", JSON, entry.to_string().into())
    });
    let task = json!({ "title": "x".repeat(10 << 20) }).to_string();
    crowd.refused("JSON of 10 MiB", &[413], |crowd| {
        crowd.ask("POST", "/api/v1/tasks", JSON, task.clone().into())
    });
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        crowd.refused("JSON nested 100,000 times", &[413], |crowd| {
            crowd.ask("POST", "/api/v1/tasks", JSON, deep.clone().into())
        });
        let deep = format!("{}1{}", open.repeat(9_000), close.repeat(9_000));
        crowd.refused("JSON nested 9,000 times", &[400, 413, 422], |crowd| {
            crowd.ask("POST", "/api/v1/tasks", JSON, deep.clone().into())
        });
        crowd.refused("meta nested 9,000 times", &[400, 413, 422], |crowd| {
            crowd.ask(
                "PATCH",
                "/api/v1/me",
                JSON,
                format!("{{\"meta\":{deep}}}").into(),
            )
        });
    }
    assert_eq!(crowd.api.get("/api/v1/tasks/mine").1["items"], json!([]));
}

#[test]
fn t_dos_4_a_bomb_of_gzip_is_refused_by_what_comes_out_of_it() {
    let crowd = Crowd::build();
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(b"{\"title\":\"").unwrap();
    for _ in 0..64 {
        bomb.write_all(&[b'x'; 1 << 20]).unwrap();
    }
    bomb.write_all(b"\"}").unwrap();
    let bomb = bomb.finish().unwrap();
    assert!(bomb.len() < (64 << 20) / 900, "{}", bomb.len());
    let zipped = [
        ("content-type", "application/json"),
        ("content-encoding", "gzip"),
    ];
    for path in [
        "/api/v1/tasks",
        "/api/v1/auth/token",
        "/api/v1/tasks/reassign",
    ] {
        crowd.refused(path, &[413, 415], |crowd| {
            crowd.ask("POST", path, &zipped, bomb.clone())
        });
    }
    let form = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("content-encoding", "gzip"),
        ("sec-fetch-site", "same-origin"),
    ];
    crowd.refused("a form", &[415], |crowd| {
        crowd.ask("POST", "/login", &form, bomb.clone())
    });
}

#[test]
fn t_dos_4_a_form_of_ten_thousand_fields_is_refused() {
    let crowd = Crowd::build();
    let fields: Vec<(String, String)> = (0..10_000)
        .map(|n| (format!("f{n}"), "1".to_owned()))
        .collect();
    let pairs: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    for path in ["/tasks", "/profile/language", "/login"] {
        let mut browser = crowd.browser.clone();
        crowd.refused(path, &[413, 422], |_| {
            Some(browser.post(path, &pairs).status)
        });
    }
    let body: String = fields
        .iter()
        .map(|(name, value)| format!("{name}={value}&"))
        .collect();
    let form = [("content-type", "application/x-www-form-urlencoded")];
    crowd.refused("a token", &[413, 422], |crowd| {
        crowd.ask("POST", "/api/v1/auth/token", &form, body.clone().into())
    });
}

#[test]
fn t_dos_4_five_hundred_headers_and_an_address_of_100_kib_are_refused() {
    let crowd = Crowd::build();
    let base = crowd.app.base();
    let names: Vec<String> = (0..500).map(|n| format!("x-header-{n}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
    for path in ["/api/v1/me", "/login", "/health/live"] {
        crowd.refused("500 headers", &[400, 431], |_| {
            Some(send(&base, "GET", path, &many, "").status)
        });
        let long = format!("{path}?q={}", "x".repeat(100 << 10));
        crowd.refused("an address of 100 KiB", &[400, 401, 404, 414, 422], |_| {
            let status = send(&base, "GET", &long, &[], "").status;
            // Health asks nobody and reads nothing of it.
            Some(if path == "/health/live" && status == 200 {
                400
            } else {
                status
            })
        });
    }
    let token = format!("Bearer {}", crowd.api.token().unwrap());
    for path in [
        "/api/v1/tasks/mine?status=",
        "/api/v1/tasks/mine?cursor=",
        "/api/v1/tasks/",
    ] {
        let long = format!("{path}{}", "x".repeat(100 << 10));
        crowd.refused(path, &[400, 404, 414, 422], |_| {
            Some(send(&base, "GET", &long, &[("authorization", &token)], "").status)
        });
    }
    crowd.refused("a header of 100 KiB", &[400, 401, 431], |_| {
        let long = format!("Bearer {}", "x".repeat(100 << 10));
        Some(send(&base, "GET", "/api/v1/me", &[("authorization", &long)], "").status)
    });
}

#[test]
fn t_dos_4_a_crowd_that_sends_far_too_much_costs_little_memory() {
    let app = TestApp::start();
    let worker = app.register("worker", &["developer"]);
    let database = app.stop();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let server = Server::start_with(database.url(), port, &[]);
    let token = Api::log_in(server.base().to_owned(), &worker.username, PASSWORD);
    let token = format!("Bearer {}", token.token().unwrap());
    let before = server.peak_memory();
    let long = json!({ "title": "x".repeat(10 << 20) }).to_string();
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&vec![b' '; 64 << 20]).unwrap();
    let bomb = bomb.finish().unwrap();
    let deep = "[".repeat(100_000);
    let too_much: [(&str, &[u8]); 3] = [
        ("identity", long.as_bytes()),
        ("gzip", &bomb),
        ("identity", deep.as_bytes()),
    ];
    let address = format!("{}/api/v1/tasks", server.base());
    std::thread::scope(|crowd| {
        for (packed, body) in too_much.iter().cycle().take(24) {
            crowd.spawn(|| {
                for _ in 0..3 {
                    let request = ureq::http::Request::post(&address)
                        .header("authorization", &token)
                        .header("content-type", "application/json")
                        .header("content-encoding", *packed)
                        .body(*body)
                        .unwrap();
                    let answer = crate::support::client::agent().run(request);
                    let status = answer.map(|answer| answer.status().as_u16());
                    assert!(matches!(status, Err(_) | Ok(413 | 415)), "{status:?}");
                }
            });
        }
    });
    let grown = server.peak_memory() - before;
    assert!(grown <= 50 << 10, "{grown} KiB more than {before}");
    let alive = Api::log_in(server.base().to_owned(), &worker.username, PASSWORD);
    assert_eq!(alive.get("/api/v1/me").0, 200);
}
