//! The receiver of docs/API.md, as the target of the running product.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::{NAME, SECRET};
use crate::api_page::example_with;
use crate::support::client::agent;
use crate::support::{TestApp, monday, wait_until};

/// The receiver; its clock is that of the tests.
struct Receiver(Child);

impl Receiver {
    fn start(port: u16) -> Self {
        let program = example_with("python", "def is_genuine");
        let clock = format!(
            "import time\ntime.time = lambda: {}\n",
            monday().timestamp()
        );
        let child = Command::new("python3")
            .args(["-c", &(clock + &program)])
            .env("PORT", port.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_until("the receiver listens", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Self(child)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn the_receiver_of_the_page_takes_what_is_signed_and_refuses_everything_else() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mut receiver = Receiver::start(port);
    let setting = format!("crm http://127.0.0.1:{port}/ates {SECRET} task.created,task.completed");
    let app = TestApp::with(|settings| settings.set("ATES_WEBHOOKS", setting));
    let kesha = app.register("kesha", &["developer"]);
    let api = app.api(&kesha);
    let (_, task) = api.post("/api/v1/tasks", &json!({ "title": "Mend the feeder" }));
    let uid = task["uid"].as_str().unwrap();
    app.drain();
    assert_eq!(
        api.post(&format!("/api/v1/tasks/{uid}/complete"), &json!({}))
            .0,
        200
    );
    let told = BufReader::new(receiver.0.stdout.take().unwrap()).lines();
    let told: Vec<String> = told.take(2).map(Result::unwrap).collect();
    assert_eq!(
        told,
        [
            format!("task.created {uid}"),
            format!("task.completed {uid}")
        ]
    );

    let now = monday().timestamp();
    for (at, signature) in [
        (now, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        (now, ""),
        (now - 301, "v1,"),
    ] {
        let answer = agent()
            .post(format!("http://127.0.0.1:{port}/ates"))
            .header("webhook-id", "msg_1")
            .header("webhook-timestamp", at.to_string())
            .header("webhook-signature", signature)
            .send(r#"{"type": "task.completed", "subject": "x"}"#)
            .unwrap();
        assert_eq!(answer.status(), 401, "{at} {signature}");
    }
    app.drain();
    let root = app.register("root", &["administrator"]);
    let (_, consumers) = app.api(&root).get("/api/v1/ops/consumers");
    let own = consumers["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["name"] == NAME)
        .unwrap();
    assert_eq!(
        (&own["dead"], &own["state"]),
        (&json!(0), &json!("running"))
    );
}
