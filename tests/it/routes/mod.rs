//! Every route asked by everybody: what is allowed follows from the access table and from nothing else.

mod access_page;
mod audit;
mod crawl;
mod fields;
mod grid;
mod money;
mod objects;
pub mod registered;
pub mod table;
mod tricks;
pub mod world;

use std::collections::BTreeSet;

use ates::auth::{Cell, Column, Operation, Role, access_table};

use table::{Asks, ROUTES, Route};
use world::{Visitor, World, ask};

#[test]
fn a15_every_registered_route_is_in_the_table() {
    let listed: BTreeSet<(String, String)> = ROUTES
        .iter()
        .map(|route| (route.method.to_owned(), route.path.to_owned()))
        .collect();
    assert_eq!(listed.len(), ROUTES.len(), "a route is listed twice");
    let registered = registered::registered();
    let missing: Vec<_> = registered.difference(&listed).collect();
    let unknown: Vec<_> = listed.difference(&registered).collect();
    assert!(missing.is_empty(), "registered but not listed: {missing:?}");
    assert!(unknown.is_empty(), "listed but not registered: {unknown:?}");
}

#[test]
fn a15_t_az_1_every_role_gets_what_the_table_says_on_every_route() {
    let world = World::build();
    let mut wrong = Vec::new();
    for role in Role::ALL {
        let mut visitor = world.visitor(role);
        for route in ROUTES {
            let expected = expected(route.asks, role);
            // A question changes nothing; only what is sent is looked at.
            let before = (route.method != "GET").then(|| world.effects());
            let Some(status) = ask(&world, &mut visitor, route) else {
                continue;
            };
            let fits = match expected {
                Expected::Refused => {
                    let left_nothing = before.is_none_or(|before| world.effects() == before);
                    let is_object = matches!(route.asks, Asks::OfOthers(_));
                    left_nothing && (status == 403 || is_object && status == 404)
                }
                Expected::NotTheirs => matches!(status, 403 | 404 | 409),
                Expected::Allowed => is_answer(route, status),
            };
            if !fits {
                wrong.push(format!(
                    "{role}: {} {} is {expected:?} but gets {status}",
                    route.method, route.path
                ));
            }
        }
        world.app.settle_idle();
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a23_an_outsider_gets_nothing_but_the_log_in_health_and_public_keys() {
    let world = World::build();
    sweep_as_nobody(&world, world.outsider());
}

#[test]
fn a20_a_deactivated_popug_with_a_session_and_a_token_in_hand_is_an_outsider() {
    let world = World::build();
    let revoked = world.revoked();
    sweep_as_nobody(&world, revoked);
}

#[test]
fn a15_an_unknown_path_or_method_is_never_answered_with_a_page() {
    let world = World::build();
    let mut visitors = [world.outsider(), world.visitor(Role::Administrator)];
    for visitor in &mut visitors {
        let browser = visitor.browser.as_mut().unwrap();
        for path in [
            "/nothing",
            "/tasks/all/x",
            "/admin/nothing",
            "/static/x/none.css",
            "/login.php",
        ] {
            assert_eq!(browser.get(path).status, 404, "{path}");
        }
        for (method, path) in [
            ("GET", "/api/v1/nothing"),
            ("DELETE", "/api/v1/tasks"),
            ("PUT", "/api/v1/users"),
            ("PATCH", "/api/v1/auth/token"),
        ] {
            let (status, _) = visitor.api.send(method, path, &serde_json::Value::Null);
            assert!(matches!(status, 404 | 405), "{method} {path}: {status}");
        }
    }
}

/// Everything but what is open to everybody answers 401, and leaves nothing behind.
fn sweep_as_nobody(world: &World, mut visitor: Visitor) {
    let before = world.effects();
    let mut wrong = Vec::new();
    for route in ROUTES {
        let status = ask(world, &mut visitor, route).unwrap();
        let fits = match route.asks {
            Asks::Everybody => is_answer(route, status),
            _ => status == 401,
        };
        if !fits {
            wrong.push(format!("{} {} gets {status}", route.method, route.path));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(world.effects(), before);
}

#[derive(Clone, Copy, Debug)]
enum Expected {
    Refused,
    NotTheirs,
    Allowed,
}

fn expected(asks: Asks, role: Role) -> Expected {
    let (operation, own) = match asks {
        Asks::Everybody | Asks::EveryPerson => return Expected::Allowed,
        Asks::To(operation) => (operation, Expected::Allowed),
        Asks::OfOthers(operation) => (operation, Expected::NotTheirs),
    };
    match cell(operation, role) {
        Cell::Yes => Expected::Allowed,
        Cell::Own => own,
        Cell::No | Cell::With(_) => Expected::Refused,
    }
}

fn cell(operation: Operation, role: Role) -> Cell {
    let row = access_table()
        .iter()
        .find(|row| row.operation == operation)
        .unwrap();
    row.cell(Column::Role(role))
}

/// Whether this is an answer of somebody who does what was asked, or says what is wrong with it. A log-in is refused with 401,
/// and with 429 when it comes again, a refresh with 401 too; a log-out leads to the log-in page.
fn is_answer(route: &Route, status: u16) -> bool {
    match status {
        200..=399 => true,
        401 => matches!(
            route.path,
            "/login"
                | "/login/code"
                | "/login/passkey"
                | "/api/v1/auth/token"
                | "/api/v1/auth/refresh"
                | "/logout"
        ),
        // There is no provider in these tests, so there is no way to it; no setup once there is an administrator; and no feed at an
        // address that is nobody's secret.
        404 => {
            ["/login/provider", "/feeds/"]
                .iter()
                .any(|place| route.path.starts_with(place))
                || route.path == "/setup"
        }
        429 => matches!(
            route.path,
            "/login"
                | "/login/beak"
                | "/api/v1/auth/token"
                | "/password/reset"
                | "/password/new"
                | "/register"
        ),
        409 | 422 => route.method != "GET",
        _ => false,
    }
}
