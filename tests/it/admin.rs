//! The admin section's own pages: how the house is, the schedule, the system, and the mails about accounts.

use ates::bus::{self, Holder};
use ates::platform::db::Origin;
use diesel::connection::SimpleConnection;

use crate::operations::reconciler::round;
use crate::support::database::{count, text};
use crate::support::{Browser, TestApp, wait_until};

fn door(app: &TestApp) -> (Browser, Browser) {
    let people = app.register_all(&[("root", &["administrator"]), ("buh", &["accountant"])]);
    app.drain();
    (app.log_in(&people[0]), app.log_in(&people[1]))
}

fn turns(app: &TestApp) -> i64 {
    let ended = "platform.job_turns where state = 'done'";
    count(&mut app.conn(), ended)
}

#[test]
fn r24_the_door_of_the_admin_section_is_green_until_something_needs_somebody() {
    let app = TestApp::start();
    let (mut root, mut buh) = door(&app);
    wait_until("every job had a turn", || turns(&app) == 10);
    round(&app);
    let page = root.get("/admin");
    assert_eq!(page.all(".health .card.ok").len(), 9, "{}", page.text());
    assert_eq!(page.all("#quiet"), ["Nothing needs you."]);
    assert!(page.has("#latest tbody tr") && page.all("#latest tbody tr").len() <= 5);

    let name = "analytics.projection";
    bus::pause(app.db(), name, &Holder::Deploy, "a test", Origin::system()).unwrap();
    let page = root.get("/admin");
    assert!(!page.has("#quiet"));
    assert!(page.has("#tile-modules.bad a[href='/admin/modules']"));
    assert!(page.all("#tile-modules")[0].contains(name), "which one");
    assert_eq!(page.all(".doors a[href='/admin/modules'] + .chip"), ["1"]);
    // An accountant sees the same, and no way to where they may not go.
    let page = buh.get("/admin");
    assert!(page.has("#tile-modules.bad") && !page.has("#tile-modules a"));
    assert!(!page.has("#tile-account-mails") && !page.has("a[href='/admin/system']"));
    bus::resume(app.db(), name, &Holder::Deploy, Origin::system()).unwrap();
    assert!(root.get("/admin").has("#quiet"));
}

#[test]
fn g06_a_tile_whose_module_is_away_says_so_and_the_others_stand() {
    let app = TestApp::start();
    let (mut root, _) = door(&app);
    let rename = |from: &str, to: &str| {
        let text = format!("alter table accounting.{from} rename to {to}");
        app.conn().batch_execute(&text).unwrap();
    };
    rename("mails", "mails_away");
    let page = root.get("/admin");
    rename("mails_away", "mails");
    assert_eq!(page.status, 200);
    assert!(page.all("#tile-mails")[0].contains("unavailable right now"));
    assert!(page.has("#tile-stop.ok") && page.has("#tile-events.ok"));
    assert!(root.get("/admin").has("#tile-mails.ok"));
}

#[test]
fn r24_the_schedule_tells_of_every_job_and_runs_by_hand_what_bears_it() {
    let app = TestApp::start();
    let (mut root, mut buh) = door(&app);
    wait_until("every job had a turn", || turns(&app) == 10);
    let page = root.get("/admin/schedule");
    assert_eq!(page.all("#schedule tbody tr").len(), 10);
    let settle = &page.all("#schedule tbody tr")[3];
    for word in [
        "accounting.settle",
        "daily at 00:00 (Europe/Moscow)",
        "done",
    ] {
        assert!(settle.contains(word), "{word} is not in {settle}");
    }
    assert_eq!(page.all("#schedule form").len(), 8);
    assert_eq!(buh.get("/admin/schedule").status, 403);

    let job = "/admin/schedule/auth.clean_up/turns";
    let hold = |state: &str| {
        let held =
            format!("update platform.job_turns set state = '{state}' where job = 'auth.clean_up'");
        app.conn().batch_execute(&held).unwrap();
    };
    hold("running");
    assert_eq!(root.post(job, &[]).status, 409, "it runs already");
    hold("done");
    let answer = root.post(job, &[]);
    assert_eq!(
        (answer.status, answer.location.as_deref()),
        (303, Some("/admin/schedule"))
    );
    wait_until("it has ended", || turns(&app) == 10);
    let page = root.get("/admin/schedule");
    let row = page.all("#schedule tbody tr")[6].clone();
    assert!(row.contains("by hand: Root Popug"), "{row}");
    let audited = "platform.audit_log where action = 'operations.job_run' and detail->>'job' = 'auth.clean_up'";
    assert_eq!(count(&mut app.conn(), audited), 1);

    for (path, status) in [
        ("/admin/schedule/platform.archive/turns", 404),
        ("/admin/schedule/nothing/turns", 404),
    ] {
        assert_eq!(root.post(path, &[]).status, status, "{path}");
    }
    assert_eq!(buh.post(job, &[]).status, 403);
    assert_eq!(count(&mut app.conn(), audited), 1);
}

#[test]
fn r24_a_job_that_fails_is_told_of_and_a_turn_that_never_ended_too() {
    let app = TestApp::start();
    let (mut root, _) = door(&app);
    wait_until("every job had a turn", || turns(&app) == 10);
    app.conn()
        .batch_execute("alter table auth.login_challenges rename to challenges_away")
        .unwrap();
    root.post("/admin/schedule/auth.clean_up/turns", &[]);
    wait_until("it has failed", || turns(&app) == 9);
    wait_until("its end is written", || {
        let state = "select state as t from platform.job_turns where job = 'auth.clean_up'";
        text(&mut app.conn(), state) == "failed"
    });
    app.conn()
        .batch_execute("alter table auth.challenges_away rename to login_challenges")
        .unwrap();
    let page = root.get("/admin");
    assert!(page.has("#tile-jobs.bad a[href='/admin/schedule']"));
    assert!(page.all("#tile-jobs")[0].contains("auth.clean_up"));
    let row = root.get("/admin/schedule").all("#schedule tbody tr")[6].clone();
    assert!(
        row.contains("failed") && row.contains("login_challenges"),
        "{row}"
    );

    app.conn()
        .batch_execute(
            "update platform.job_turns set state = 'running', started_at = started_at - interval '11 minutes' where job = 'auth.clean_up'",
        )
        .unwrap();
    let row = root.get("/admin/schedule").all("#schedule tbody tr")[6].clone();
    assert!(row.contains("never ended"), "{row}");
    assert_eq!(
        root.post("/admin/schedule/auth.clean_up/turns", &[]).status,
        303
    );
    wait_until("it has ended", || turns(&app) == 10);
}

#[test]
fn r26_the_page_of_the_system_tells_all_settings_and_no_secret() {
    let app = TestApp::with(|settings| {
        settings
            .smtp("smtp://post:open-sesame@127.0.0.1:1")
            .set("ATES_FEED_READERS", 7)
    });
    let (mut root, mut buh) = door(&app);
    let page = root.get("/admin/system");
    assert_eq!(page.status, 200);
    assert!(!page.has(".missing"), "{:?}", page.all(".missing"));
    let text = page.text();
    assert!(!text.contains("open-sesame"));
    assert!(page.all("#version")[0].contains(env!("CARGO_PKG_VERSION")));
    assert_eq!(page.all("#followers"), ["0"]);
    let rows = page.all("#settings tbody tr");
    assert_eq!(rows.len(), ates::platform::config::KEYS.len());
    let readers = rows.iter().find(|row| row.contains("ATES_FEED_READERS"));
    assert!(readers.unwrap().contains('7') && readers.unwrap().contains("set"));
    let russian = root.clone().speaking("ru").get("/admin/system");
    let explained = russian.all("#settings tbody th small");
    assert!(
        explained
            .iter()
            .any(|text| text.starts_with("сколько читателей ленты"))
    );
    let sizes = page.all("#sizes tbody th");
    for schema in [
        "accounting",
        "auth",
        "tasks",
        "analytics",
        "bus",
        "platform",
    ] {
        assert!(sizes.iter().any(|known| known == schema), "{schema}");
    }
    assert_eq!(buh.get("/admin/system").status, 403);
}

#[test]
fn m36_a_mail_about_an_account_is_previewed_as_text_and_html_in_its_language_without_its_secret() {
    let app = TestApp::start();
    let (mut root, mut buh) = door(&app);
    app.conn()
        .batch_execute(
            "insert into auth.mails (id, message_id, kind, subject_id, recipient, recipient_name, language, next_attempt_at, created_at)
             select u.id, '<one@ates.example>', 'password_reset', u.id, u.email, 'Root', 'ru', now(), now() from auth.users u
             where u.username = 'root'",
        )
        .unwrap();
    let list = root.get("/admin/account-mails");
    let path = list.attribute("#account-mails tbody a", "href").unwrap();
    let page = root.get(&path);
    assert_eq!(page.status, 200);
    assert!(page.all("pre#text")[0].contains("••••"));
    assert_eq!(page.attribute("pre#text", "lang").as_deref(), Some("ru"));
    let frame = page.attribute("iframe.letter[sandbox]", "src").unwrap();
    let letter = root.get(&frame);
    assert_eq!(letter.attribute("html", "lang").as_deref(), Some("ru"));
    assert!(!letter.has("script"));
    assert_eq!([buh.get(&path).status, buh.get(&frame).status], [403, 403]);
}
