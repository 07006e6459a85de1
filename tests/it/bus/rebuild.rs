//! Building a projection again from the log (N10).

use ates::analytics::{self, PROJECTION};
use ates::bus::{self, Subscriber};
use ates::platform::db::Origin;
use ates::platform::error::AppError;
use diesel::connection::SimpleConnection;
use serde_json::json;

use crate::support::TestApp;
use crate::support::database::{count, text};

fn projection(app: &TestApp) -> Box<dyn Subscriber> {
    analytics::subscribers(app.config()).remove(0)
}

/// All that analytics keeps, in one text.
fn figures(app: &TestApp) -> String {
    let table = |name: &str| {
        format!(
            "(select coalesce(string_agg(t::text, e'\\n' order by t::text), '') from analytics.{name} t)"
        )
    };
    text(
        &mut app.conn(),
        &format!(
            "select concat_ws(e'\\n--\\n', {}, {}, {}) as t",
            table("day_totals"),
            table("employees"),
            table("tasks")
        ),
    )
}

fn busy_company() -> TestApp {
    let app = TestApp::with(|settings| settings.workers(false));
    let people = app.register_all(&[("lev", &["manager"]), ("kesha", &["developer"])]);
    let (lev, kesha) = (app.api(&people[0]), app.api(&people[1]));
    for number in 1..=5 {
        let title = format!("Task {number}");
        assert_eq!(lev.post("/api/v1/tasks", &json!({ "title": title })).0, 201);
    }
    app.step_all();
    let (_, mine) = kesha.get("/api/v1/tasks/mine?status=open");
    let task = mine["items"][0]["uid"].as_str().unwrap();
    assert_eq!(
        kesha
            .post(&format!("/api/v1/tasks/{task}/complete"), &json!({}))
            .0,
        200
    );
    assert_eq!(lev.post("/api/v1/tasks/reassign", &json!({})).0, 202);
    app.settle_idle();
    app.step_all();
    app
}

#[test]
fn n10_a_projection_built_again_is_equal_and_a_broken_one_is_mended() {
    let app = busy_company();
    let before = figures(&app);
    assert!(before.contains("Task 1"), "{before}");
    let rebuild = || bus::rebuild(app.db(), projection(&app).as_ref(), Origin::system());
    assert!(rebuild().unwrap() > 10);
    assert_eq!(figures(&app), before);

    app.conn()
        .batch_execute(
            "update analytics.day_totals set fees_minor = 1; delete from analytics.tasks;
             update analytics.employees set balance_minor = -7, name = 'Nobody'",
        )
        .unwrap();
    assert_ne!(figures(&app), before);
    rebuild().unwrap();
    assert_eq!(figures(&app), before);
    let statuses = app.db().read_blocking(bus::ROLE, bus::statuses).unwrap();
    assert!(statuses.iter().all(|row| !row.paused && row.lag() == 0));
    assert_eq!(
        count(
            &mut app.conn(),
            "platform.audit_log where action = 'bus.rebuilt'"
        ),
        2
    );
}

#[test]
fn while_it_is_built_the_old_figures_are_served_and_a_failure_leaves_them() {
    let app = busy_company();
    let before = figures(&app);
    // The handler stops at this lock, in the middle of the new figures.
    let mut other = app.conn();
    other
        .batch_execute("begin; lock table analytics.employees in share row exclusive mode")
        .unwrap();
    std::thread::scope(|scope| {
        let building =
            scope.spawn(|| bus::rebuild(app.db(), projection(&app).as_ref(), Origin::system()));
        crate::support::wait_until("it is at it", || {
            count(
                &mut app.conn(),
                "pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
            ) > 0
        });
        assert_eq!(figures(&app), before);
        let second = bus::rebuild(app.db(), projection(&app).as_ref(), Origin::system());
        assert!(matches!(second, Err(AppError::Conflict(_))), "{second:?}");
        other.batch_execute("rollback").unwrap();
        building.join().unwrap().unwrap();
    });
    assert_eq!(figures(&app), before);

    app.conn()
        .batch_execute("revoke insert on analytics.day_totals from ates_analytics")
        .unwrap();
    bus::rebuild(app.db(), projection(&app).as_ref(), Origin::system()).unwrap_err();
    assert_eq!(figures(&app), before, "nothing is lost");
    let statuses = app.db().read_blocking(bus::ROLE, bus::statuses).unwrap();
    assert!(statuses.iter().all(|row| !row.paused), "it goes on");
    assert_eq!(projection(&app).name(), PROJECTION);
    app.conn()
        .batch_execute("grant insert on analytics.day_totals to ates_analytics")
        .unwrap();
}

#[test]
fn what_the_log_cannot_give_back_is_not_built_again() {
    let app = TestApp::with(|settings| settings.workers(false));
    for subscriber in app.services().subscribers() {
        if subscriber.name() != PROJECTION {
            let outcome = bus::rebuild(app.db(), subscriber.as_ref(), Origin::system());
            assert!(
                matches!(outcome, Err(AppError::Conflict(_))),
                "{}",
                subscriber.name()
            );
        }
    }
}
