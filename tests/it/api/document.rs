//! The document of the API says what is so: every route, every operation by its name, every status.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::routes::registered::registered;

/// The operations of the contract, by name.
const NAMES: &[(&str, &str)] = &[
    ("auth_user", "POST /api/v1/auth/token"),
    ("refresh_token", "POST /api/v1/auth/refresh"),
    ("revoke_token", "POST /api/v1/auth/logout"),
    ("public_keys", "GET /.well-known/jwks.json"),
    ("me", "GET /api/v1/me"),
    ("update_me", "PATCH /api/v1/me"),
    ("register_user", "POST /api/v1/users"),
    ("list_users", "GET /api/v1/users"),
    ("show_user", "GET /api/v1/users/{uid}"),
    ("update_user", "PATCH /api/v1/users/{uid}"),
    ("delete_user", "DELETE /api/v1/users/{uid}"),
    ("create_task", "POST /api/v1/tasks"),
    ("show_my_assigned_tasks", "GET /api/v1/tasks/mine"),
    ("show_all_assigned_tasks", "GET /api/v1/tasks"),
    ("show_task", "GET /api/v1/tasks/{uid}"),
    ("update_task", "PATCH /api/v1/tasks/{uid}"),
    ("task_journal", "GET /api/v1/tasks/{uid}/journal"),
    ("complete_task", "POST /api/v1/tasks/{uid}/complete"),
    ("reassign_tasks", "POST /api/v1/tasks/reassign"),
    ("show_shuffle", "GET /api/v1/tasks/reassign/{uid}"),
    ("show_balance", "GET /api/v1/accounting/balance"),
    ("show_account_transfers", "GET /api/v1/accounting/transfers"),
    (
        "show_all_account_transfers",
        "GET /api/v1/accounting/company/transfers",
    ),
    (
        "company_earnings",
        "GET /api/v1/accounting/company/earnings",
    ),
    ("pay_to_workers", "POST /api/v1/accounting/payouts"),
    ("list_payouts", "GET /api/v1/accounting/payouts"),
    ("show_payout", "GET /api/v1/accounting/payouts/{date}"),
    ("today_income", "GET /api/v1/analytics/today-income"),
    (
        "negative_balances",
        "GET /api/v1/analytics/negative-balances",
    ),
    (
        "show_the_most_expensive_task",
        "GET /api/v1/analytics/most-expensive-task",
    ),
];

/// The document as the program writes it.
pub fn written() -> Value {
    serde_json::to_value(ates::app::api_document()).unwrap()
}

/// Every operation: method and path, and what is said of it.
pub fn operations(document: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{} {path}", method.to_uppercase());
            found.insert(name, operation.clone());
        }
    }
    found
}

#[test]
fn g12_the_kept_document_is_the_one_that_the_code_writes() {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json"));
    let text = ates::app::api_document().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("ATES_TEST_WRITE").is_some() {
        return std::fs::write(path, text).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    let differs = kept
        .lines()
        .zip(text.lines())
        .zip(1..)
        .find(|((kept, now), _)| kept != now);
    assert!(
        kept == text,
        "docs/openapi.json is out of date, first at {differs:?}: write it anew with ATES_TEST_WRITE=1 and look at the difference"
    );
}

#[test]
fn t_az_5_every_registered_route_of_the_api_is_in_the_document_and_the_other_way_round() {
    let is_api = |path: &str| {
        ["/api/", "/.well-known/", "/health/"]
            .iter()
            .any(|start| path.starts_with(start))
    };
    let registered: BTreeSet<String> = registered()
        .into_iter()
        .filter(|(_, path)| is_api(path))
        .map(|(method, path)| format!("{method} {path}"))
        .collect();
    let documented: BTreeSet<String> = operations(&written()).into_keys().collect();
    assert_eq!(documented, registered);
}

#[test]
fn g12_the_operations_of_the_contract_have_its_names() {
    let operations = operations(&written());
    for (name, route) in NAMES {
        assert_eq!(operations[*route]["operationId"], *name, "{route}");
    }
    let ids: BTreeSet<&str> = operations
        .values()
        .map(|operation| operation["operationId"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), operations.len(), "an operation id is used twice");
}

#[test]
fn g12_the_document_says_who_is_refused_and_how() {
    let document = written();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(
        document["components"]["securitySchemes"]["bearer"]["scheme"],
        "bearer"
    );
    assert_eq!(document["security"][0]["bearer"], serde_json::json!([]));
    for (route, operation) in operations(&document) {
        let answers = operation["responses"].as_object().unwrap();
        assert!(
            !operation["summary"].as_str().unwrap().is_empty(),
            "{route}"
        );
        if !route.contains(" /api/") {
            continue;
        }
        let is_public = operation["security"] == serde_json::json!([{}]);
        assert_eq!(
            is_public,
            route.contains(" /api/v1/auth/"),
            "{route}: {}",
            operation["security"]
        );
        let mut needed = vec!["422", "503"];
        if !is_public {
            needed.extend(["401", "403"]);
        }
        if route.contains('{') {
            needed.push("404");
        }
        if operation.get("requestBody").is_some() {
            needed.extend(["400", "413", "415"]);
        }
        for status in needed {
            assert!(answers.contains_key(status), "{route} lacks {status}");
        }
        for (status, answer) in answers
            .iter()
            .filter(|(status, _)| status.starts_with(['4', '5']))
        {
            let schema = &answer["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(schema, "#/components/schemas/Problem", "{route} {status}");
            if ["429", "503"].contains(&status.as_str()) {
                assert!(
                    answer["headers"].get("retry-after").is_some(),
                    "{route} {status}"
                );
            }
        }
    }
}

#[test]
fn a55_the_document_bounds_what_lists_are_asked_for() {
    for (route, operation) in operations(&written()) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let schema = &parameter["schema"];
            match parameter["name"].as_str().unwrap() {
                "limit" => {
                    assert_eq!(schema["minimum"], 1, "{route}");
                    assert_eq!(schema["maximum"], 100, "{route}");
                    assert_eq!(schema["default"], 50, "{route}");
                }
                "from" | "to" | "as_of" | "date" => assert_eq!(schema["format"], "date", "{route}"),
                "uid" | "user" | "assignee" | "item" => {
                    assert_eq!(schema["format"], "uuid", "{route}");
                }
                _ => {}
            }
        }
    }
}
