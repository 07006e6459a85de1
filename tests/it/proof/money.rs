//! P4: whatever the history, the ledger is the fold of the log, the balances are its sums, and analytics has each transfer once.
//!
//! Accounting and analytics hear random histories of tasks, one page after another, while their handlers fail, panic and lose
//! their connection after their effects. The reference is a fold over the same history in a few lines.

use std::collections::BTreeMap;

use ates::app::Services;
use ates::bus::{self, Holder, ParkedFilter, Selection, Subscriber};
use ates::events::{
    self, AccountCreated, AccountRecord, AssignmentReason, TaskAssigned, TaskCompleted, TaskCreated,
};
use ates::platform::db::{Db, Lane, Origin, Tx};
use ates::platform::error::AppResult;
use ates::platform::ids::UserId;
use ates::platform::workers::Progress;
use diesel::sql_types::{BigInt, Text};
use diesel::{PgConnection, QueryableByName, RunQueryDsl, sql_query};
use proptest::collection::vec;
use proptest::prelude::*;
use uuid::Uuid;

use super::frail::Frail;
use super::history::check;
use crate::support::TestApp;

const PEOPLE: u8 = 3;

/// What becomes of a task: who gets it in turn, and whether the last one does it.
#[derive(Clone, Debug)]
struct Story {
    holders: Vec<u8>,
    done: bool,
}

/// One case: the stories, the order in which they go on, and how handlers fail meanwhile.
#[derive(Clone, Debug)]
struct Case {
    stories: Vec<Story>,
    /// Whose story goes on next.
    turns: Vec<prop::sample::Index>,
    /// After so many turns the subscribers work a step, ill or well.
    ills: Vec<u8>,
}

fn cases() -> impl Strategy<Value = Case> {
    let story =
        (vec(0..PEOPLE, 1..5), any::<bool>()).prop_map(|(holders, done)| Story { holders, done });
    (
        vec(story, 1..5),
        vec(any::<prop::sample::Index>(), 12),
        vec(0..6_u8, 12),
    )
        .prop_map(|(stories, turns, ills)| Case {
            stories,
            turns,
            ills,
        })
}

struct Books {
    app: TestApp,
    subscribers: Vec<Frail>,
    people: Vec<Uuid>,
}

#[test]
fn p4_the_ledger_is_the_fold_of_every_history_however_its_delivery_fails() {
    let books = Books::open();
    check(&cases(), |case| books.play(&case));
}

impl Books {
    fn open() -> Self {
        let mut app = TestApp::with(|settings| settings.workers(false));
        // The tasks of the histories are in the log alone, not in the module of tasks.
        app.expect_broken();
        let subscribers: Vec<Frail> = Services::subscribers(app.services())
            .into_iter()
            .filter(|subscriber| !subscriber.name().starts_with("tasks."))
            .map(Frail::new)
            .collect();
        assert!(subscribers.len() >= 2, "accounting and analytics");
        let people: Vec<Uuid> = (1..=u128::from(PEOPLE)).map(Uuid::from_u128).collect();
        publish(app.db(), |tx| {
            for (number, person) in people.iter().enumerate() {
                let record = AccountRecord {
                    username: format!("popug{number}"),
                    email: format!("popug{number}@uberpopug.example"),
                    name: "Popug".to_owned(),
                    surname: "Popug".to_owned(),
                    language: None,
                    roles: vec!["developer".to_owned()],
                    version: 1,
                };
                events::publish(tx, *person, &AccountCreated(record))?;
            }
            Ok(())
        });
        let books = Self {
            app,
            subscribers,
            people,
        };
        books.drain().unwrap();
        books
    }

    fn play(&self, case: &Case) -> Result<(), String> {
        let db = self.app.db();
        let tasks: Vec<Uuid> = case
            .stories
            .iter()
            .map(|_| Uuid::from_u128(rand::random()))
            .collect();
        let mut told = vec![0; tasks.len()];
        for (turn, ill) in case.turns.iter().zip(&case.ills) {
            let who = turn.index(tasks.len());
            let (task, story) = (tasks[who], &case.stories[who]);
            publish(db, |tx| self.go_on(tx, task, story, told[who]));
            told[who] += 1;
            let sick = &self.subscribers[usize::from(*ill) % self.subscribers.len()];
            sick.ill.replace(*ill);
            match bus::step(db, sick) {
                Err(error) if !error.is_transient() => {
                    return Err(format!("a step failed: {error}"));
                }
                _ => {}
            }
        }
        for subscriber in &self.subscribers {
            subscriber.ill.replace(0);
        }
        self.drain()?;
        self.judge(case, &tasks, &told)
    }

    /// Tells the next thing of a task: its creation, then each assignment, then its completion; nothing after that.
    fn go_on(&self, tx: &mut Tx<'_>, task: Uuid, story: &Story, told: usize) -> AppResult<()> {
        let person = |place: usize| UserId(self.people[usize::from(story.holders[place])]);
        let last = story.holders.len() - 1;
        if told == 0 {
            let created = TaskCreated {
                title: "A task".to_owned(),
                jira_id: None,
                assignee: person(0),
                assignment: tx.new_id(),
                created_by: person(0),
            };
            events::publish(tx, task, &created)?;
        } else if told <= last {
            let assigned = TaskAssigned {
                from: Some(person(told - 1)),
                to: person(told),
                assignment_seq: i32::try_from(told + 1).unwrap(),
                reason: AssignmentReason::Unavailable,
            };
            events::publish(tx, task, &assigned)?;
        } else if told == last + 1 && story.done {
            let completed = TaskCompleted {
                assignee: person(last),
            };
            events::publish(tx, task, &completed)?;
        }
        Ok(())
    }

    fn drain(&self) -> Result<(), String> {
        let db = self.app.db();
        for _ in 0..100 {
            for subscriber in &self.subscribers {
                drop(bus::resume(
                    db,
                    subscriber.name(),
                    &Holder::Breaker,
                    Origin::system(),
                ));
            }
            let all = Selection::Filter(ParkedFilter::default());
            bus::replay(db, &all, Origin::system()).map_err(|error| error.to_string())?;
            for subscriber in &self.subscribers {
                while bus::step(db, subscriber).map_err(|error| error.to_string())?
                    == Progress::More
                {}
            }
            let left = "(select from bus.parked_items where state <> 'done'
              union all select from bus.subscribers where position < (select max(seq) from bus.events)
                and name not like 'tasks.%') x";
            if crate::support::database::count(&mut self.app.conn(), left) == 0 {
                return Ok(());
            }
        }
        Err("P1: something is left to do for ever".to_owned())
    }

    fn judge(&self, case: &Case, tasks: &[Uuid], told: &[usize]) -> Result<(), String> {
        let mut conn = self.app.conn();
        for ((task, story), told) in tasks.iter().zip(&case.stories).zip(told) {
            let mut expected: BTreeMap<String, i64> = BTreeMap::new();
            for (place, holder) in story.holders.iter().enumerate().take(*told) {
                let fee = format!(
                    "assignment_fee {} of {}",
                    place + 1,
                    self.people[usize::from(*holder)]
                );
                *expected.entry(fee).or_insert(0) += 1;
            }
            if story.done && *told > story.holders.len() {
                let last = self.people[usize::from(story.holders[story.holders.len() - 1])];
                expected.insert(format!("completion_reward 0 of {last}"), 1);
            }
            let booked = booked(&mut conn, *task);
            if booked != expected {
                return Err(format!(
                    "P4: task {task} has {booked:?}, expected {expected:?}"
                ));
            }
        }
        let findings = super::judge::of_the_money(&mut conn);
        if findings.is_empty() {
            Ok(())
        } else {
            Err(findings.join("; "))
        }
    }
}

fn publish(db: &Db, work: impl FnOnce(&mut Tx<'_>) -> AppResult<()>) {
    db.transaction_blocking(Lane::Worker, bus::ROLE, Origin::system(), work)
        .unwrap();
}

/// The transfers of a task at its price, each with how often it is there.
fn booked(conn: &mut PgConnection, task: Uuid) -> BTreeMap<String, i64> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = BigInt)]
        times: i64,
    }
    let rows: Vec<Row> = sql_query(format!(
        "select t.kind || ' ' || coalesce(t.assignment_seq, 0) || ' of ' || t.account_id
           || case when abs(t.amount_minor) = case t.kind when 'assignment_fee' then p.fee_minor else p.reward_minor end
             then '' else ' at a wrong price' end as name, count(*) as times
         from accounting.transfers t join accounting.task_prices p using (task_id) where t.task_id = '{task}' group by 1"
    ))
    .load(conn)
    .unwrap();
    rows.into_iter().map(|row| (row.name, row.times)).collect()
}
