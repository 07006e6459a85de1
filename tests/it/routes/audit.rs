//! Audit completeness (T-OPS-6): every request that changes something leaves its row in the audit, with who and from where.

mod driven;

use ates::auth::Role;
use uuid::Uuid;

use super::table::{ROUTES, Route};
use super::world::{World, exchange};
use crate::support::client::Page;
use crate::support::database::count;

/// Routes that change nothing that is kept: a cookie of the browser alone, a judgement, or a question to a passkey.
const KEEPS_NOTHING: &[&str] = &[
    "/preferences",
    "/password/strength",
    "/login/passkey/question",
];

/// Routes whose row is written by the worker that answers them, as only that finds out whom they concern.
const ANSWERED_LATER: &[&str] = &["/password/reset", "/register"];

/// Routes that are asked by the table for what is done already, which changes nothing; what they do when it is not is driven below.
const REPEATED_HERE: &[&str] = &[
    "/accounting/payouts",
    "/api/v1/accounting/payouts",
    "/admin/mails/{id}/attempts",
    "/admin/mails/attempts",
    "/accounting/payouts/{date}/bank-file",
    "/api/v1/auth/logout",
];

/// Routes whose body in the table is refused, or which the state of the table's company refuses; each is driven on its own below.
const REFUSED_HERE: &[&str] = &[
    "/login",
    "/api/v1/auth/token",
    "/api/v1/auth/refresh",
    "/tasks/{uid}/completion",
    "/api/v1/tasks/{uid}/complete",
    "/accounting/corrections/missing",
    "/accounting/corrections/{id}/withdrawal",
    "/accounting/corrections/{id}/rejection",
    "/admin/emergency-stop",
    "/admin/emergency-stop/release",
    "/api/v1/ops/stop",
    "/api/v1/ops/release",
    "/api/v1/users/{uid}",
    "/profile/password",
    "/profile/tokens/{id}/revocation",
    "/profile/sessions/{id}/end",
    "/admin/users/{uid}/tokens",
    "/admin/users/{uid}/tokens/{id}/revocation",
];

/// Routes of links, registration, second factors, passkeys and beaks: `auth::reset`, `auth::factors` and their neighbours drive each with
/// what it needs, and look at its row.
const DRIVEN_ELSEWHERE: &[&str] = &[
    "/password/new",
    "/register/proof",
    "/setup",
    "/profile/address",
    "/login/code",
    "/login/beak",
    "/login/passkey",
    "/profile/credentials/totp/confirmation",
    "/profile/credentials/totp/removal",
    "/profile/credentials/recovery-codes",
    "/profile/credentials/passkeys",
    "/profile/credentials/passkeys/question",
    "/profile/credentials/passkeys/{id}/removal",
    "/profile/credentials/beak",
    "/profile/credentials/beak/removal",
];

/// Whether the audit has a row of this very answer, by this person, that says from where.
fn is_written(world: &World, answer: &Page, by: Uuid) -> bool {
    let request = &answer.headers["x-request-id"];
    let row = format!(
        "platform.audit_log where correlation_id = '{request}' and actor_id = '{by}' and action <> ''
         and address is not null and agent is not null"
    );
    count(&mut world.app.conn(), &row) > 0
}

fn changes(route: &Route) -> bool {
    route.method != "GET"
        && !KEEPS_NOTHING.contains(&route.path)
        && !ANSWERED_LATER.contains(&route.path)
}

#[test]
fn r24_ops6_every_request_that_changes_something_has_its_audit_row() {
    let world = World::build();
    let mut visitor = world.visitor(Role::Administrator);
    let (mut driven, mut silent, mut refused) = (0, Vec::new(), Vec::new());
    for route in ROUTES.iter().filter(|route| changes(route)) {
        let answer = exchange(&world, &mut visitor, route).unwrap();
        match answer.status {
            200..=399 if is_written(&world, &answer, visitor.id.unwrap()) => driven += 1,
            200..=399
                if [REPEATED_HERE, DRIVEN_ELSEWHERE]
                    .concat()
                    .contains(&route.path) => {}
            200..=399 => silent.push(format!("{} {}", route.method, route.path)),
            status => refused.push((status, route.path)),
        }
    }
    assert!(silent.is_empty(), "changed without a row: {silent:#?}");
    let unexpected: Vec<_> = refused
        .iter()
        .filter(|(_, path)| !REFUSED_HERE.contains(path) && !DRIVEN_ELSEWHERE.contains(path))
        .collect();
    assert!(
        unexpected.is_empty(),
        "neither done nor known to be refused here: {unexpected:#?}"
    );
    println!("{driven} routes left their row");
    world.app.settle_idle();
    let nameless = "platform.audit_log where correlation_id is null or action = ''";
    assert_eq!(count(&mut world.app.conn(), nameless), 0);
}
