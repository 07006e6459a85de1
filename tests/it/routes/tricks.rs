//! T-AZ-2: the table asked from outside, with every spelling of a path that a proxy or a router might take for another one.

use std::sync::Mutex;
use std::thread;

use ates::auth::Role;

use super::table::{Asks, ROUTES, Route};
use super::world::{Visitor, World, body};
use super::{Expected, expected};
use crate::support::raw::send;

/// The same path spelled otherwise.
fn spellings(path: &str) -> Vec<String> {
    let (bare, query) = path.split_once('?').unwrap_or((path, ""));
    let query = if query.is_empty() {
        String::new()
    } else {
        format!("?{query}")
    };
    let rest = &bare[1..];
    let inner = rest.replacen('/', "//", 1);
    let escaped = rest.replacen('/', "%2f", 1);
    let letter = rest.chars().next().map_or(String::new(), |first| {
        format!("%{:02x}{}", first as u32, &rest[1..])
    });
    let spelled = [
        format!("//{rest}"),
        format!("/{inner}"),
        format!("/./{rest}"),
        format!("/login/../{rest}"),
        format!("/login/..;/{rest}"),
        format!("/static/..%2f{rest}"),
        format!("/%2e/{rest}"),
        format!("/login/%2e%2e/{rest}"),
        format!("/%252e%252e/{rest}"),
        format!("/{rest}/"),
        format!("/{rest}/."),
        format!("/{rest}."),
        format!("/{rest}%20"),
        format!("/{rest}%00"),
        format!("/{rest}%0d%0ax"),
        format!("/{rest};jsessionid=1"),
        format!("/{rest}.json"),
        format!("/{rest}%3f"),
        format!("/{escaped}"),
        format!("/{letter}"),
        format!("/{}", rest.to_uppercase()),
        format!("/\\{rest}"),
        format!("/health/live/../..{bare}"),
        format!("/api/v1/..{bare}"),
        format!("http://localhost{bare}"),
    ];
    spelled
        .into_iter()
        .map(|spelling| spelling + &query)
        .collect()
}

/// Header lines that ask some servers to take the request for another one.
const DISGUISES: &[(&str, &str)] = &[
    ("x-original-url", "PATH"),
    ("x-rewrite-url", "PATH"),
    ("x-forwarded-uri", "PATH"),
    ("x-http-method-override", "GET"),
    ("x-forwarded-for", "127.0.0.1"),
    ("x-forwarded-host", "localhost"),
    ("x-forwarded-user", "root"),
    ("x-remote-user", "root"),
    ("remote-user", "root"),
    ("forwarded", "for=127.0.0.1;host=localhost"),
    ("x-forwarded-proto", "https"),
    ("x-real-ip", "127.0.0.1"),
    ("x-role", "administrator"),
    ("x-internal", "true"),
];

/// Who asks: the lines that say so.
fn lines_of(visitor: &Visitor) -> Vec<(&'static str, String)> {
    let mut lines = vec![("sec-fetch-site", "same-origin".to_owned())];
    if let Some(secret) = visitor
        .browser
        .as_ref()
        .and_then(|browser| browser.cookie("ates_session"))
    {
        lines.push(("cookie", format!("ates_session={secret}")));
    }
    if let Some(token) = visitor.api.token() {
        lines.push(("authorization", format!("Bearer {token}")));
    }
    lines
}

/// A route, the spelling of its path, and a header that comes along.
type Question<'a> = (&'a Route, String, Option<(&'a str, String)>);

/// Asks all that is not theirs in every spelling, or in every `nth` one, another for each route; gives what let somebody in, and how
/// many were asked.
fn sweep(
    world: &World,
    visitor: &Visitor,
    nth: usize,
    refused: impl Fn(&Route) -> bool,
) -> (Vec<String>, usize) {
    let lines = lines_of(visitor);
    let base = world.app.base();
    let mut asks = Vec::new();
    for (place, route) in ROUTES.iter().filter(|route| refused(route)).enumerate() {
        let path = world.path(route);
        for spelling in spellings(&path).into_iter().skip(place % nth).step_by(nth) {
            asks.push((route, spelling, None));
        }
        let disguises = DISGUISES.iter().filter(|_| route.method == "GET");
        for (name, value) in disguises.skip(place % nth).step_by(nth) {
            let value = value.replace("PATH", &path);
            asks.push((route, path.clone(), Some((*name, value))));
        }
    }
    let wrong = Mutex::new(Vec::new());
    let ask = |part: &[Question<'_>]| {
        for (route, target, disguise) in part {
            let mut headers: Vec<(&str, &str)> = lines
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let kind = if route.path.starts_with("/api/") {
                "application/json"
            } else {
                "application/x-www-form-urlencoded"
            };
            headers.push(("content-type", kind));
            if let Some((name, value)) = disguise {
                headers.push((name, value));
            }
            let answer = send(&base, route.method, target, &headers, &body(route));
            if answer.lets_in() || answer.status >= 500 {
                let line = format!("{} {target} {disguise:?}: {}", route.method, answer.status);
                wrong.lock().unwrap().push(line);
            }
        }
    };
    thread::scope(|scope| {
        for part in asks.chunks(asks.len().div_ceil(4)) {
            scope.spawn(|| ask(part));
        }
    });
    (wrong.into_inner().unwrap(), asks.len())
}

#[test]
fn a15_a23_t_az_2_no_spelling_of_a_path_lets_an_outsider_in() {
    let world = World::build();
    let before = world.effects();
    let (wrong, asked) = sweep(&world, &world.outsider(), 1, |route| {
        !matches!(route.asks, Asks::Everybody)
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(world.effects(), before);
    assert!(asked >= 3_000, "{asked}");
}

#[test]
fn a15_t_az_2_no_spelling_of_a_path_gives_somebody_more_than_the_table() {
    let world = World::build();
    for role in [Role::Other, Role::Internalservice] {
        let visitor = world.visitor(role);
        let before = world.effects();
        let (wrong, _) = sweep(&world, &visitor, 4, |route| {
            let machine = role == Role::Internalservice && !route.path.starts_with("/api/");
            !matches!(route.asks, Asks::Everybody)
                && (machine || matches!(expected(route.asks, role), Expected::Refused))
        });
        assert!(wrong.is_empty(), "{role}: {wrong:#?}");
        assert_eq!(world.effects(), before, "{role}");
    }
}

#[test]
fn a15_t_az_2_a_header_that_names_another_path_is_not_listened_to() {
    let world = World::build();
    let visitor = world.visitor(Role::Administrator);
    let lines = lines_of(&visitor);
    let lines: Vec<(&str, &str)> = lines
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let ask = |more: &[(&str, &str)]| {
        let headers = [&lines[..], more].concat();
        send(&world.app.base(), "GET", "/health/live", &headers, "").body
    };
    let plain = ask(&[]);
    for name in [
        "x-original-url",
        "x-rewrite-url",
        "x-forwarded-uri",
        "x-forwarded-path",
    ] {
        assert_eq!(ask(&[(name, "/api/v1/users")]), plain, "{name}");
    }
}
