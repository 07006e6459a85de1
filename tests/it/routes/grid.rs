//! T-AZ-1 beyond the roles alone: permissions that were granted, and methods that nobody registered; and T-AZ-5, that table, routes
//! and page are of one mind.

use std::collections::{BTreeMap, BTreeSet};

use ates::auth::{Cell, Column, Operation, Permission, Role, access_table};
use serde_json::json;

use super::table::{Asks, ROUTES, Route};
use super::world::{Visitor, World, ask};
use super::{cell, is_answer, registered};
use crate::support::raw::send;

fn operation_of(route: &Route) -> Option<Operation> {
    match route.asks {
        Asks::To(operation) | Asks::OfOthers(operation) => Some(operation),
        Asks::Everybody | Asks::EveryPerson => None,
    }
}

/// Every role with each permission that opens something for it.
fn grants() -> Vec<(Role, Permission)> {
    let mut grants = Vec::new();
    for role in Role::ALL {
        for permission in Permission::ALL {
            let opens = access_table()
                .iter()
                .any(|row| row.cell(Column::Role(role)) == Cell::With(permission));
            if opens {
                grants.push((role, permission));
            }
        }
    }
    grants
}

#[test]
fn a14_a15_t_az_1_a_granted_permission_opens_its_cells_and_no_others() {
    let world = World::build();
    let root = world.visitor(Role::Administrator).api;
    let grants = grants();
    assert_eq!(grants.len(), 15);
    let mut wrong = Vec::new();
    for (role, permission) in grants {
        let name = format!("the.{role}.{}", &permission.as_str()["can_".len()..]);
        let name = name.replace('_', "-").chars().take(40).collect::<String>();
        let person = world.app.register(&name, &[role.as_str()]);
        let change = json!({ "permissions": [permission.as_str()] });
        let (status, answer) = root.patch(&format!("/api/v1/users/{}", person.id), &change);
        assert_eq!(status, 200, "{answer}");
        let mut visitor = Visitor {
            id: Some(person.id),
            browser: Some(world.app.log_in(&person)),
            api: world.app.api(&person),
        };
        for route in ROUTES {
            let Some(Cell::With(needed)) =
                operation_of(route).map(|operation| cell(operation, role))
            else {
                continue;
            };
            let status = ask(&world, &mut visitor, route).unwrap();
            let fits = if needed == permission {
                is_answer(route, status)
            } else {
                status == 403
            };
            if !fits {
                wrong.push(format!(
                    "{role} with {permission}: {} {} gets {status}",
                    route.method, route.path
                ));
            }
        }
        world.app.settle_idle();
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a15_t_az_1_a_method_that_nobody_registered_is_refused_on_every_path() {
    let world = World::build();
    let mut known: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for route in ROUTES {
        let path = world.path(route);
        let path = path.split('?').next().unwrap().to_owned();
        known.entry(path).or_default().insert(route.method);
    }
    let visitors = [world.outsider(), world.visitor(Role::Administrator)];
    let before = world.effects();
    let mut wrong = Vec::new();
    for visitor in visitors {
        let mut headers = vec![
            ("sec-fetch-site", "same-origin".to_owned()),
            (
                "content-type",
                "application/x-www-form-urlencoded".to_owned(),
            ),
        ];
        if let Some(secret) = visitor
            .browser
            .as_ref()
            .and_then(|browser| browser.cookie("ates_session"))
        {
            headers.push(("cookie", format!("ates_session={secret}")));
        }
        if let Some(token) = visitor.api.token() {
            headers.push(("authorization", format!("Bearer {token}")));
        }
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        for (path, methods) in &known {
            for method in [
                "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "HEAD", "PROPFIND",
                "get",
            ] {
                if methods.contains(method) {
                    continue;
                }
                let status = send(&world.app.base(), method, path, &headers, "").status;
                if !matches!(status, 400 | 404 | 405) {
                    wrong.push(format!("{method} {path} gets {status}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(world.effects(), before);
}

/// Operations that have no route of their own: the log-in, a new password and the public keys are everybody's.
const WITHOUT_ROUTE: &[&str] = &["log_in", "public_keys", "reset_password"];

#[test]
fn a15_t_az_5_the_table_the_routes_and_the_list_name_the_same() {
    let listed: BTreeSet<&str> = ROUTES
        .iter()
        .filter_map(operation_of)
        .map(Operation::as_str)
        .chain(WITHOUT_ROUTE.iter().copied())
        .collect();
    let table: BTreeSet<&str> = access_table()
        .iter()
        .map(|row| row.operation.as_str())
        .collect();
    assert_eq!(
        listed, table,
        "an operation without a route, or a route without an operation"
    );
    let routes: BTreeSet<(String, String)> = ROUTES
        .iter()
        .map(|route| (route.method.to_owned(), route.path.to_owned()))
        .collect();
    assert_eq!(
        registered::registered(),
        routes,
        "registered, and listed in the tests' table"
    );
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ACCESS.md")).unwrap();
    let shown: BTreeSet<(String, String)> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" | "))
        .filter_map(|(_, routes)| routes.strip_suffix(" |"))
        .flat_map(|routes| routes.split("<br>"))
        .filter_map(|route| {
            let (method, path) = route.trim_matches('`').split_once(' ')?;
            path.starts_with('/')
                .then(|| (method.to_owned(), path.to_owned()))
        })
        .collect();
    assert_eq!(shown, routes, "docs/ACCESS.md is out of date");
}
