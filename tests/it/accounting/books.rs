//! What tasks would do, planted with exact prices: its rows and its events, in one transaction as the module itself does it.

use std::sync::Mutex;

use ates::events::{
    self, Assignment, AssignmentReason, TaskAssigned, TaskCompleted, TaskCreated, TasksReassigned,
};
use ates::platform::db::{DbRole, Lane, Origin, Tx};
use ates::platform::ids::{EventId, ShuffleId, TaskId, UserId};
use diesel::connection::SimpleConnection;
use diesel::sql_types::{Integer, Nullable, Timestamptz, Uuid as SqlUuid};
use diesel::{PgConnection, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::support::database::{TestDatabase, number};
use crate::support::{Person, TestApp};

const TASKS: DbRole = DbRole::new("ates_tasks");

/// An app without workers whose tasks are planted; fees are 10 and rewards 30 unless said otherwise.
pub struct Books {
    conn: Mutex<PgConnection>,
    pub app: TestApp,
}

#[derive(QueryableByName)]
struct Next {
    #[diesel(sql_type = Integer)]
    assignment_seq: i32,
}

impl Books {
    pub fn open() -> Self {
        Self::open_with(|settings| settings)
    }

    pub fn open_with(
        adapt: impl FnOnce(crate::support::Settings) -> crate::support::Settings,
    ) -> Self {
        let app = TestApp::with(|settings| {
            let priced = [
                ("ATES_FEE_MIN", 10),
                ("ATES_FEE_MAX", 10),
                ("ATES_REWARD_MIN", 30),
                ("ATES_REWARD_MAX", 30),
            ]
            .into_iter()
            .fold(settings.workers(false), |settings, (key, value)| {
                settings.set(key, value)
            });
            adapt(priced)
        });
        Self {
            conn: Mutex::new(app.conn()),
            app,
        }
    }

    /// A new task, assigned to somebody; its events are not yet delivered.
    pub fn plant(&self, to: &Person) -> Uuid {
        self.write(|tx| {
            let (task, assignment): (TaskId, EventId) = (tx.new_id(), tx.new_id());
            let now = tx.now;
            let title = format!("Feed bird {}", &task.to_string()[..8]);
            know(tx.conn(), to);
            sql_query(
                "insert into tasks.tasks (id, title, jira_id, status, assignee_id, assignment_seq, created_at, created_by, updated_at)
                 values ($1, $2, 'POP-1', 'saving', $3, 1, $4, $3, $4)",
            )
            .bind::<SqlUuid, _>(task.0)
            .bind::<diesel::sql_types::Text, _>(&title)
            .bind::<SqlUuid, _>(to.id)
            .bind::<Timestamptz, _>(now)
            .execute(tx.conn())
            .unwrap();
            let creation: EventId = tx.new_id();
            note(tx, task, "create", creation, None, Some(to.id), None);
            note(tx, task, "assign", assignment, Some(1), Some(to.id), None);
            let created = TaskCreated {
                title,
                jira_id: Some("POP-1".into()),
                assignee: UserId(to.id),
                assignment,
                created_by: UserId(to.id),
            };
            let assigned = TaskAssigned {
                from: None,
                to: UserId(to.id),
                assignment_seq: 1,
                reason: AssignmentReason::Created,
            };
            events::publish_as(tx, creation, task, None, &created).unwrap();
            events::publish_as(tx, assignment, task, None, &assigned).unwrap();
            task.0
        })
    }

    /// A new task whose events everybody has heard.
    pub fn create(&self, to: &Person) -> Uuid {
        let task = self.plant(to);
        self.app.drain();
        task
    }

    /// A new task of a given price, in whole dollars.
    pub fn create_priced(&self, to: &Person, fee: i64, reward: i64) -> Uuid {
        let task = self.plant(to);
        let price = format!(
            "insert into accounting.task_prices values ('{task}', {}, {}, now())",
            fee * 100,
            reward * 100
        );
        self.conn.lock().unwrap().batch_execute(&price).unwrap();
        self.app.drain();
        self.open_priced(task);
        task
    }

    /// A press of the shuffle with a known outcome.
    pub fn shuffle(&self, outcome: &[(Uuid, &Person)]) {
        self.write(|tx| {
            let (run, event): (ShuffleId, EventId) = (tx.new_id(), tx.new_id());
            let now = tx.now;
            sql_query(
                "insert into tasks.shuffles (id, state, seed, requested_by, requested_at, started_at, finished_at, total, done)
                 values ($1, 'done', '', $1, $2, $2, $2, 0, 0)",
            )
            .bind::<SqlUuid, _>(run.0)
            .bind::<Timestamptz, _>(now)
            .execute(tx.conn())
            .unwrap();
            let assignments = outcome
                .iter()
                .map(|(task, to)| {
                    know(tx.conn(), to);
                    let next: Next = sql_query(
                        "update tasks.tasks set assignee_id = $2, assignment_seq = assignment_seq + 1 where id = $1
                         returning assignment_seq",
                    )
                    .bind::<SqlUuid, _>(*task)
                    .bind::<SqlUuid, _>(to.id)
                    .get_result(tx.conn())
                    .unwrap();
                    let seq = next.assignment_seq;
                    note(tx, TaskId(*task), "assign", event, Some(seq), Some(to.id), Some(run.0));
                    Assignment { task: TaskId(*task), from: None, to: UserId(to.id), assignment_seq: seq }
                })
                .collect();
            events::publish_as(tx, event, run, None, &TasksReassigned { run, assignments }).unwrap();
        });
    }

    /// The assignee completes the task; the event is not yet delivered.
    pub fn complete(&self, task: Uuid, by: &Person) {
        self.open_priced(task);
        self.write(|tx| {
            let now = tx.now;
            sql_query(
                "update tasks.tasks set status = 'done', completed_at = $2, completed_by = $3, updated_at = $2 where id = $1",
            )
            .bind::<SqlUuid, _>(task)
            .bind::<Timestamptz, _>(now)
            .bind::<SqlUuid, _>(by.id)
            .execute(tx.conn())
            .unwrap();
            let event: EventId = tx.new_id();
            note(tx, TaskId(task), "complete", event, None, Some(by.id), None);
            let completed = TaskCompleted { assignee: UserId(by.id) };
            events::publish_as(tx, event, TaskId(task), None, &completed).unwrap();
        });
    }

    /// Assigns and completes so many tasks, and everybody hears of it.
    pub fn work(&self, who: &Person, assigned: usize, completed: usize) {
        let tasks: Vec<Uuid> = (0..assigned).map(|_| self.plant(who)).collect();
        self.app.drain();
        tasks[..completed]
            .iter()
            .for_each(|task| self.complete(*task, who));
        self.app.drain();
    }

    /// Only tells of a creation, without the task itself.
    pub fn tell_created(&self, task: Uuid, to: &Person) {
        self.write(|tx| {
            let created = TaskCreated {
                title: "Feed bird".into(),
                jira_id: None,
                assignee: UserId(to.id),
                assignment: tx.new_id(),
                created_by: UserId(to.id),
            };
            events::publish(tx, task, &created).unwrap();
        });
    }

    /// Only tells of an assignment.
    pub fn tell_assigned(&self, task: Uuid, to: &Person, assignment_seq: i32) {
        let (to, reason) = (UserId(to.id), AssignmentReason::Unavailable);
        let assigned = TaskAssigned {
            from: None,
            to,
            assignment_seq,
            reason,
        };
        self.write(|tx| events::publish(tx, task, &assigned).unwrap());
    }

    /// Only tells of a completion.
    pub fn tell_completed(&self, task: Uuid, by: &Person) {
        let completed = TaskCompleted {
            assignee: UserId(by.id),
        };
        self.write(|tx| events::publish(tx, task, &completed).unwrap());
    }

    /// Stops the app but keeps the database.
    pub fn stop(self) -> TestDatabase {
        let Self { conn, app } = self;
        drop(conn);
        app.stop()
    }

    /// A balance in whole dollars.
    pub fn balance(&self, who: &Person) -> i64 {
        self.number(&format!(
            "select amount_minor / 100 as n from accounting.balances where account_id = '{}'",
            who.id
        ))
    }

    pub fn number(&self, query: &str) -> i64 {
        number(&mut self.conn.lock().unwrap(), query)
    }

    /// Settles everything that is due, and everybody hears of it.
    pub fn settle(&self) -> Vec<ates::accounting::Run> {
        let runs = ates::accounting::settle_due(self.app.db(), self.app.config()).unwrap();
        self.app.drain();
        runs
    }

    /// What tasks does when it hears of the price; nothing when it has done so already.
    fn open_priced(&self, task: Uuid) {
        let open = format!(
            "update tasks.tasks t set status = 'open', fee_minor = p.fee_minor, reward_minor = p.reward_minor
             from accounting.task_prices p where p.task_id = t.id and t.id = '{task}' and t.status = 'saving'"
        );
        self.conn.lock().unwrap().batch_execute(&open).unwrap();
    }

    fn write<T>(&self, work: impl FnOnce(&mut Tx<'_>) -> T) -> T {
        self.app
            .db()
            .transaction_blocking(Lane::Worker, TASKS, Origin::system(), |tx| Ok(work(tx)))
            .unwrap()
    }
}

fn know(conn: &mut PgConnection, person: &Person) {
    sql_query(
        "insert into tasks.employees (id, name, assignable, active, version) values ($1, 'Popug', true, true, 0) on conflict do nothing",
    )
    .bind::<SqlUuid, _>(person.id)
    .execute(conn)
    .unwrap();
}

fn note(
    tx: &mut Tx<'_>,
    task: TaskId,
    kind: &str,
    event: EventId,
    seq: Option<i32>,
    who: Option<Uuid>,
    run: Option<Uuid>,
) {
    let now = tx.now;
    sql_query(
        "insert into tasks.journal (task_id, kind, occurred_at, actor_id, event_id, assignment_seq, assignee_id, run_id)
         values ($1, $2, $3, $6, $4, $5, case when $2 = 'assign' then $6 end, $7)",
    )
    .bind::<SqlUuid, _>(task.0)
    .bind::<diesel::sql_types::Text, _>(kind)
    .bind::<Timestamptz, _>(now)
    .bind::<SqlUuid, _>(event.0)
    .bind::<Nullable<Integer>, _>(seq)
    .bind::<Nullable<SqlUuid>, _>(who)
    .bind::<Nullable<SqlUuid>, _>(run)
    .execute(tx.conn())
    .unwrap();
}
