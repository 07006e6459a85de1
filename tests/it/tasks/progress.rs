//! The progress of a shuffle as it goes.

use std::io::{BufRead, BufReader, Read};

use serde_json::{Value, json};

use super::bring_in;
use crate::support::client::agent;
use crate::support::{PASSWORD, TestApp};

/// The events of a stream: their names and contents.
fn events(stream: &str) -> Vec<(String, Value)> {
    stream
        .split("\n\n")
        .filter_map(|event| {
            let (name, content) = event.strip_prefix("event: ")?.split_once("\ndata: ")?;
            Some((name.to_owned(), serde_json::from_str(content).unwrap()))
        })
        .collect()
}

#[test]
fn m5_the_stream_tells_the_progress_and_ends_with_the_run() {
    let app = TestApp::with(|settings| settings.workers(false).set("ATES_SHUFFLE_CHUNK", 4));
    let people = app.register_all(&[("kesha", &["developer"]), ("lev", &["manager"])]);
    bring_in(&app, &people[1], 12);
    let mut browser = app.log_in(&people[1]);
    let path = browser.post("/shuffles", &[]).location.unwrap();
    let page = browser.get(&path);
    assert_eq!(
        page.attribute("#run", "data-live").unwrap(),
        format!("{path}/progress")
    );
    assert!(
        page.html
            .contains("<noscript><meta http-equiv=\"refresh\" content=\"2\"></noscript>"),
        "without scripts it is read again"
    );
    let script = page.attribute("script", "src").unwrap();
    assert!(script.starts_with("/static/"), "{script}");
    assert_eq!(
        browser.get(&script).headers["content-type"],
        "text/javascript; charset=utf-8"
    );

    ates::tasks::shuffle_step(app.db(), app.config()).unwrap();
    app.clock()
        .set(app.clock().now() + chrono::Duration::seconds(2));
    let session = browser.cookie("ates_session").unwrap();
    let answer = agent()
        .get(format!("{}{path}/progress", app.base()))
        .header("cookie", format!("ates_session={session}"))
        .call()
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let mut stream = BufReader::new(answer.into_body().into_reader());
    let mut told = String::new();
    while !told.ends_with("\n\n") {
        assert!(stream.read_line(&mut told).unwrap() > 0, "{told}");
    }
    app.settle_idle();
    stream.read_to_string(&mut told).unwrap();
    let told = events(&told);
    let (first, last) = (&told[0], told.last().unwrap());
    assert_eq!(first.0, "progress");
    assert_eq!(first.1["done"], 4);
    assert_eq!(first.1["count"], "4 of 12 tasks");
    assert_eq!(first.1["pace"], "2 tasks a second, about 4 seconds to go");
    assert_eq!((last.0.as_str(), &last.1["done"]), ("done", &json!(12)));
    assert_eq!(last.1["state"], "finished");
}

#[test]
fn m5_a_waiting_press_says_how_many_go_before_it() {
    let app = TestApp::with(|settings| settings.workers(false));
    let people = app.register_all(&[("kesha", &["developer"]), ("lev", &["manager"])]);
    bring_in(&app, &people[1], 2);
    let mut browser = app.log_in(&people[1]);
    browser.post("/shuffles", &[]);
    browser.post("/shuffles", &[]);
    let path = browser.post("/shuffles", &[]).location.unwrap();
    assert_eq!(
        browser.get(&path).all("#pace"),
        ["2 shuffles wait before this one."]
    );
    app.settle_idle();
}

#[test]
fn m5_streams_are_bounded_and_a_refusal_is_an_answer() {
    let app = TestApp::with(|settings| settings.workers(false).set("ATES_LIVE_STREAMS", 0));
    let people = app.register_all(&[("kesha", &["developer"]), ("lev", &["manager"])]);
    bring_in(&app, &people[1], 2);
    let mut browser = app.log_in(&people[1]);
    let path = browser.post("/shuffles", &[]).location.unwrap();
    let full = browser.get(&format!("{path}/progress"));
    assert_eq!(
        (full.status, full.headers.contains_key("retry-after")),
        (503, true)
    );
    let mut kesha = app.log_in(&people[0]);
    assert_eq!(kesha.get(&format!("{path}/progress")).status, 403);
    let unknown = format!("/shuffles/{}/progress", people[0].id);
    assert_eq!(browser.get(&unknown).status, 404);
    app.settle_idle();
}

#[test]
fn m5_a_run_that_is_slow_or_stands_still_says_so() {
    let app = TestApp::with(|settings| settings.workers(false).set("ATES_SHUFFLE_CHUNK", 4));
    let people = app.register_all(&[
        ("kesha", &["developer"]),
        ("lev", &["manager"]),
        ("root", &["administrator"]),
    ]);
    bring_in(&app, &people[1], 12);
    let mut browser = app.log_in(&people[1]);
    let path = browser.post("/shuffles", &[]).location.unwrap();
    ates::tasks::shuffle_step(app.db(), app.config()).unwrap();
    let mut after = |seconds| {
        app.clock().advance(chrono::Duration::seconds(seconds));
        let (one, all) = (browser.get(&path), browser.get("/shuffles"));
        let chip = one.all("#state .chip").concat();
        assert_eq!(all.all("#shuffles td .chip"), [chip.as_str()]);
        (chip, one.all("#pace").concat())
    };
    let (state, pace) = after(10);
    assert_eq!(state, "running");
    assert_eq!(pace, "24 tasks a minute, about 1 minute to go");
    let (state, pace) = after(21);
    assert_eq!(state, "stalled");
    assert!(pace.starts_with("Nothing has moved since"), "{pace}");
    let root = app.api(&people[2]);
    let reason = "The numbers look wrong to me";
    let (status, answer) = root.post("/api/v1/ops/stop", &json!({ "reason": reason }));
    assert_eq!(status, 200, "{answer}");
    let (state, pace) = after(1);
    assert_eq!(state, "stopped");
    assert!(
        pace.starts_with("The emergency stop holds it up."),
        "{pace}"
    );
    let released = json!({ "reason": reason, "password": PASSWORD });
    assert_eq!(root.post("/api/v1/ops/release", &released).0, 200);
}

#[test]
fn m5_the_confirmation_tells_of_the_last_press() {
    let app = TestApp::with(|settings| settings.workers(false));
    let people = app.register_all(&[("kesha", &["developer"]), ("lev", &["manager"])]);
    bring_in(&app, &people[1], 3);
    let mut browser = app.log_in(&people[1]);
    assert!(!browser.get("/shuffles/new").has("#last"), "there was none");
    let path = browser.post("/shuffles", &[]).location.unwrap();
    app.settle_idle();
    let page = browser.get("/shuffles/new");
    assert_eq!(page.attribute("#last a", "href"), Some(path));
    let told = page.all("#last").concat();
    assert!(
        told.contains("Lev Popug") && told.ends_with("3 of 3 tasks"),
        "{told}"
    );
}
