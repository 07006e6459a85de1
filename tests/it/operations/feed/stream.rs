//! The feed as a stream of server-sent events.

use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc;
use std::time::Duration;

use super::{head, quiet, tell};
use crate::support::client::agent;
use crate::support::{Api, TestApp};

/// How long an event may take to arrive.
const PATIENCE: Duration = Duration::from_secs(20);

/// A reader of a stream, on a thread of its own.
struct Reader(mpsc::Receiver<(i64, String, u128)>);

impl Reader {
    /// Opens a stream, behind its last event if it had one before.
    fn open(app: &TestApp, api: &Api, query: &str, last: Option<i64>) -> Self {
        let mut request = agent()
            .get(format!("{}/api/v1/events?{query}", app.base()))
            .header("accept", "text/event-stream")
            .header("authorization", format!("Bearer {}", api.token().unwrap()));
        if let Some(last) = last {
            request = request.header("last-event-id", last.to_string());
        }
        let answer = request.call().unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || follow(answer.into_body().into_reader(), &tell));
        Self(told)
    }

    /// Number and type of the next event, and whom it is about; none when the stream has ended.
    fn next(&self) -> Option<(i64, String, u128)> {
        match self.0.recv_timeout(PATIENCE) {
            Ok(event) => Some(event),
            Err(mpsc::RecvTimeoutError::Disconnected) => None,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("the stream is silent"),
        }
    }
}

fn follow(body: impl Read, tell: &mpsc::Sender<(i64, String, u128)>) {
    let (mut id, mut name) = (0, String::new());
    for line in BufReader::new(body).lines() {
        let Ok(line) = line else { return };
        if let Some(text) = line.strip_prefix("id: ") {
            id = text.parse().unwrap();
        } else if let Some(text) = line.strip_prefix("event: ") {
            text.clone_into(&mut name);
        } else if let Some(text) = line.strip_prefix("data: ") {
            let event: serde_json::Value = serde_json::from_str(text).unwrap();
            assert_eq!(
                (event["seq"].as_i64(), event["type"].as_str()),
                (Some(id), Some(name.as_str()))
            );
            let subject: uuid::Uuid = event["subject"].as_str().unwrap().parse().unwrap();
            if tell.send((id, name.clone(), subject.as_u128())).is_err() {
                return;
            }
        }
    }
}

#[test]
fn e01_a_stream_is_taken_up_again_behind_its_last_event() {
    let (app, api) = quiet();
    let before = head(&api);
    tell(&app, 1);
    let reader = Reader::open(&app, &api, &format!("after={before}&limit=1"), None);
    let (first, name, subject) = reader.next().unwrap();
    assert_eq!((name.as_str(), subject), ("account.logged_in", 1));
    tell(&app, 2);
    tell(&app, 3);
    let second = reader.next().unwrap();
    assert_eq!(
        second.2, 2,
        "the next one, although a piece has room for one"
    );
    drop(reader);

    // The address says where it began, the header where it was.
    let reader = Reader::open(&app, &api, &format!("after={before}"), Some(second.0));
    assert_eq!(reader.next().unwrap().2, 3);
    let reader = Reader::open(&app, &api, "", Some(first));
    assert_eq!(reader.next().unwrap().2, 2);
}

#[test]
fn d10_a_stream_ends_when_the_right_is_gone() {
    let app = TestApp::with(|settings| settings.workers(false));
    let people = app.register_all(&[("root", &["administrator"]), ("chief", &["administrator"])]);
    let (root, chief) = (app.api(&people[0]), app.api(&people[1]));
    let reader = Reader::open(&app, &chief, &format!("after={}", head(&chief)), None);
    tell(&app, 1);
    assert_eq!(reader.next().unwrap().2, 1);
    assert_eq!(
        root.delete(&format!("/api/v1/users/{}", people[1].id)).0,
        204
    );
    let gone = people[1].id.as_u128();
    assert_eq!(
        reader.next().map(|event| event.2),
        Some(gone),
        "within the seconds that an answer is trusted"
    );
    std::thread::park_timeout(Duration::from_millis(4_500));
    tell(&app, 2);
    assert_eq!(reader.next(), None);
}

#[test]
fn r26_streams_end_when_the_server_stops() {
    let (app, api) = quiet();
    let reader = Reader::open(&app, &api, &format!("after={}", head(&api)), None);
    tell(&app, 1);
    assert_eq!(reader.next().unwrap().2, 1);
    drop(app);
    assert_eq!(reader.next(), None);
}
