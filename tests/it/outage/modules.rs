//! One module falls and takes no other's pages with it; what has fallen is seen (requirements section 8, R22).

use diesel::connection::SimpleConnection;
use serde_json::json;

use super::process::Process;
use crate::operations::metrics::Scraper;
use crate::support::client::{Api, Browser};
use crate::support::database::count;
use crate::support::{PASSWORD, TestApp, wait_until};

/// A module, its tables that break, and pages of the others: of a worker, of the accountant, of the administrator.
type Fall = (
    &'static str,
    &'static [&'static str],
    [&'static [&'static str]; 3],
);

const FALLS: [Fall; 4] = [
    (
        "tasks",
        &["tasks.tasks", "tasks.employees"],
        [
            &["/account", "/profile"],
            &["/accounting", "/accounting/payouts"],
            &["/analytics", "/admin", "/admin/modules", "/admin/users"],
        ],
    ),
    (
        "accounting",
        &[
            "accounting.balances",
            "accounting.transfers",
            "accounting.employees",
        ],
        [
            &["/tasks", "/profile"],
            &["/profile"],
            &[
                "/tasks/all",
                "/analytics",
                "/admin",
                "/admin/modules",
                "/admin/users",
            ],
        ],
    ),
    (
        "analytics",
        &["analytics.tasks", "analytics.employees"],
        [
            &["/tasks", "/account", "/profile"],
            &["/accounting", "/accounting/payouts"],
            &["/tasks/all", "/admin", "/admin/modules", "/admin/users"],
        ],
    ),
    (
        "auth",
        &["auth.users", "auth.sessions"],
        [
            &["/tasks", "/account"],
            &["/accounting"],
            &["/tasks/all", "/analytics", "/admin/modules"],
        ],
    ),
];

#[test]
fn r22_g06_a_module_s_broken_tables_take_no_other_module_s_pages_down_and_are_seen() {
    let app = TestApp::with(|settings| settings.set("ATES_METRICS_BIND", "127.0.0.1:0"));
    let people = app.register_all(&[
        ("kesha", &["developer"]),
        ("buh", &["accountant"]),
        ("root", &["administrator"]),
    ]);
    let api = app.api(&people[0]);
    let create = |title: &str| api.post("/api/v1/tasks", &json!({ "title": title })).0;
    assert_eq!(create("Feed the macaw"), 201);
    app.drain();
    let mut browsers: Vec<Browser> = people.iter().map(|person| app.log_in(person)).collect();
    let scraper = Scraper::of(&app);
    for (module, tables, pages) in FALLS {
        for (browser, paths) in browsers.iter_mut().zip(pages) {
            for path in paths {
                assert_eq!(
                    browser.get(path).status,
                    200,
                    "before {module} falls: {path}"
                );
            }
        }
        let renamed = |from: &str, to: &str| {
            let each = tables.iter().map(|table| {
                let name = table.split('.').next_back().unwrap();
                format!("alter table {table}{from} rename to {name}{to}")
            });
            app.conn()
                .batch_execute(&each.collect::<Vec<_>>().join("; "))
                .unwrap();
        };
        renamed("", "_away");
        for (browser, paths) in browsers.iter_mut().zip(pages) {
            for path in paths {
                let page = browser.get(path);
                assert_eq!(
                    page.status,
                    200,
                    "while {module} is away: {path}: {}",
                    page.text()
                );
            }
        }
        let (who, own) = match module {
            "tasks" => (0, "/tasks"),
            "accounting" => (1, "/accounting/balances"),
            "analytics" => (2, "/analytics"),
            _ => (2, "/admin/users"),
        };
        let page = browsers[who].get(own);
        assert!(
            page.status >= 500 || page.has(".missing"),
            "the control: {module}'s own page does fall: {}",
            page.status
        );
        if module == "accounting" {
            assert!(
                browsers[0].get("/tasks").has(".missing"),
                "a note stands where the money was"
            );
            // Work goes on; what accounting does not hear now it hears later.
            assert_eq!(create("Trim a claw"), 201);
            let fallen = || {
                let parked =
                    scraper.value(r#"bus_parked{sub="accounting.ledger",state="retrying"}"#);
                let failed = scraper
                    .value(r#"ates_worker_state{worker="accounting.ledger",state="failed"}"#);
                parked.unwrap_or_default() + failed.unwrap_or_default() > 0.0
            };
            wait_until("the figures say that accounting cannot", fallen);
        }
        renamed("_away", "");
        for (browser, paths) in browsers.iter_mut().zip(pages) {
            for path in paths {
                assert_eq!(browser.get(path).status, 200, "after {module} fell: {path}");
            }
        }
    }
    // What was parked meanwhile is tried again by itself.
    wait_until("everything is priced", || {
        app.conn()
            .batch_execute(
                "update bus.parked_items set next_attempt_at = '2026-01-01' where state = 'retrying'",
            )
            .unwrap();
        app.db().wake().notify();
        count(&mut app.conn(), "report_v1.tasks where status = 'saving'") == 0
    });
}

#[test]
fn r19_r22_a_panic_in_one_module_s_worker_leaves_the_pages_and_the_other_workers_alone() {
    let app = TestApp::with(|settings| settings.workers(false));
    app.register_all(&[("kesha", &["developer"]), ("root", &["administrator"])]);
    let database = app.stop();
    let url = database.url().to_owned();
    // Every handler of this process panics; another process has none of it, and only pages.
    let mut broken = Process::start(
        super::process::free_port(),
        &["--workers-only"],
        &[("DATABASE_URL", &url), ("ATES_FAULTS", "handler_panic=1.0")],
    );
    let pages = Process::serving(&["--no-workers"], &[("DATABASE_URL", &url)]);
    let api = Api::log_in(pages.base(), "kesha", PASSWORD);
    assert_eq!(
        api.post("/api/v1/tasks", &json!({ "title": "Feed the macaw" }))
            .0,
        201
    );
    let conn = || database.connect();
    wait_until("the panics are seen", || {
        count(&mut conn(), "bus.parked_items") > 0
    });
    let mut root = Browser::new(pages.base());
    assert_eq!(
        root.post("/login", &[("username", "root"), ("password", PASSWORD)])
            .status,
        303
    );
    for path in [
        "/tasks",
        "/account",
        "/analytics",
        "/admin/modules",
        "/admin/dead-letters",
    ] {
        assert_eq!(root.get(path).status, 200, "{path}");
    }
    assert!(broken.is_alive(), "{}", broken.log());
    broken.kill();
    let whole = Process::start(
        super::process::free_port(),
        &["--workers-only"],
        &[("DATABASE_URL", &url)],
    );
    wait_until("a whole process works it off", || {
        // The workers hold these rows too; where they were first, the next round has its way.
        drop(conn().batch_execute(
            "update bus.parked_items set next_attempt_at = '2026-01-01' where state = 'retrying'",
        ));
        count(&mut conn(), "report_v1.tasks where status = 'open'") == 1
    });
    drop(whole);
}
