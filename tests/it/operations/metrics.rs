//! What a scraper gets from the real server, and that each fault raises its figure.

use std::net::TcpListener;
use std::sync::mpsc;

use ates::app;
use ates::bus;
use ates::platform::db::Origin;
use chrono::Duration;
use diesel::connection::SimpleConnection;
use serde_json::json;

use super::reconciler::round;
use crate::support::TestApp;

/// The page of metrics of a running app.
pub struct Scraper {
    url: String,
    /// Of the listener that was made for it.
    handle: Option<actix_web::dev::ServerHandle>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Scraper {
    pub fn of(app: &TestApp) -> Self {
        let (tell, told) = mpsc::channel();
        let services = app.services().clone();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let bound = app::bind_metrics(&services).unwrap();
                tell.send((bound.address, bound.handle())).unwrap();
                bound.run().await.unwrap();
            });
        });
        let (address, handle) = told.recv().unwrap();
        Self {
            url: format!("http://{address}/metrics"),
            handle: Some(handle),
            thread: Some(thread),
        }
    }

    /// Of a process that has them at this address.
    pub fn at(address: &str) -> Self {
        Self {
            url: format!("http://{address}/metrics"),
            handle: None,
            thread: None,
        }
    }

    pub fn text(&self) -> String {
        let mut answer = ureq::get(&self.url).call().unwrap();
        answer.body_mut().read_to_string().unwrap()
    }

    /// The value of a series, such as `bus_lag_events{sub="x"}`.
    pub fn value(&self, series: &str) -> Option<f64> {
        let text = self.text();
        text.lines().find_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            (name == series).then(|| value.parse().unwrap())
        })
    }
}

impl Drop for Scraper {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take() {
            drop(handle.stop(false));
        }
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn scraped() -> TestApp {
    TestApp::with(|settings| settings.set("ATES_METRICS_BIND", "127.0.0.1:0"))
}

#[test]
fn r26_the_metrics_tell_where_every_consumer_stands() {
    let app = scraped();
    let chief = app.register("chief", &["manager"]);
    app.register("kesha", &["developer"]);
    let api = app.api(&chief);
    assert_eq!(
        api.post("/api/v1/tasks", &json!({ "title": "Count me" })).0,
        201
    );
    app.drain();
    let scraper = Scraper::of(&app);
    let head = scraper.value("bus_head_seq").unwrap();
    assert!(head > 0.0);
    for row in app.db().read_blocking(bus::ROLE, bus::statuses).unwrap() {
        let name = row.name;
        assert_eq!(
            scraper.value(&format!("bus_position{{sub=\"{name}\"}}")),
            Some(head)
        );
        assert_eq!(
            scraper.value(&format!("bus_lag_events{{sub=\"{name}\"}}")),
            Some(0.0)
        );
    }
    assert_eq!(scraper.value("bus_partitions_ahead"), Some(9.0));
    assert_eq!(scraper.value("bus_dead_total"), Some(0.0));
    assert_eq!(scraper.value("ates_database_up"), Some(1.0));
    assert_eq!(
        scraper.value("bus_append_total{type=\"task.created\"}"),
        Some(1.0)
    );
    assert!(scraper.value("bus_append_lock_wait_seconds_count").unwrap() > 0.0);
    assert!(scraper.value("bus_append_lock_hold_seconds_sum").unwrap() > 0.0);
    assert!(
        scraper
            .value("bus_batch_seconds_count{sub=\"accounting.ledger\"}")
            .unwrap()
            > 0.0
    );
    assert!(
        scraper
            .value("bus_batch_events_sum{sub=\"accounting.ledger\"}")
            .unwrap()
            >= 2.0
    );
    assert!(scraper.value("scheduler_last_kick_age_seconds").is_some());
    assert!(scraper.text().ends_with("# EOF\n"));
    let own = ureq::get(format!("{}/metrics", app.base())).call();
    // The log-in page, or nothing.
    let shown = own.map_or_else(
        |_| String::new(),
        |mut page| page.body_mut().read_to_string().unwrap(),
    );
    assert!(!shown.contains("bus_head_seq"), "{shown}");
}

#[test]
fn m30_held_accounts_raise_their_figures_until_they_are_released() {
    let app = scraped();
    let scraper = Scraper::of(&app);
    let held = || {
        ["ates_held_accounts", "ates_held_accounts_oldest_seconds"]
            .map(|series| scraper.value(series).unwrap())
    };
    assert_eq!(held(), [0.0, 0.0]);
    app.conn()
        .batch_execute(
            "insert into accounting.held_accounts (business_date, account_id, item_id, held_at)
             select '2026-03-02', gen_random_uuid(), gen_random_uuid(), timestamptz '2026-03-02 08:50Z' + n * interval '1 minute'
             from generate_series(0, 1) n",
        )
        .unwrap();
    assert_eq!(held(), [2.0, 600.0]);
    app.conn()
        .batch_execute("update accounting.held_accounts set released_at = '2026-03-02 09:00Z'")
        .unwrap();
    assert_eq!(held(), [0.0, 0.0]);
}

#[test]
fn r13_the_reconciler_tells_when_the_books_agreed_and_how_many_checks_differ() {
    let app = TestApp::with(|settings| {
        settings
            .workers(false)
            .set("ATES_METRICS_BIND", "127.0.0.1:0")
    });
    let scraper = Scraper::of(&app);
    assert_eq!(scraper.value("ates_reconciler_round_age_seconds"), None);
    for _ in 0..4 {
        round(&app);
    }
    app.clock().advance(Duration::seconds(300));
    let ages =
        || ["round", "sweep"].map(|of| scraper.value(&format!("ates_reconciler_{of}_age_seconds")));
    assert_eq!(ages(), [Some(300.0), Some(300.0)]);
    assert_eq!(scraper.value("ates_books_agreed_age_seconds"), Some(300.0));
    assert_eq!(scraper.value("ates_reconciler_differences"), Some(0.0));
    assert!(
        scraper
            .value("ates_reconciler_round_milliseconds")
            .is_some()
    );
    // Something that is no money: the books agree all the same, and nothing stops.
    let granted = "grant truncate on bus.events to ates_bus";
    app.conn().batch_execute(granted).unwrap();
    round(&app);
    assert_eq!(ages()[0], Some(0.0));
    assert_eq!(scraper.value("ates_books_agreed_age_seconds"), Some(0.0));
    assert_eq!(scraper.value("ates_reconciler_differences"), Some(1.0));
    let revoked = "revoke truncate on bus.events from ates_bus";
    app.conn().batch_execute(revoked).unwrap();
    round(&app);
    assert_eq!(scraper.value("ates_reconciler_differences"), Some(0.0));
}

#[test]
fn e16_the_lag_of_a_paused_consumer_grows_and_its_holder_is_named() {
    let app = scraped();
    let chief = app.register("chief", &["manager"]);
    app.register("kesha", &["developer"]);
    let scraper = Scraper::of(&app);
    pause(&app);
    let api = app.api(&chief);
    for _ in 0..3 {
        assert_eq!(
            api.post("/api/v1/tasks", &json!({ "title": "Wait" })).0,
            201
        );
    }
    app.clock().advance(Duration::seconds(90));
    assert!(
        scraper
            .value("bus_lag_events{sub=\"accounting.ledger\"}")
            .unwrap()
            >= 6.0
    );
    assert_eq!(
        scraper.value("bus_lag_seconds{sub=\"accounting.ledger\"}"),
        Some(90.0)
    );
    assert_eq!(
        scraper.value("bus_paused{sub=\"accounting.ledger\",holder=\"deploy\"}"),
        Some(1.0)
    );
    resume(&app);
    app.drain();
    assert_eq!(
        scraper.value("bus_lag_events{sub=\"accounting.ledger\"}"),
        Some(0.0)
    );
    assert_eq!(
        scraper.value("bus_paused{sub=\"accounting.ledger\",holder=\"deploy\"}"),
        None
    );
}

pub fn pause(app: &TestApp) {
    bus::pause(
        app.db(),
        "accounting.ledger",
        &bus::Holder::Deploy,
        "a test",
        Origin::system(),
    )
    .unwrap();
}

pub fn resume(app: &TestApp) {
    bus::resume(
        app.db(),
        "accounting.ledger",
        &bus::Holder::Deploy,
        Origin::system(),
    )
    .unwrap();
}

#[test]
fn e13_parked_and_dead_items_raise_their_figures() {
    let app = scraped();
    let scraper = Scraper::of(&app);
    app.register("kesha", &["developer"]);
    app.conn()
        .batch_execute(
            "insert into bus.parked_items (subscriber, item_id, event_id, seq, item_no, sequence_key, state, first_failed_at)
             select 'tasks.employees', gen_random_uuid(), e.event_id, e.seq, n, e.event_id,
               case n when 0 then 'dead' else 'retrying' end, timestamptz '2026-03-02T08:50:00Z'
             from bus.events e, generate_series(0, 2) n where e.seq = (select min(seq) from bus.events)",
        )
        .unwrap();
    assert_eq!(
        scraper.value("bus_parked{sub=\"tasks.employees\",state=\"dead\"}"),
        Some(1.0)
    );
    assert_eq!(
        scraper.value("bus_parked{sub=\"tasks.employees\",state=\"retrying\"}"),
        Some(2.0)
    );
    assert_eq!(
        scraper.value("bus_parked{sub=\"tasks.prices\",state=\"dead\"}"),
        Some(0.0)
    );
    assert_eq!(
        scraper.value("bus_oldest_parked_seconds{sub=\"tasks.employees\"}"),
        Some(600.0)
    );
    assert_eq!(scraper.value("bus_dead_total"), Some(1.0));
    app.conn()
        .batch_execute("delete from bus.parked_items")
        .unwrap();
}

#[test]
fn r26_a_busy_or_an_empty_address_does_not_keep_the_server_from_starting() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let app = TestApp::with(|settings| settings.set("ATES_METRICS_BIND", address));
    assert!(app::bind_metrics(app.services()).is_none());
    let off = TestApp::with(|settings| settings.set("ATES_METRICS_BIND", ""));
    assert!(app::bind_metrics(off.services()).is_none());
}
