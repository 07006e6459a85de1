//! Every page, on a short and on a long past.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ates::platform::ids::UserId;
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::recorder::{asked, record};
use super::{history, tell_counts};
use crate::running::pace::{Paced, in_a_calm_round};
use crate::support::TestApp;
use crate::support::client::Browser;
use crate::support::database::text;

/// People with a past, on so many dates; a page of a list shows fewer of either.
const PEOPLE: usize = 60;
const SHORT: usize = 12;
const LONG: usize = 120;

/// Trips to the server for any page at most: who is asking, the page, and what a part of a page needs of its own.
const AT_MOST: usize = 40;

/// What goes through all there is, or through all of its months, at its reader's wish: a proof or a report, not a page of a list.
const READS_EVERYTHING: &[&str] = &["/admin/abuse", "/admin/checks", "/accounting/recount"];

/// A company with a past, and two who look at its pages.
struct World {
    app: TestApp,
    root: Browser,
    own: Browser,
    person: UserId,
}

impl World {
    fn of(dates: usize) -> Self {
        Self::with(PEOPLE, dates, 20 * PEOPLE)
    }

    fn with(people: usize, dates: usize, open: usize) -> Self {
        let app = TestApp::with(|settings| settings.workers(false));
        let root = app.register("root", &["administrator"]);
        history::write(&app, people, dates, open);
        let person = history::person(&app, 1);
        Self {
            root: app.log_in(&root),
            own: history::browser_of(&app, person),
            person,
            app,
        }
    }

    /// Every page, each with who looks at it.
    fn pages(&self) -> Vec<(bool, String)> {
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
        let mail = find("select id::text as t from accounting.mails order by created_at limit 1");
        let event = find(
            "select event_id::text as t from bus.events where event_type = 'task.completed' order by seq limit 1",
        );
        let filled = |path: &&str| {
            path.replace("{date}", &date)
                .replace("{task}", &task)
                .replace("{person}", &self.person.0.to_string())
                .replace("{mail}", &mail)
                .replace("{event}", &event)
        };
        let own = OWN.iter().map(|path| (true, filled(path)));
        own.chain(COMPANY.iter().map(|path| (false, filled(path))))
            .collect()
    }

    fn get(&mut self, own: bool, path: &str) {
        let browser = if own { &mut self.own } else { &mut self.root };
        let page = browser.get(path);
        assert_eq!(page.status, 200, "{path}: {}", page.text());
    }

    /// The trips to the server for each page, when it is asked for the second time.
    fn trips(&mut self) -> BTreeMap<String, Vec<String>> {
        let (database, mut counted) = (self.app.database_name(), BTreeMap::new());
        for (route, (own, path)) in OWN.iter().chain(COMPANY).zip(self.pages()) {
            self.get(own, &path);
            counted.insert(
                (*route).to_owned(),
                asked(&database, || self.get(own, &path)),
            );
        }
        counted
    }
}

const OWN: &[&str] = &[
    "/tasks",
    "/tasks?status=done",
    "/tasks/{task}",
    "/account",
    "/account?from={date}&to={date}",
    "/account/statements",
    "/account/statements/{date}",
    "/profile",
    "/profile/access",
];

const COMPANY: &[&str] = &[
    "/search?q=bird",
    "/tasks/all",
    "/tasks/all?status=done",
    "/tasks/all?status=open&sort=-reward",
    "/tasks/all?assignee={person}",
    "/tasks/all?q=bird",
    "/tasks/{task}",
    "/shuffles",
    "/account?user={person}",
    "/accounting",
    "/accounting?from={date}&to={date}",
    "/accounting/balances",
    "/accounting/balances?date={date}",
    "/accounting/days/{date}",
    "/accounting/days/{date}/statement",
    "/accounting/recount",
    "/accounting/payouts",
    "/accounting/payouts/{date}",
    "/accounting/corrections",
    "/admin/mails",
    "/admin/mails/{mail}",
    "/analytics",
    "/analytics?from={date}&to={date}",
    "/admin",
    "/admin/schedule",
    "/admin/system",
    "/admin/modules",
    "/admin/dead-letters",
    "/admin/runs",
    "/admin/events",
    "/admin/events?type=task.completed",
    "/admin/events/{event}",
    "/admin/audit",
    "/admin/abuse",
    "/admin/roles",
    "/admin/users",
    "/admin/users/{person}",
    "/admin/account-mails",
];

#[test]
fn every_page_asks_as_much_of_a_long_past_as_of_a_short_one() {
    record();
    let (short, long) = (World::of(SHORT).trips(), World::of(LONG).trips());
    let mut wrong = Vec::new();
    for (page, trips) in &long {
        // One more says how long a list is that does not fit on a page.
        let before = short[page].len();
        if trips.len() > before + 1 || trips.len() > AT_MOST {
            wrong.push(format!(
                "{page}: {before}, then {}\n  {}",
                trips.len(),
                trips.join("\n  ")
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
    in_a_calm_round("pages", || {
        let took = pages.iter().map(|(own, path)| {
            let asked = Instant::now();
            world.get(*own, path);
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
    for (own, path) in world.pages() {
        if READS_EVERYTHING.contains(&path.as_str()) {
            continue;
        }
        world.get(own, &path);
        let after = read_through(&world.app);
        for (table, scans) in &after {
            if before.get(table) != Some(scans) {
                wrong.push(format!("{path} reads all of {table}"));
            }
        }
        before = after;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
