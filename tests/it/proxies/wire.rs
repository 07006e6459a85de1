//! T-FUZZ-6: requests that two readers on one line may understand differently get one answer, and nothing hides behind them (A57):
//! asked of the program itself, and through each proxy that operators put in front.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::Front;
use super::cases;
use super::tap::{Tap, ids};
use crate::support::TestApp;

/// What the program makes of a line when nobody stands between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// At most one answer, which refuses, and the line is closed.
    Refused,
    /// An answer for each of its three requests.
    Served,
}

/// The name by which the program is called on these lines.
const HOST: &str = "ates.example";

/// What came back on a line, until it was closed.
struct Heard {
    statuses: Vec<u16>,
    ids: Vec<String>,
    text: String,
}

/// Sends these bytes, and listens until the other side hangs up.
fn talk(host: &str, bytes: &[u8]) -> Heard {
    let mut stream = TcpStream::connect(host).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    // Who refuses early hangs up in the middle.
    drop(stream.write_all(bytes));
    let (mut answer, mut piece) = (Vec::new(), [0; 16_384]);
    while let Ok(read) = stream.read(&mut piece)
        && read > 0
    {
        answer.extend_from_slice(&piece[..read]);
    }
    let text = String::from_utf8_lossy(&answer).into_owned();
    let statuses = text
        .split("HTTP/1.")
        .skip(1)
        .filter_map(|rest| rest.get(2..5)?.parse().ok())
        .filter(|status| *status >= 200)
        .collect();
    let ids = ids(&text);
    Heard {
        statuses,
        ids,
        text,
    }
}

/// The first request of a line was read, then the hidden one, then the last, each as it was sent; or the line ended before, with or
/// without a refusal. Whoever reads the end of the first elsewhere answers otherwise.
fn is_orderly(statuses: &[u16]) -> bool {
    match statuses {
        [] | [_] | [_, 404] | [_, 404, 200] => true,
        [_, last] => (400..600).contains(last),
        _ => false,
    }
}

fn is_refused(statuses: &[u16]) -> bool {
    matches!(statuses, [] | [400..=499 | 501 | 505])
}

fn program() -> TestApp {
    TestApp::with(|settings| {
        settings
            .workers(false)
            .set("ATES_TRUSTED_PROXIES", "127.0.0.1")
    })
}

#[test]
fn a57_t_fuzz_6_no_request_hides_another_and_what_is_ambiguous_is_refused() {
    let app = program();
    let base = app.base();
    let host = base.strip_prefix("http://").unwrap();
    let all = cases::all(HOST);
    assert!(all.len() >= 150, "{}", all.len());
    let mut wrong = Vec::new();
    for case in &all {
        let statuses = talk(host, &case.bytes(HOST)).statuses;
        let is_right = match case.verdict {
            Some(Verdict::Refused) => is_refused(&statuses),
            Some(Verdict::Served) => matches!(statuses[..], [_, 404, 200]),
            None => is_orderly(&statuses),
        };
        if !is_right {
            wrong.push(format!("{}: {statuses:?}", case.what));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // An absolute address counts by its path, and names no other host.
    let absolute = format!(
        "GET http://evil.example/password/reset HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n"
    );
    assert!(
        !talk(host, absolute.as_bytes())
            .text
            .contains("evil.example")
    );
}

/// Every line through a proxy: it and the program read each alike. Tells which requests the proxy let through and the program refused.
fn behind(start: impl FnOnce(&str) -> Front) -> BTreeSet<String> {
    let app = program();
    let tap = Tap::to(app.base().strip_prefix("http://").unwrap());
    let front = start(&tap.host);
    let next = format!("GET /health/live HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
    let mut told = tap.answered();
    let (mut wrong, mut refused_behind) = (Vec::new(), BTreeSet::new());
    for case in cases::all(HOST) {
        let refused_so_far = tap.refusals();
        let heard = talk(&front.host(), &case.bytes(HOST));
        let statuses = &heard.statuses;
        let is_right = match case.verdict {
            Some(Verdict::Served) => matches!(statuses[..], [_, 404, 200]),
            // What is refused when it comes as it is may be tidied up on the way, but never read otherwise.
            Some(Verdict::Refused) | None => is_orderly(statuses),
        };
        let bystander = talk(&front.host(), next.as_bytes());
        if !is_right || bystander.statuses != [200] {
            wrong.push(format!(
                "{}: {statuses:?}, then {:?}",
                case.what, bystander.statuses
            ));
        }
        if tap.refusals() > refused_so_far {
            refused_behind.insert(case.what);
        }
        told.extend([heard.ids, bystander.ids].concat());
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // Each answer of the program got to one client, and no client got one that was not the program's.
    let mut answered = tap.answered();
    told.sort_unstable();
    answered.sort_unstable();
    let only = |ours: &[String], theirs: &[String]| -> Vec<String> {
        let unknown = ours.iter().filter(|id| !theirs.contains(id));
        unknown.cloned().collect()
    };
    assert_eq!(
        only(&told, &answered),
        [""; 0],
        "answers that the program never gave"
    );
    assert_eq!(
        only(&answered, &told),
        [""; 0],
        "answers that got to nobody"
    );
    assert_eq!(told.len(), answered.len(), "some got to two");
    refused_behind
}

#[test]
fn t_fuzz_6_haproxy_and_the_program_read_every_line_alike() {
    assert_eq!(behind(|host| Front::haproxy(host, host)), BTreeSet::new());
}

#[test]
fn t_fuzz_6_nginx_and_the_program_read_every_line_alike() {
    let refused = behind(|host| Front::nginx(host, host));
    // It looks into no value, counts no lines and takes letters in a target; what is refused behind it is refused to whoever sent it, and
    // to nobody else.
    let passes = |what: &String| {
        let many = what.matches("X-One: a").count() > 100;
        many || what.contains("\\u{1}") || what == "GET /health/live?\u{e9}"
    };
    assert!(refused.iter().all(passes), "{refused:#?}");
}
