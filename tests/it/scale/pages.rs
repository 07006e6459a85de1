//! Every page, on a short and on a long past.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use ates::platform::ids::UserId;
use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use serde_json::json;
use uuid::Uuid;

use super::recorder::{asked, record};
use super::{history, tell_counts};
use crate::routes::table::ROUTES;
use crate::running::pace::{Paced, in_time};
use crate::support::client::{Api, Browser};
use crate::support::database::{number, text};
use crate::support::{TestApp, wait_until};

/// People with a past, on so many dates; a page of a list shows fewer of either.
const PEOPLE: usize = 60;
const SHORT: usize = 12;
const LONG: usize = 120;

/// What goes through all there is, or through all of its months, at its reader's wish: a proof or a report, not a page of a list.
const READS_EVERYTHING: &[&str] = &["/admin/abuse", "/accounting/recount"];

/// Who looks: somebody with a past, the administrator, or a program with the administrator's token.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Who {
    Own,
    Root,
    Program,
}

/// A company with a past, and two who look at its pages.
struct World {
    app: TestApp,
    root: Browser,
    own: Browser,
    program: Api,
    person: UserId,
}

impl World {
    fn of(dates: usize) -> Self {
        Self::with(PEOPLE, dates, 20 * PEOPLE)
    }

    fn with(people: usize, dates: usize, open: usize) -> Self {
        let app = TestApp::with(|settings| settings.workers(false));
        let root = app.register("root", &["administrator"]);
        let program = app.api(&root);
        assert_eq!(program.post("/api/v1/tasks/reassign", &json!({})).0, 202);
        app.settle_idle();
        history::write(&app, people, dates, open);
        let person = history::person(&app, 1);
        Self {
            root: app.log_in(&root),
            own: history::browser_of(&app, person),
            program,
            person,
            app,
        }
    }

    /// Every page, each with who looks at it.
    fn pages(&self) -> Vec<(Who, String)> {
        let mut conn = self.app.conn();
        let date = text(
            &mut conn,
            "select business_date::text as t from accounting.business_days where state = 'closed' order by 1 offset 3 limit 1",
        );
        let find = |what: &str| text(&mut self.app.conn(), what);
        let task = find(&format!(
            "select id::text as t from tasks.tasks where assignee_id = '{}' order by number limit 1",
            self.person.0
        ));
        let open =
            find("select id::text as t from tasks.tasks where status = 'open' order by id limit 1");
        let shuffle = find("select id::text as t from tasks.shuffles order by number limit 1");
        let mail = find("select id::text as t from accounting.mails order by created_at limit 1");
        let transfer = find(&format!(
            "select id::text as t from accounting.transfers where business_date = '{date}' and kind = 'completion_reward' limit 1"
        ));
        let event = find(
            "select event_id::text as t from bus.events where event_type = 'task.completed' order by seq limit 1",
        );
        let filled = |path: &str| {
            path.replace("{date}", &date)
                .replace("{task}", &task)
                .replace("{open}", &open)
                .replace("{shuffle}", &shuffle)
                .replace("{module}", "analytics.projection")
                .replace("{person}", &self.person.0.to_string())
                .replace("{mail}", &mail)
                .replace("{event}", &event)
                .replace("{transfer}", &transfer)
        };
        PAGES
            .iter()
            .map(|(who, path, _)| (*who, filled(path)))
            .collect()
    }

    fn get(&mut self, who: Who, path: &str) {
        let browser = match who {
            Who::Own => &mut self.own,
            Who::Root => &mut self.root,
            Who::Program => {
                let (status, answer) = self.program.get(path);
                assert_eq!(status, 200, "{path}: {answer}");
                return;
            }
        };
        let page = browser.get(path);
        assert_eq!(page.status, 200, "{path}: {}", page.text());
    }

    /// The trips to the server for each page, when it is asked for the second time.
    fn trips(&mut self) -> Vec<Vec<String>> {
        let database = self.app.database_name();
        let pages = self.pages();
        let count = |(who, path): &(Who, String)| {
            self.get(*who, path);
            asked(&database, || self.get(*who, path))
        };
        pages.iter().map(count).collect()
    }
}

use Who::{Own, Program, Root};

/// Every page and every list of the API, with its trips to the server: who is asking, the page, and what a part of a page needs of its
/// own. Who finds a way to do with fewer lowers the figure; one more is a decision.
const PAGES: &[(Who, &str, usize)] = &[
    (Own, "/tasks", 9),
    (Own, "/tasks?status=done", 10),
    (Own, "/tasks/{task}", 11),
    (Own, "/account", 14),
    (Own, "/account?from={date}&to={date}", 16),
    (Own, "/account/statements", 8),
    (Own, "/account/statements/{date}", 10),
    (Own, "/account/statement?from={date}&to={date}", 8),
    (Own, "/account/bank-account", 6),
    (Own, "/profile", 6),
    (Own, "/profile/access", 7),
    (Own, "/profile/credentials", 10),
    (Own, "/profile/feeds", 6),
    (Root, "/search?q=bird", 11),
    (Root, "/tasks/all", 10),
    (Root, "/tasks/all?status=done", 10),
    (Root, "/tasks/all?status=open&sort=-reward", 10),
    (Root, "/tasks/all?assignee={person}", 10),
    (Root, "/tasks/all?q=bird", 10),
    (Root, "/tasks/{task}", 11),
    (Root, "/shuffles", 7),
    (Root, "/account?user={person}", 13),
    (Root, "/accounting", 13),
    (Root, "/accounting?from={date}&to={date}", 13),
    (Root, "/accounting/balances", 8),
    (Root, "/accounting/balances?date={date}", 8),
    (Root, "/accounting/days/{date}", 9),
    (Root, "/accounting/days/{date}/statement", 7),
    (Root, "/accounting/recount", 8),
    (Root, "/accounting/recount?from={date}&to={date}", 8),
    (Root, "/accounting/payouts", 8),
    (Root, "/accounting/payouts/{date}", 12),
    (Root, "/accounting/corrections", 7),
    (Root, "/admin/mails", 10),
    (Root, "/admin/mails/{mail}", 7),
    (Root, "/analytics", 23),
    (Root, "/analytics?from={date}&to={date}", 23),
    (Root, "/admin", 25),
    (Root, "/admin/schedule", 6),
    (Root, "/admin/system", 15),
    (Root, "/admin/modules", 8),
    (Root, "/admin/dead-letters", 13),
    (Root, "/admin/runs", 7),
    (Root, "/admin/events", 7),
    (Root, "/admin/events?type=task.completed", 7),
    (Root, "/admin/events/{event}", 15),
    (Root, "/admin/audit", 6),
    (Root, "/admin/abuse", 13),
    (Root, "/admin/abuse?from={date}&to={date}", 13),
    (Root, "/admin/roles", 6),
    (Root, "/admin/users", 7),
    (Root, "/admin/users/{person}", 9),
    (Root, "/admin/account-mails", 7),
    (Root, "/search/palette?q=bird", 11),
    (Root, "/tasks/new", 3),
    (Root, "/tasks/{open}/edit", 7),
    (Root, "/shuffles/new", 8),
    (Root, "/shuffles/{shuffle}", 7),
    (Root, "/shuffles/{shuffle}/progress", 9),
    (Root, "/accounting/corrections/new", 3),
    (Root, "/accounting/corrections/new?transfer={transfer}", 8),
    (Root, "/admin/modules/{module}", 8),
    (Root, "/admin/emergency-stop", 7),
    (Root, "/admin/checks", 6),
    (Root, "/admin/scenarios", 8),
    (Root, "/admin/users/new", 3),
    (Root, "/help", 3),
    (Program, "/api/v1/me", 6),
    (Program, "/api/v1/tasks/mine", 6),
    (Program, "/api/v1/tasks", 7),
    (Program, "/api/v1/tasks/{task}", 7),
    (Program, "/api/v1/tasks/{task}/journal", 9),
    (Program, "/api/v1/tasks/reassign/{shuffle}", 6),
    (Program, "/api/v1/accounting/balance", 6),
    (Program, "/api/v1/accounting/transfers", 6),
    (Program, "/api/v1/accounting/company/transfers", 6),
    (Program, "/api/v1/accounting/company/earnings", 6),
    (Program, "/api/v1/accounting/payouts", 6),
    (Program, "/api/v1/accounting/payouts/{date}", 7),
    (Program, "/api/v1/analytics/today-income", 6),
    (Program, "/api/v1/analytics/negative-balances", 7),
    (Program, "/api/v1/analytics/most-expensive-task", 7),
    (Program, "/api/v1/ops/consumers", 8),
    (Program, "/api/v1/ops/dead-letters", 13),
    (Program, "/api/v1/events", 8),
    (Program, "/api/v1/users", 6),
    (Program, "/api/v1/users/{person}", 6),
];

/// What is not among them: no list of the past is behind it. What ends with a stroke stands for all below it.
const WITHOUT_A_PAST: &[(&str, &str)] = &[
    ("/health/", "asks whether the server is there"),
    ("/.well-known/", "keys and addresses"),
    ("/static/", "a file of the program"),
    ("/avatars/", "a picture of one person"),
    ("/docs/api", "a file of the program"),
    ("/docs/api/", "a file of the program"),
    ("/api/v1/openapi.json", "a file of the program"),
    ("/help/shortcuts", "text"),
    ("/about/accessibility", "text"),
    ("/login", "before anybody is known"),
    ("/login/", "before anybody is known"),
    ("/password/", "before anybody is known"),
    ("/register", "before anybody is known"),
    ("/register/", "before anybody is known"),
    ("/setup", "before anybody is known"),
    ("/feeds/", "the newest entries of one person"),
    ("/admin/dead-letters/choice", "what was ticked"),
    ("/admin/dead-letters/{}/{}", "one row by its key"),
    ("/accounting/corrections/{}", "one row by its key"),
    ("/accounting/corrections/missing", "one task by its key"),
    ("/admin/mails/{}/preview", "one row by its key"),
    ("/admin/account-mails/{}", "one row by its key"),
    ("/admin/account-mails/{}/preview", "one row by its key"),
];

/// Files hold all that a page filters, so they grow with it.
const FILES: &[&str] = &[".csv", ".xlsx", ".xml", ".journal", ".beancount", ".svg"];

/// A path with what stands in braces made alike, without its query.
fn pattern(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let parts = path
        .split('/')
        .map(|part| if part.contains('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn every_route_that_shows_something_is_among_the_pages() {
    let looked: BTreeSet<String> = PAGES.iter().map(|(_, path, _)| pattern(path)).collect();
    let missing: Vec<&str> = ROUTES
        .iter()
        .filter(|route| route.method == "GET" && route.path != "/")
        .map(|route| route.path)
        .filter(|path| !looked.contains(&pattern(path)))
        .filter(|path| !FILES.iter().any(|end| path.ends_with(end)))
        .filter(|path| {
            let path = pattern(path);
            !WITHOUT_A_PAST.iter().any(|(known, _)| {
                path == *known || (known.ends_with('/') && path.starts_with(known))
            })
        })
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

/// The measurement at fifty million transfers looks at the same pages.
#[test]
fn every_page_is_measured_on_a_long_past_too() {
    const MEASURED: &str = include_str!("../../../benches/rows_pages.py");
    let missing: Vec<&str> = PAGES
        .iter()
        .filter(|(who, _, _)| *who != Program)
        .filter_map(|(_, path, _)| path.split('?').next())
        .filter(|path| {
            !MEASURED.contains(&format!("\"{path}\"")) && !MEASURED.contains(&format!("\"{path}?"))
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_page_asks_as_much_of_a_long_past_as_of_a_short_one() {
    record();
    let (short, long) = (World::of(SHORT).trips(), World::of(LONG).trips());
    let mut wrong = Vec::new();
    for (((who, page, kept), before), after) in PAGES.iter().zip(&short).zip(&long) {
        // One more says how long a list is that does not fit on a page.
        if after.len() > before.len() + 1 || before.len().max(after.len()) != *kept {
            wrong.push(format!(
                "({who:?}, \"{page}\", {}), it was {kept}; {} of a short past\n  {}",
                after.len(),
                before.len(),
                after.join("\n  ")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// R01 and R04; the others of their acts are paced in `running::load`.
#[test]
fn r01_r04_four_of_five_pages_of_a_company_of_five_thousand_come_within_a_second() {
    let mut world = World::with(5_000, 5, 10_000);
    let pages = world.pages();
    in_time("pages", || {
        let took = pages.iter().map(|(who, path)| {
            let asked = Instant::now();
            world.get(*who, path);
            asked.elapsed()
        });
        let paced = Paced::of(took.collect());
        println!("80 % of {} pages in {:?}", pages.len(), paced.share(0.8));
        paced.keeps(&[(0.8, Duration::from_secs(1))])
    });
}

#[derive(QueryableByName)]
struct Scans {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    scans: i64,
}

/// How often each filled part of a partitioned table was read from one end to the other.
fn read_through(app: &TestApp) -> BTreeMap<String, i64> {
    tell_counts(app);
    let mut conn = app.conn();
    let rows: Vec<Scans> = sql_query(
        "select s.relname::text as name, s.seq_scan as scans from pg_stat_user_tables s join pg_class c on c.oid = s.relid
         where s.relname ~ '^(transfers|journal|events)_[0-9]' and c.reltuples > 500",
    )
    .load(&mut conn)
    .unwrap();
    rows.into_iter().map(|row| (row.name, row.scans)).collect()
}

#[test]
fn no_page_reads_a_partitioned_table_from_one_end_to_the_other() {
    let mut world = World::of(LONG);
    let mut before = read_through(&world.app);
    assert!(before.len() > 8, "{before:?}");
    let mut wrong = Vec::new();
    for (who, path) in world.pages() {
        if READS_EVERYTHING.contains(&path.as_str()) {
            continue;
        }
        world.get(who, &path);
        // A report of one date may read the month of that date, and nothing of what came since.
        let month = path
            .strip_prefix("/admin/abuse?from=")
            .map(|date| date[..7].replace('-', "_"));
        let is_its_own = |table: &str| month.as_ref().is_some_and(|month| table.ends_with(month));
        let after = read_through(&world.app);
        for (table, scans) in &after {
            if before.get(table) != Some(scans) && !is_its_own(table) {
                wrong.push(format!("{path} reads all of {table}"));
            }
        }
        before = after;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A mistyped id tells no date: each date is probed by the key, and no index is read from one end to the other.
#[test]
fn a_transfer_that_there_is_not_is_looked_for_date_by_date() {
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
        plan: String,
    }
    record();
    let mut world = World::of(SHORT);
    let unknown = Uuid::nil();
    let database = world.app.database_name();
    let seen = asked(&database, || {
        let form = format!("/accounting/corrections/new?transfer={unknown}");
        assert_eq!(world.root.get(&form).status, 404);
    });
    let last = seen
        .iter()
        .rfind(|words| words.contains("from accounting.all_transfers"))
        .unwrap();
    let sql = last.split(" -- binds: ").next().unwrap();
    let mut conn = world.app.conn();
    conn.batch_execute(&format!(
        "set enable_seqscan = off; prepare wanted (uuid) as {sql}"
    ))
    .unwrap();
    let plan: Vec<Line> = sql_query(format!("explain execute wanted ('{unknown}')"))
        .load(&mut conn)
        .unwrap();
    let conditions = || plan.iter().filter(|line| line.plan.contains("Index Cond"));
    assert!(conditions().count() > 12, "a probe of each month");
    for line in conditions() {
        assert!(line.plan.contains("business_date"), "{}", line.plan);
    }
}

/// How many rows and entries of indexes were read so far, of all tables.
fn rows_read(app: &TestApp) -> i64 {
    tell_counts(app);
    number(
        &mut app.conn(),
        "select (select sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) from pg_stat_user_tables)::bigint
           + (select sum(idx_tup_read) from pg_stat_user_indexes)::bigint as n",
    )
}

/// What reads a row or an entry of an index for each date: lists are counted, no further than lists are, the totals of the closed dates are
/// added up since the start, and the presses of a date are looked for among all, which are few.
const A_ROW_FOR_EACH_DATE: &[(&str, i64)] = &[
    ("/tasks?status=done", 1),
    ("/tasks/all?assignee={person}", 1),
    ("/shuffles", 1),
    ("/accounting/corrections", 2),
    ("/admin/account-mails", 2),
    ("/admin/abuse?from={date}&to={date}", 2),
    ("/admin/abuse?from={newest}&to={newest}", 2),
    ("/account/statements", 1),
    ("/accounting/payouts", 1),
    ("/accounting", 2),
    ("/accounting?from={date}&to={date}", 2),
    ("/accounting?from={newest}&to={newest}", 2),
    ("/accounting/balances", 2),
    ("/accounting/balances?date={newest}", 2),
    ("/accounting/days/{newest}/statement", 2),
];

/// Three times the past, of which the shorter fills every list: what a page reads is what it shows. Pages of a date are asked for the
/// newest one that is closed, too.
#[test]
fn no_page_reads_more_rows_of_a_long_past_than_of_a_short_one() {
    const SLACK: i64 = 20;
    let (short, long) = (60, 180);
    let read = |dates: usize| -> Vec<(String, i64)> {
        let mut world = World::of(dates);
        know_all_visible(&world.app);
        let newest = text(
            &mut world.app.conn(),
            "select max(business_date)::text as t from accounting.business_days where state = 'closed'",
        );
        let pages: Vec<(Who, String, String)> = PAGES
            .iter()
            .zip(world.pages())
            .flat_map(|((_, page, _), (who, path))| {
                let late = page.contains("{date}").then(|| {
                    let name = page.replace("{date}", "{newest}");
                    let path = path.replace(&path[path.find("20").unwrap()..][..10], &newest);
                    (who, name, path)
                });
                [(who, (*page).to_owned(), path)].into_iter().chain(late)
            })
            .collect();
        let mut before = rows_read(&world.app);
        let count = |(who, name, path): (Who, String, String)| {
            world.get(who, &path);
            let after = rows_read(&world.app);
            (name, after - std::mem::replace(&mut before, after))
        };
        pages.into_iter().map(count).collect()
    };
    let mut wrong = Vec::new();
    for ((page, before), (_, after)) in read(short).into_iter().zip(read(long)) {
        let times = A_ROW_FOR_EACH_DATE
            .iter()
            .find(|(name, _)| *name == page)
            .map_or(0, |(_, times)| *times);
        let at_most = before + times * (long - short) as i64 + SLACK;
        if !READS_EVERYTHING.contains(&page.as_str()) && (after > at_most || before == 0) {
            wrong.push(format!(
                "{page} reads {after} rows, {before} of a short past"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// How many rows of the tasks themselves were read so far.
fn tasks_read(app: &TestApp) -> i64 {
    tell_counts(app);
    number(
        &mut app.conn(),
        "select (seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint as n from pg_stat_user_tables
         where schemaname = 'tasks' and relname = 'tasks'",
    )
}

/// Vacuums until no row that a list is counted by has to be looked at to know that it counts: whoever had a transaction open when the past
/// was written may have prevented that.
fn know_all_visible(app: &TestApp) {
    let mut conn = app.conn();
    wait_until("all rows are known to be visible", || {
        conn.batch_execute("vacuum analyze").unwrap();
        let unknown = "select sum(relpages - relallvisible)::bigint as n from pg_class
           where oid = any('{tasks.tasks, tasks.shuffles, accounting.statements, accounting.payouts, accounting.mails,
             accounting.corrections, auth.mails}'::regclass[])";
        number(&mut conn, unknown) == 0
    });
}

/// Somebody with twenty open tasks who has done one on each date: neither what is open nor the latest of what is done costs more with
/// every date.
#[test]
fn one_s_tasks_cost_what_they_show_however_many_are_done() {
    // What is open and what was done lately; a list of fifty and one more that tells of the next.
    for (page, at_most) in [("/tasks", 30), ("/tasks?status=done", 80)] {
        let mut world = World::of(LONG);
        know_all_visible(&world.app);
        let before = tasks_read(&world.app);
        world.get(Own, page);
        let rows = tasks_read(&world.app) - before;
        assert!((1..=at_most).contains(&rows), "{page} reads {rows} tasks");
    }
}
