//! Every page, file and operation that takes a period: both ends are held, a wrong or reversed one is an error at its field (M16).

use serde_json::Value;

use crate::accounting::books::Books;

/// Addresses with the fields of their first and last day.
const PAGES: &[&str] = &[
    "/account",
    "/accounting",
    "/account/statement",
    "/account/statements",
    "/accounting/payouts",
    "/accounting/recount",
    "/admin/mails",
    "/analytics",
    "/admin/audit",
    "/admin/abuse",
];
const FILES: &[&str] = &[
    "/account.csv",
    "/account.xlsx",
    "/account/statement.csv",
    "/account/statements.csv",
    "/accounting.csv",
    "/accounting.xlsx",
    "/accounting.journal",
    "/accounting.beancount",
    "/admin/audit.csv",
    "/admin/abuse/creators.csv",
    "/admin/abuse/pairs.csv",
    "/admin/abuse/pressers.csv",
    "/admin/abuse/effects.csv",
];
const OPERATIONS: &[&str] = &[
    "/api/v1/accounting/transfers",
    "/api/v1/accounting/company/transfers",
    "/api/v1/accounting/company/earnings",
    "/api/v1/accounting/payouts",
    "/api/v1/analytics/most-expensive-task",
];

/// What is asked, and the fields that are wrong about it.
const WRONG: &[(&str, &[&str])] = &[
    ("from=soon&to=2026-03-03", &["from"]),
    ("from=2026-03-02&to=2026-02-30", &["to"]),
    ("from=2026-03-03&to=2026-03-02", &["to"]),
    ("from=02.03.2026&to=2026-03-03", &["from"]),
    ("from=2026-3-2&to=2026-03-03", &["from"]),
    ("from=%2B12026-01-01&to=2026-03-03", &["from"]),
];

#[test]
fn m16_every_period_holds_both_ends_and_every_wrong_one_is_an_error_at_its_field() {
    let books = Books::open();
    let root = books.app.register("root", &["administrator"]);
    let (mut browser, api) = (books.app.log_in(&root), books.app.api(&root));
    for path in PAGES {
        for (query, fields) in WRONG {
            let page = browser.get(&format!("{path}?{query}"));
            assert_eq!(page.status, 422, "{path}?{query}");
            for field in *fields {
                assert!(
                    page.has(&format!(".error-summary a[href='#{field}']")),
                    "{path}?{query}: no error at {field}"
                );
                let typed = query
                    .split('&')
                    .find_map(|pair| pair.strip_prefix(&format!("{field}=")))
                    .unwrap()
                    .replace("%2B", "+");
                let shown = page.attribute(&format!("#{field}"), "value");
                assert_eq!(shown, Some(typed), "{path}?{query}");
            }
        }
        for right in [
            "from=2026-03-02&to=2026-03-02",
            "from=2026-02-27&to=2026-03-02",
        ] {
            let page = browser.get(&format!("{path}?{right}"));
            assert_eq!(
                (page.status, page.has(".error-summary")),
                (200, false),
                "{path}?{right}"
            );
        }
    }
    for path in FILES {
        for (query, _) in WRONG {
            assert_eq!(
                browser.get(&format!("{path}?{query}")).status,
                422,
                "{path}?{query}"
            );
        }
        let file = browser.get(&format!("{path}?from=2026-03-02&to=2026-03-02"));
        assert_eq!(file.status, 200, "{path}");
        assert!(
            file.headers["content-disposition"].starts_with("attachment"),
            "{path}"
        );
    }
    for path in OPERATIONS {
        for (query, fields) in WRONG {
            let (status, problem) = api.get(&format!("{path}?{query}"));
            let named: Vec<&str> = problem["errors"]
                .as_array()
                .unwrap_or(&Vec::new())
                .iter()
                .filter_map(|error| error["field"].as_str().map(|_| error))
                .filter_map(|error: &Value| error["field"].as_str())
                .map(|field| if field == "from" { "from" } else { "to" })
                .collect();
            assert_eq!(
                (status, named.as_slice()),
                (422, *fields),
                "{path}?{query}: {problem}"
            );
        }
        let (status, _) = api.get(&format!("{path}?from=2026-03-02&to=2026-03-02"));
        assert_eq!(status, 200, "{path}");
    }
}

#[test]
fn m16_the_days_of_a_period_are_the_company_s_at_both_ends() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    let root = books.app.register("root", &["administrator"]);
    // Moscow is three hours ahead: the first is Monday's last minute there, the second Tuesday's first.
    for instant in ["2026-03-02T20:59:59Z", "2026-03-02T21:00:00Z"] {
        books.app.at(instant);
        books.work(&kesha, 1, 1);
        books.app.browser().post(
            "/login",
            &[
                ("username", "kesha"),
                ("password", crate::support::PASSWORD),
            ],
        );
    }
    let (mut browser, api) = (books.app.log_in(&root), books.app.api(&root));
    for day in ["2026-03-02", "2026-03-03"] {
        let span = format!("from={day}&to={day}");
        let (_, earned) = api.get(&format!("/api/v1/accounting/company/earnings?{span}"));
        assert_eq!(earned["items"][0]["fees_minor"], 1_000, "{day}");
        let (_, dearest) = api.get(&format!("/api/v1/analytics/most-expensive-task?{span}"));
        assert_eq!(dearest["days"].as_array().map(Vec::len), Some(1), "{day}");
        let audit = browser.get(&format!(
            "/admin/audit?{span}&person=kesha&action=auth.logged_in"
        ));
        assert_eq!(audit.all("#audit tbody tr").len(), 1, "{day}");
        let creators = browser.get(&format!("/admin/abuse?{span}"));
        assert_eq!(
            creators.all("#creators tbody tr td:nth-child(2)"),
            ["1"],
            "{day}"
        );
    }
    books.settle();
}

#[test]
fn n06_earnings_by_days_of_analytics_are_the_table_of_accounting() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    let root = books.app.register("root", &["administrator"]);
    books.work(&kesha, 3, 1);
    books.app.at("2026-03-04T09:00:00Z");
    books.settle();
    books.work(&kesha, 2, 0);
    let mut browser = books.app.log_in(&root);
    let figures = |page: &crate::support::Page| -> Vec<Vec<String>> {
        (1..=4)
            .map(|column| page.all(&format!("#days tbody tr > :nth-child({column})")))
            .collect()
    };
    for query in [
        "",
        "?from=2026-03-02&to=2026-03-04",
        "?from=2026-03-03&to=2026-03-03",
    ] {
        let analytics = figures(&browser.get(&format!("/analytics{query}")));
        let accounting = figures(&browser.get(&format!("/accounting{query}")));
        assert_eq!(analytics, accounting, "{query}");
        let days = if query.is_empty() {
            7
        } else {
            analytics[0].len()
        };
        assert_eq!(analytics[0].len(), days, "zero days are shown");
    }
    let three = figures(&browser.get("/analytics?from=2026-03-02&to=2026-03-04"));
    assert_eq!(three[3], ["+$20.00", "$0.00", "$0.00"]);
}
