//! The checker finds every kind of fault, and lets pass what is right.

use super::{faults_of_source, faults_of_template};

#[test]
fn the_checker_can_fail() {
    for (path, source, fault) in [
        (
            "tasks/service.rs",
            "use crate::accounting::Price;",
            "may not name accounting::Price",
        ),
        (
            "tasks/service.rs",
            "use crate::{platform::ids, analytics::{ROLE, NAV}};",
            "may not name analytics::NAV",
        ),
        (
            "accounting/store/day.rs",
            "fn f() { super::super::super::tasks::f() }",
            "may not name tasks::f",
        ),
        (
            "accounting/model.rs",
            "mod tests { use super::super::super::tasks; }",
            "may not name tasks",
        ),
        (
            "analytics/mod.rs",
            "use super::tasks::Task;",
            "may not name tasks::Task",
        ),
        (
            "analytics/api.rs",
            "fn f() -> $crate::app::Services {}",
            "may not name app::Services",
        ),
        (
            "events/task.rs",
            "use crate::platform::web::Frame;",
            "may not name platform::web::Frame",
        ),
        (
            "platform/db/tx.rs",
            "use crate::events::Event;",
            "may not name events::Event",
        ),
        ("auth/service.rs", "use crate::cli;", "may not name cli"),
        (
            "tasks/service.rs",
            "use diesel::sql_query;",
            "diesel::sql_query has no place",
        ),
        (
            "tasks/model.rs",
            "#[derive(diesel::QueryableByName)] struct A;",
            "diesel::QueryableByName has no place",
        ),
        (
            "tasks/service.rs",
            "use actix_web::HttpResponse;",
            "actix_web::HttpResponse has no place",
        ),
        (
            "tasks/mod.rs",
            "use actix_web::HttpResponse;",
            "actix_web::HttpResponse has no place",
        ),
        (
            "cli/import.rs",
            "use actix_web as web;",
            "actix_web has no place",
        ),
        (
            "tasks/store.rs",
            r#"const A: &str = "select 1 from accounting.transfers";"#,
            "names the schema accounting",
        ),
        (
            "tasks/store.rs",
            r##"const A: &str = r#"select 1 from report_v1.tasks"#;"##,
            "names the schema report_v1",
        ),
        (
            "analytics/queries.rs",
            r#"f("delete from bus.events")"#,
            "names the schema bus",
        ),
        (
            "tasks/views.rs",
            r#"#[template(path = "accounting/index.html")] struct A;"#,
            "is not its own",
        ),
        ("helpers/text.rs", "", "not in the table"),
    ] {
        let faults = faults_of_source(path, source);
        assert!(
            faults.iter().any(|found| found.contains(fault)),
            "{path} `{source}`: {faults:?}"
        );
    }
    for (path, text, fault) in [
        (
            "tasks/index.html",
            r#"{%- include "accounting/_row.html" %}"#,
            "belongs to another module",
        ),
        (
            "tasks/index.html",
            r#"{% import "auth/macros.html" as m %}"#,
            "belongs to another module",
        ),
        ("parts/index.html", "", "no module owns"),
    ] {
        let faults = faults_of_template(path, text);
        assert!(
            faults.iter().any(|found| found.contains(fault)),
            "{path} `{text}`: {faults:?}"
        );
    }
}

#[test]
fn the_checker_lets_pass_what_is_right() {
    for (path, source) in [
        (
            "tasks/service.rs",
            "use crate::auth::{Actor, Operation}; use super::model::Task; use diesel::pg::PgConnection;",
        ),
        (
            "tasks/model.rs",
            "/// As crate::accounting::Price has it.\npub(crate) struct A; mod tests { use super::super::store; }",
        ),
        (
            "accounting/store.rs",
            r#"const A: &str = "select 'tasks.employees' from report_v1.tasks, accounting.x";"#,
        ),
        (
            "tasks/store.rs",
            r#"#[diesel(sql_type = diesel::sql_types::Text)] use diesel::sql_query;"#,
        ),
        (
            "accounting/mod.rs",
            "pub fn configure(app: &mut actix_web::web::ServiceConfig) {}",
        ),
        (
            "app/server.rs",
            "use actix_web::App; use crate::{tasks, accounting};",
        ),
        (
            "platform/web/errors.rs",
            r#"#[template(path = "errors/error.html")] struct A;"#,
        ),
    ] {
        assert_eq!(
            faults_of_source(path, source),
            Vec::<String>::new(),
            "{path}"
        );
    }
    let page = r#"{% extends "base.html" %}{% import "macros.html" as m %}{% include "tasks/_row.html" %}"#;
    assert_eq!(
        faults_of_template("tasks/index.html", page),
        Vec::<String>::new()
    );
}
