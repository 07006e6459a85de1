//! M44: random operations through the product's own use cases, sets at a time, exact to the cent against a model in memory.
//!
//! An operation is whatever moves an account once: an assignment that is charged, a completion that is rewarded, a payout. Tasks come
//! in through the import, are drawn again by presses of the shuffle, and completed by whoever has them, many in one unit of work;
//! each date is closed by the nightly run. The model keeps of each task who has it and what it costs, of each person a balance; who
//! was drawn and at which price it takes from the journal and the price list, what follows from it computes itself.
//!
//! A few thousand operations in `./check`, a million in its long form; `ATES_TEST_OPERATIONS` says another number.

use std::collections::BTreeMap;
use std::time::Instant;

use ates::accounting;
use ates::auth::{self, Actor};
use ates::platform::db::{DbRole, Lane, Origin, Tx};
use ates::platform::error::AppResult;
use ates::platform::ids::{TaskId, UserId};
use ates::platform::workers::Progress;
use ates::tasks::{self, TaskRow};
use chrono::Duration;
use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use diesel::{PgConnection, QueryableByName, RunQueryDsl, sql_query};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use uuid::Uuid;

use crate::support::database::number;
use crate::support::{Person, TestApp, monday};

/// Completions in one unit of work.
const AT_ONCE: usize = 200;

struct Task {
    holder: Uuid,
    fee: i64,
    reward: i64,
}

struct Company {
    app: TestApp,
    conn: PgConnection,
    rng: StdRng,
    people: Vec<Person>,
    manager: Actor,
    open: BTreeMap<Uuid, Task>,
    balances: BTreeMap<Uuid, i64>,
    /// The journal up to here is in the model.
    read_until: i64,
    operations: u64,
    paid: i64,
}

#[derive(QueryableByName)]
struct Charged {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = SqlUuid)]
    task: Uuid,
    #[diesel(sql_type = SqlUuid)]
    holder: Uuid,
    #[diesel(sql_type = BigInt)]
    fee: i64,
    #[diesel(sql_type = BigInt)]
    reward: i64,
}

#[derive(QueryableByName)]
struct Balance {
    #[diesel(sql_type = SqlUuid)]
    account: Uuid,
    #[diesel(sql_type = BigInt)]
    amount: i64,
}

fn wanted() -> u64 {
    let given = std::env::var("ATES_TEST_OPERATIONS").ok();
    let usual = if std::env::var_os("ATES_TEST_LONG").is_some() {
        1_000_000
    } else {
        6_000
    };
    given.and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[test]
fn m44_random_operations_keep_every_invariant_and_sum_exactly() {
    let (seed, wanted, begun) = (crate::proof::seed(), wanted(), Instant::now());
    let mut company = Company::found(seed, wanted);
    let mut days = 0;
    while company.operations < wanted {
        company.live_a_day(wanted);
        days += 1;
    }
    company.check();
    company.app.assert_verified();
    println!(
        "{} operations on {days} days among {} people, {} cents paid, in {:?}, seed {seed}",
        company.operations,
        company.people.len(),
        company.paid,
        begun.elapsed()
    );
}

impl Company {
    fn found(seed: u64, wanted: u64) -> Self {
        let app = TestApp::with(|settings| settings.workers(false));
        let names: Vec<String> = (0..(wanted / 300).clamp(8, 1_000))
            .map(|n| format!("popug{n}"))
            .collect();
        let mut roster: Vec<(&str, &[&str])> = names
            .iter()
            .map(|name| (name.as_str(), &["developer"][..]))
            .collect();
        roster.push(("mgr", &["manager"]));
        let mut people = app.register_all(&roster);
        let manager = people.pop().unwrap();
        let manager = app
            .db()
            .read_blocking(auth::ROLE, |conn| auth::actor_of(conn, UserId(manager.id)))
            .unwrap();
        Self {
            conn: app.conn(),
            rng: StdRng::seed_from_u64(seed),
            balances: people.iter().map(|person| (person.id, 0)).collect(),
            people,
            manager,
            open: BTreeMap::new(),
            read_until: 0,
            operations: 0,
            paid: 0,
            app,
        }
    }

    fn write<T>(&self, role: DbRole, work: impl FnOnce(&mut Tx<'_>) -> AppResult<T>) -> T {
        self.app
            .db()
            .transaction_blocking(Lane::Worker, role, Origin::system(), work)
            .unwrap()
    }

    /// A day in which things happen in any order, and its close.
    fn live_a_day(&mut self, wanted: u64) {
        let share = usize::try_from(wanted / 40).unwrap_or(0).clamp(100, 5_000);
        for _ in 0..self.rng.random_range(3..7) {
            match self.rng.random_range(0..6) {
                0 | 1 => self.import(share),
                2 | 3 => self.shuffle(),
                _ => self.complete(),
            }
            self.app
                .clock()
                .advance(Duration::minutes(self.rng.random_range(1..60)));
        }
        let next = (self.app.clock().now() - monday()).num_days() + 1;
        self.app.clock().set(monday() + Duration::days(next));
        let runs = accounting::settle_due(self.app.db(), self.app.config()).unwrap();
        assert_eq!(runs.len(), 1, "one date is due each morning");
        let mut paid = 0;
        for balance in self.balances.values_mut().filter(|balance| **balance > 0) {
            self.operations += 1;
            paid += std::mem::take(balance);
        }
        assert_eq!(runs[0].total.minor(), paid, "{}", runs[0]);
        self.paid += paid;
        self.app.drain();
        self.check();
    }

    fn import(&mut self, share: usize) {
        let count = self.rng.random_range(share / 4..=share);
        let row = |line| TaskRow {
            line,
            jira_id: String::new(),
            title: format!("Bird {line}"),
            description: String::new(),
        };
        let rows: Vec<TaskRow> = (2..).map(row).take(count).collect();
        self.write(tasks::ROLE, |tx| {
            tasks::import_tasks(tx, self.manager.id, rows, &mut |_, _| {})
        })
        .unwrap();
        self.hear();
    }

    fn shuffle(&mut self) {
        self.write(tasks::ROLE, |tx| {
            tasks::request_shuffle(tx, &self.manager, 100)
        });
        while tasks::shuffle_step(self.app.db(), self.app.config()).unwrap() == Progress::More {}
        self.hear();
    }

    /// Some of the open tasks are completed, each by whoever has it.
    fn complete(&mut self) {
        let mut tasks: Vec<Uuid> = self.open.keys().copied().collect();
        tasks.shuffle(&mut self.rng);
        tasks.truncate(self.rng.random_range(0..=tasks.len()));
        for some in tasks.chunks(AT_ONCE) {
            self.write(tasks::ROLE, |tx| {
                some.iter().try_for_each(|task| {
                    let by = Actor {
                        id: UserId(self.open[task].holder),
                        ..self.worker()
                    };
                    tasks::complete_task(tx, &by, TaskId(*task)).map(drop)
                })
            });
        }
        for task in tasks {
            let task = self.open.remove(&task).unwrap();
            *self.balances.get_mut(&task.holder).unwrap() += task.reward;
            self.operations += 1;
        }
        self.app.drain();
    }

    /// What every developer may do.
    fn worker(&self) -> Actor {
        let roles = auth::RoleSet::from(auth::Role::Developer);
        Actor {
            permissions: roles.default_permissions(),
            roles,
            ..self.manager.clone()
        }
    }

    /// Everybody hears; the model takes from the journal who was drawn since.
    fn hear(&mut self) {
        self.app.drain();
        let news: Vec<Charged> = sql_query(
            "select j.id, j.task_id as task, j.assignee_id as holder, p.fee_minor as fee, p.reward_minor as reward
             from tasks.journal j join accounting.task_prices p on p.task_id = j.task_id
             where j.id > $1 and j.kind = 'assign' order by j.id",
        )
        .bind::<BigInt, _>(self.read_until)
        .load(&mut self.conn)
        .unwrap();
        for one in news {
            self.read_until = one.id;
            self.operations += 1;
            *self
                .balances
                .get_mut(&one.holder)
                .expect("a developer was drawn") -= one.fee;
            let known = self.open.insert(
                one.task,
                Task {
                    holder: one.holder,
                    fee: one.fee,
                    reward: one.reward,
                },
            );
            assert!(
                known.is_none_or(|known| (known.fee, known.reward) == (one.fee, one.reward)),
                "a price is for ever"
            );
        }
    }

    /// No cent is anywhere else than in the model.
    fn check(&mut self) {
        let shown: Vec<Balance> = sql_query(
            "select account_id as account, amount_minor as amount from accounting.balances where account_id <> $1",
        )
        .bind::<SqlUuid, _>(self.manager.id.0)
        .load(&mut self.conn)
        .unwrap();
        let shown: BTreeMap<Uuid, i64> = shown
            .into_iter()
            .map(|row| (row.account, row.amount))
            .collect();
        assert_eq!(shown, self.balances);
        let transfers = number(
            &mut self.conn,
            "select count(*) as n from accounting.transfers",
        );
        assert_eq!(u64::try_from(transfers).ok(), Some(self.operations));
        let sum: i64 = self.balances.values().sum();
        assert_eq!(
            number(
                &mut self.conn,
                "select coalesce(sum(amount_minor), 0)::bigint as n from accounting.transfers"
            ),
            sum
        );
        let paid = "select coalesce(sum(amount_minor), 0)::bigint as n from accounting.payouts";
        assert_eq!(number(&mut self.conn, paid), self.paid);
        let book = "select coalesce(sum(amount_minor), 0)::bigint as n from report_v1.postings";
        assert_eq!(
            number(&mut self.conn, book),
            0,
            "the whole book sums to zero"
        );
        self.conn
            .batch_execute("analyze tasks.tasks, accounting.transfers, bus.events")
            .unwrap();
    }
}
