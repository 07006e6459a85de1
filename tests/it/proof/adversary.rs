//! T-PROP-2: the ledger under a seeded adversary. Each seed is the story of one task, told in any order, some of it twice under other
//! ids, in waves with hours between; meanwhile the ledger's process is cut off after its effects, and everything it has heard is told
//! again from the beginning. Whatever the seed, the end is the same: each assignment that was told of is charged once, to whom it
//! named, a completion is rewarded once, at the one price of the task.
//!
//! The affordable part: the handler is SQL, so hundreds of stories share a database and the pages of a step, and are judged each
//! by itself. The clock is virtual. 2,000 seeds, 100,000 in the long form; a failing one is printed, `ATES_TEST_SEED` plays it again as
//! the first of its run.

use std::collections::BTreeMap;

use ates::app::Services;
use ates::bus::{self, Holder, ParkedFilter, Selection, Subscriber};
use ates::events::{self, AssignmentReason, TaskAssigned, TaskCompleted, TaskCreated};
use ates::platform::db::{Lane, Origin, Tx};
use ates::platform::error::AppResult;
use ates::platform::ids::UserId;
use ates::platform::workers::Progress;
use chrono::Duration;
use diesel::sql_types::{Bool, Integer, Nullable, Uuid as SqlUuid};
use diesel::{PgConnection, QueryableByName, RunQueryDsl, sql_query};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use uuid::Uuid;

use super::frail::Frail;
use crate::support::TestApp;
use crate::support::database::{count, number};

/// Stories that share a log.
const TOGETHER: u64 = 250;

/// Waves in which a story is told.
const WAVES: usize = 4;

#[derive(Clone, Copy, Debug)]
enum News {
    Created,
    Assigned(usize),
    Completed,
}

/// What a seed makes.
struct Story {
    seed: u64,
    task: Uuid,
    holders: Vec<UserId>,
    done: bool,
    /// What is told in each wave, in this order.
    waves: [Vec<News>; WAVES],
}

impl Story {
    fn of(seed: u64, people: &[Uuid]) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let holders: Vec<UserId> = (0..rng.random_range(1..5))
            .map(|_| UserId(people[rng.random_range(0..people.len())]))
            .collect();
        let done = rng.random_bool(0.6);
        let mut news = vec![News::Created];
        news.extend((0..holders.len()).map(News::Assigned));
        news.extend(done.then_some(News::Completed));
        let again: Vec<News> = news
            .iter()
            .copied()
            .filter(|_| rng.random_bool(0.3))
            .collect();
        news.extend(again);
        news.shuffle(&mut rng);
        let mut waves: [Vec<News>; WAVES] = Default::default();
        for one in news {
            waves[rng.random_range(0..WAVES)].push(one);
        }
        Self {
            seed,
            task: Uuid::from_u128(u128::from(rng.random::<u64>()) << 64 | u128::from(seed)),
            holders,
            done,
            waves,
        }
    }

    fn tell(&self, tx: &mut Tx<'_>, news: News) -> AppResult<()> {
        let first = self.holders[0];
        match news {
            News::Created => {
                let created = TaskCreated {
                    title: "A task".to_owned(),
                    jira_id: None,
                    assignee: first,
                    assignment: tx.new_id(),
                    created_by: first,
                };
                events::publish(tx, self.task, &created).map(drop)
            }
            News::Assigned(place) => {
                let assigned = TaskAssigned {
                    from: None,
                    to: self.holders[place],
                    assignment_seq: i32::try_from(place + 1).unwrap_or_default(),
                    reason: AssignmentReason::Unavailable,
                };
                events::publish(tx, self.task, &assigned).map(drop)
            }
            News::Completed => {
                let assignee = self.holders[self.holders.len() - 1];
                events::publish(tx, self.task, &TaskCompleted { assignee }).map(drop)
            }
        }
    }

    /// The transfers there must be: by number of the assignment, none for the reward.
    fn transfers(&self) -> BTreeMap<Option<i32>, Uuid> {
        let fees = self
            .holders
            .iter()
            .zip(1..)
            .map(|(holder, seq)| (Some(seq), holder.0));
        let reward = self
            .done
            .then(|| (None, self.holders[self.holders.len() - 1].0));
        fees.chain(reward).collect()
    }
}

#[derive(QueryableByName)]
struct Transfer {
    #[diesel(sql_type = SqlUuid)]
    task: Uuid,
    #[diesel(sql_type = Nullable<Integer>)]
    seq: Option<i32>,
    #[diesel(sql_type = SqlUuid)]
    account: Uuid,
    #[diesel(sql_type = Bool)]
    priced: bool,
}

fn seeds() -> u64 {
    if std::env::var_os("ATES_TEST_LONG").is_some() {
        100_000
    } else {
        2_000
    }
}

#[test]
fn t_prop_2_whatever_order_the_news_of_a_task_come_in_its_ledger_is_the_same() {
    let first = super::trial::seed();
    let mut app = TestApp::with(|settings| settings.workers(false));
    // The tasks of the stories are in the log alone.
    app.expect_broken();
    let people: Vec<Uuid> = ["kesha", "gosha", "yasha"]
        .map(|name| app.register(name, &["developer"]).id)
        .to_vec();
    let ledger = Services::subscribers(app.services())
        .into_iter()
        .find(|subscriber| subscriber.name() == "accounting.ledger")
        .map(Frail::new)
        .unwrap();
    let mut wrong = Vec::new();
    let mut cuts = 0;
    for from in (0..seeds()).step_by(usize::try_from(TOGETHER).unwrap()) {
        let stories: Vec<Story> = (from..(from + TOGETHER).min(seeds()))
            .map(|number| Story::of(first.wrapping_add(number), &people))
            .collect();
        cuts += act(&app, &ledger, &stories, first.wrapping_add(from));
        wrong.extend(judge(&mut app.conn(), &stories));
    }
    println!("{} seeds from {first}, {cuts} cuts", seeds());
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(cuts > 10, "hardly anybody was cut off: {cuts}");
    let apart = "select ((select sum(amount_minor) from accounting.transfers) - (select sum(amount_minor) from accounting.balances))::bigint as n";
    assert_eq!(number(&mut app.conn(), apart), 0);
}

/// Tells the stories wave by wave; gives how often the ledger was cut off.
fn act(app: &TestApp, ledger: &Frail, stories: &[Story], seed: u64) -> u32 {
    let (db, mut rng, mut cuts) = (app.db(), StdRng::seed_from_u64(seed), 0);
    for wave in 0..WAVES {
        let mut news: Vec<(&Story, News)> = stories
            .iter()
            .flat_map(|story| story.waves[wave].iter().map(move |one| (story, *one)))
            .collect();
        // The stories are mixed; within each, the seed's order stays.
        news.sort_by_cached_key(|_| rng.random::<u32>());
        let mut told: BTreeMap<u64, usize> = BTreeMap::new();
        for (place, some) in news.chunks(100).enumerate() {
            db.transaction_blocking(Lane::Worker, bus::ROLE, Origin::system(), |tx| {
                some.iter().try_for_each(|(story, _)| {
                    let place = told.entry(story.seed).or_insert(0);
                    *place += 1;
                    story.tell(tx, story.waves[wave][*place - 1])
                })
            })
            .unwrap();
            // Each wave begins with a cut, so that none depends on chance alone.
            if place == 0 || rng.random_bool(0.5) {
                let illness = [0, 1, 3][rng.random_range(0..3)];
                ledger.ill.replace(if place == 0 { 3 } else { illness });
                match bus::step(db, ledger) {
                    Err(error) if error.is_transient() => cuts += 1,
                    outcome => drop(outcome.unwrap()),
                }
                ledger.ill.replace(0);
            }
        }
        if rng.random_bool(0.5) {
            let (name, system) = (ledger.name(), Origin::system());
            bus::pause(db, name, &Holder::Deploy, "told again", system.clone()).unwrap();
            bus::rewind(db, name, 0, system.clone()).unwrap();
            bus::resume(db, name, &Holder::Deploy, system).unwrap();
        }
        app.clock()
            .advance(Duration::minutes(rng.random_range(1..90)));
    }
    for _ in 0..20 {
        drop(bus::resume(
            db,
            ledger.name(),
            &Holder::Breaker,
            Origin::system(),
        ));
        bus::replay(
            db,
            &Selection::Filter(ParkedFilter::default()),
            Origin::system(),
        )
        .unwrap();
        while bus::step(db, ledger).unwrap() == Progress::More {}
        if count(&mut app.conn(), "bus.parked_items where state <> 'done'") == 0 {
            return cuts;
        }
    }
    panic!("something stays parked");
}

/// The stories whose ledger is not as it must be.
fn judge(conn: &mut PgConnection, stories: &[Story]) -> Vec<String> {
    let tasks: Vec<Uuid> = stories.iter().map(|story| story.task).collect();
    let rows: Vec<Transfer> = sql_query(
        "select t.task_id as task, t.assignment_seq as seq, t.account_id as account,
           abs(t.amount_minor) = case t.kind when 'assignment_fee' then p.fee_minor else p.reward_minor end as priced
         from accounting.transfers t join accounting.task_prices p using (task_id) where t.task_id = any($1)",
    )
    .bind::<diesel::sql_types::Array<SqlUuid>, _>(tasks)
    .load(conn)
    .unwrap();
    let mut found: BTreeMap<Uuid, Vec<Transfer>> = BTreeMap::new();
    for row in rows {
        found.entry(row.task).or_default().push(row);
    }
    stories
        .iter()
        .filter_map(|story| {
            let rows = found.remove(&story.task).unwrap_or_default();
            let booked: BTreeMap<Option<i32>, Uuid> =
                rows.iter().map(|row| (row.seq, row.account)).collect();
            let fits = booked == story.transfers()
                && booked.len() == rows.len()
                && rows.iter().all(|row| row.priced);
            (!fits).then(|| {
                format!(
                    "seed {}: {booked:?} of {} rows, must be {:?}",
                    story.seed,
                    rows.len(),
                    story.transfers()
                )
            })
        })
        .collect()
}
