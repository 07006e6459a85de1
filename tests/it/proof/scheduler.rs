//! P10: each business date has one settlement and at most one payout for each account, in the order of the dates, whoever settles
//! it, however often, whatever the clocks do, in zones whose days have 23, 24 and 25 hours or no midnight.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use ates::accounting;
use ates::bus::{self, Subscriber};
use ates::events::{self, AccountCreated, AccountRecord, TaskCompleted, TaskCreated};
use ates::platform::clock::{Clock, next_day};
use ates::platform::config::Config;
use ates::platform::db::{Db, Lane, Origin, Tx};
use ates::platform::error::AppResult;
use ates::platform::ids::UserId;
use ates::platform::workers::Progress;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Date, Text, Uuid as SqlUuid};
use diesel::{PgConnection, QueryableByName, RunQueryDsl, sql_query};
use proptest::collection::vec;
use proptest::prelude::*;
use uuid::Uuid;

use super::history::check;
use crate::support::database::TestDatabase;

/// Zones, each with a morning on which something is about to happen to its clocks.
const ZONES: [(&str, &str); 8] = [
    ("Europe/Moscow", "2026-05-30T08:00:00Z"),
    ("UTC", "2026-12-30T08:00:00Z"),
    ("Europe/Berlin", "2026-10-24T08:00:00Z"),
    ("Europe/Berlin", "2027-03-27T08:00:00Z"),
    ("America/New_York", "2026-10-31T12:00:00Z"),
    ("Africa/Cairo", "2026-04-23T08:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T00:00:00Z"),
    ("Pacific/Apia", "2026-09-26T00:00:00Z"),
];

#[derive(Clone, Debug)]
enum Op {
    /// Somebody does a task; more people than one, so that some are paid and some are not.
    Work(u8),
    /// The clock of one instance moves, mostly on; in minutes.
    Clock(usize, i64),
    /// One instance looks for what is due.
    Settle(usize),
    /// Both do at once.
    Race,
    /// An instance begins anew.
    Restart(usize),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (0..3_u8).prop_map(Op::Work),
        4 => (0..2_usize, prop_oneof![4 => 1..1_800_i64, 1 => -180..0_i64, 1 => 4_000..7_000_i64])
            .prop_map(|(who, minutes)| Op::Clock(who, minutes)),
        3 => (0..2_usize).prop_map(Op::Settle),
        1 => Just(Op::Race),
        1 => (0..2_usize).prop_map(Op::Restart),
    ]
}

struct House {
    database: TestDatabase,
    conn: RefCell<PgConnection>,
    instances: RefCell<[Instance; 2]>,
}

/// One instance: its own pools, and a clock that need not agree with the other's.
struct Instance {
    db: Db,
    clock: Clock,
}

#[test]
fn p10_each_date_is_settled_once_and_in_order_whatever_the_clocks_do() {
    let database = TestDatabase::create();
    let mut conn = database.connect();
    for table in ["transfers", "journal"] {
        conn.batch_execute(&format!(
            "select platform.make_months('{table}', '2026-03-01', '2027-06-01')"
        ))
        .unwrap();
    }
    let now = Utc::now();
    let house = House {
        conn: RefCell::new(conn),
        instances: RefCell::new([0, 1].map(|_| Instance::open(database.url(), now))),
        database,
    };
    let cases = (0..ZONES.len(), vec(op(), 1..12));
    check(&cases, |(zone, ops)| house.play(ZONES[zone], &ops));
}

impl House {
    fn play(&self, (zone, morning): (&str, &str), ops: &[Op]) -> Result<(), String> {
        self.clean();
        let morning: DateTime<Utc> = morning.parse().unwrap();
        let config = config(self.database.url(), zone);
        let mut instances = self.instances.borrow_mut();
        for instance in instances.iter() {
            instance.clock.set(morning);
        }
        let ledger = ledger(&config);
        bus::register(&instances[0].db, std::slice::from_ref(&ledger)).unwrap();
        accounting::open_first_day(&instances[0].db, &config).unwrap();
        publish(&instances[0].db, hire);
        for (step, op) in ops.iter().enumerate() {
            match op {
                Op::Work(who) => {
                    publish(&instances[0].db, |tx| work(tx, *who));
                    drain(&instances[0].db, ledger.as_ref())?;
                }
                Op::Clock(who, minutes) => {
                    instances[*who].clock.advance(Duration::minutes(*minutes))
                }
                Op::Settle(who) => instances[*who].settle(&config)?,
                Op::Race => race(&instances, &config)?,
                Op::Restart(who) => {
                    let now = instances[*who].clock.now();
                    instances[*who] = Instance::open(self.database.url(), now);
                    accounting::open_first_day(&instances[*who].db, &config).unwrap();
                }
            }
            self.judge()
                .map_err(|broken| format!("after step {step}, {op:?}: {broken}"))?;
        }
        let latest = instances
            .iter()
            .map(|instance| instance.clock.now())
            .max()
            .unwrap();
        let end = latest + Duration::days(2);
        instances
            .iter()
            .for_each(|instance| instance.clock.set(end));
        drain(&instances[0].db, ledger.as_ref())?;
        race(&instances, &config)?;
        let open = self
            .judge()
            .map_err(|broken| format!("at the end: {broken}"))?;
        let due = config
            .zone
            .instant_of(next_day(open), config.payout_at)
            .max(config.zone.end_of(open));
        if end >= due {
            return Err(format!(
                "P10: {open} is due since {due} and is not settled at {end}"
            ));
        }
        Ok(())
    }

    fn clean(&self) {
        let books = [
            "bus.events",
            "bus.parked_items",
            "bus.pauses",
            "bus.attempts",
            "bus.subscribers",
            "accounting.mails",
            "accounting.payouts",
            "accounting.statements",
            "accounting.day_seals",
            "accounting.held_accounts",
            "accounting.transfers",
            "accounting.business_days",
            "accounting.task_prices",
            "accounting.tasks",
            "accounting.balances",
            "accounting.employees",
            "platform.job_runs",
            "platform.audit_log",
        ];
        let deletes: String = books.map(|book| format!("delete from {book};")).concat();
        self.conn
            .borrow_mut()
            .batch_execute(&format!(
                "set session_replication_role = replica; {deletes}
                 delete from accounting.accounts where kind = 'employee'; set session_replication_role = origin"
            ))
            .unwrap();
    }

    /// Holds the books against a ledger of a few lines; gives the date that is open.
    fn judge(&self) -> Result<NaiveDate, String> {
        #[derive(QueryableByName)]
        struct Day {
            #[diesel(sql_type = Date)]
            date: NaiveDate,
            #[diesel(sql_type = Text)]
            state: String,
            #[diesel(sql_type = BigInt)]
            told: i64,
        }
        #[derive(QueryableByName)]
        struct Booked {
            #[diesel(sql_type = SqlUuid)]
            account: Uuid,
            #[diesel(sql_type = Date)]
            date: NaiveDate,
            #[diesel(sql_type = BigInt)]
            moved: i64,
            #[diesel(sql_type = BigInt)]
            paid: i64,
            #[diesel(sql_type = BigInt)]
            payouts: i64,
        }
        let mut conn = self.conn.borrow_mut();
        let days: Vec<Day> = sql_query(
            "select d.business_date as date, d.state, count(e.seq) as told
             from accounting.business_days d left join bus.events e on e.event_type = 'business_day.closed'
               and e.payload ->> 'business_date' = d.business_date::text
             group by d.business_date, d.state order by d.business_date",
        )
        .load(&mut *conn)
        .unwrap();
        let booked: Vec<Booked> = sql_query(
            "select account_id as account, business_date as date,
               coalesce(sum(amount_minor) filter (where kind <> 'payout'), 0)::bigint as moved,
               coalesce(-sum(amount_minor) filter (where kind = 'payout'), 0)::bigint as paid,
               count(*) filter (where kind = 'payout') as payouts
             from accounting.transfers group by 1, 2 order by 2, 1",
        )
        .load(&mut *conn)
        .unwrap();
        let order: Vec<Day> = sql_query(
            "select (payload ->> 'business_date')::date as date, 'closed' as state, seq as told
             from bus.events where event_type = 'business_day.closed' order by seq",
        )
        .load(&mut *conn)
        .unwrap();
        if order
            .windows(2)
            .any(|pair| pair[1].date != next_day(pair[0].date))
        {
            return Err("P10: dates were not settled in their order".to_owned());
        }
        let (open, closed) = days.split_last().ok_or("no date at all")?;
        if open.state != "open"
            || closed
                .iter()
                .any(|day| day.state != "closed" || day.told != 1)
        {
            return Err(
                "P10: one open date behind closed ones, each told of once, was expected".to_owned(),
            );
        }
        let mut balances: BTreeMap<Uuid, i64> = BTreeMap::new();
        let people: BTreeSet<Uuid> = booked.iter().map(|row| row.account).collect();
        for day in closed {
            for person in &people {
                let row = booked
                    .iter()
                    .find(|row| row.account == *person && row.date == day.date);
                let balance = balances.entry(*person).or_insert(0);
                let (moved, paid, payouts) =
                    row.map_or((0, 0, 0), |row| (row.moved, row.paid, row.payouts));
                if row.is_some() || *balance > 0 {
                    let before = *balance + moved;
                    if paid != before.max(0) || payouts > 1 {
                        return Err(format!(
                            "P10: {person} had {before} at the end of {} and was paid {paid} in {payouts}",
                            day.date
                        ));
                    }
                    *balance = before - paid;
                }
            }
        }
        if let Some(row) = booked
            .iter()
            .find(|row| row.date >= open.date && row.payouts > 0)
        {
            return Err(format!(
                "P10: {} was paid for the open {}",
                row.account, row.date
            ));
        }
        Ok(open.date)
    }
}

fn config(url: &str, zone: &str) -> Config {
    let values = [
        ("DATABASE_URL", url),
        ("ATES_TIMEZONE", zone),
        ("ATES_WORKER_POOL", "4"),
        ("ATES_WEB_POOL", "1"),
        ("ATES_READ_POOL", "1"),
    ];
    Config::from_values(values.map(|(name, value)| (name.to_owned(), value.to_owned()))).unwrap()
}

impl Instance {
    fn open(url: &str, now: DateTime<Utc>) -> Self {
        let clock = Clock::fixed(now);
        Self {
            db: Db::new(&config(url, "UTC"), url, clock.clone()),
            clock,
        }
    }

    fn settle(&self, config: &Config) -> Result<(), String> {
        accounting::settle_due(&self.db, config)
            .map(drop)
            .map_err(|error| format!("a settlement failed: {error}"))
    }
}

fn race(instances: &[Instance; 2], config: &Config) -> Result<(), String> {
    std::thread::scope(|scope| {
        let threads = instances
            .each_ref()
            .map(|instance| scope.spawn(move || instance.settle(config)));
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap())
    })
}

fn ledger(config: &Config) -> Box<dyn Subscriber> {
    accounting::subscribers(config).remove(0)
}

fn drain(db: &Db, ledger: &dyn Subscriber) -> Result<(), String> {
    while bus::step(db, ledger).map_err(|error| error.to_string())? == Progress::More {}
    Ok(())
}

fn publish(db: &Db, work: impl FnOnce(&mut Tx<'_>) -> AppResult<()>) {
    db.transaction_blocking(Lane::Worker, bus::ROLE, Origin::system(), work)
        .unwrap();
}

fn person(who: u8) -> Uuid {
    Uuid::from_u128(u128::from(who) + 1)
}

fn hire(tx: &mut Tx<'_>) -> AppResult<()> {
    for who in 0..3 {
        let record = AccountRecord {
            username: format!("popug{who}"),
            email: format!("popug{who}@uberpopug.example"),
            name: "Popug".to_owned(),
            surname: "Popug".to_owned(),
            language: None,
            roles: vec!["developer".to_owned()],
            version: 1,
        };
        events::publish(tx, person(who), &AccountCreated(record))?;
    }
    Ok(())
}

/// Somebody gets a task; all but the last person also do it, so that there are debts as well.
fn work(tx: &mut Tx<'_>, who: u8) -> AppResult<()> {
    let task: Uuid = tx.new_id();
    let assignee = UserId(person(who));
    let created = TaskCreated {
        title: "A task".to_owned(),
        jira_id: None,
        assignee,
        assignment: tx.new_id(),
        created_by: assignee,
    };
    events::publish(tx, task, &created)?;
    if who < 2 {
        events::publish(tx, task, &TaskCompleted { assignee })?;
    }
    Ok(())
}
