//! Events out of order, early and late: the end is the same (E10, T-CON-5).

use ates::accounting;
use ates::analytics;
use ates::bus;
use ates::events::{
    self, AccountCreated, AccountDeleted, AccountRecord, AccountUpdated, AssignmentReason, Event,
    TaskAssigned, TaskCompleted, TaskCreated, TaskEstimated, TaskStatus, TaskUpdated,
};
use ates::platform::db::{Lane, Origin, Tx};
use ates::platform::ids::{EventId, UserId};
use ates::platform::money::Money;
use ates::platform::workers::Progress;
use ates::tasks;
use uuid::Uuid;

use crate::support::TestApp;
use crate::support::database::text;

/// Every order of so many things.
fn orders(of: usize) -> Vec<Vec<usize>> {
    if of == 0 {
        return vec![Vec::new()];
    }
    orders(of - 1)
        .into_iter()
        .flat_map(|order| {
            (0..of).map(move |place| {
                let mut longer = order.clone();
                longer.insert(place, of - 1);
                longer
            })
        })
        .collect()
}

/// A product that nothing happens in by itself, with fixed prices.
fn house() -> TestApp {
    let mut app = TestApp::with(|settings| {
        settings
            .workers(false)
            .set("ATES_FEE_MIN", 10)
            .set("ATES_FEE_MAX", 10)
            .set("ATES_REWARD_MIN", 30)
            .set("ATES_REWARD_MAX", 30)
    });
    app.expect_broken();
    app
}

fn hear(app: &TestApp) {
    let mut all = tasks::subscribers();
    all.extend(accounting::subscribers(app.config()));
    all.extend(analytics::subscribers(app.config()));
    // Accounting tells analytics of what it books, so there are two rounds.
    for subscriber in all.iter().chain(&all) {
        while bus::step(app.db(), subscriber.as_ref()).unwrap() == Progress::More {}
    }
}

fn publish(app: &TestApp, tell: impl Fn(&mut Tx<'_>)) {
    app.db()
        .transaction_blocking(Lane::Worker, bus::ROLE, Origin::system(), |tx| {
            tell(tx);
            Ok(())
        })
        .unwrap();
}

struct Story {
    task: Uuid,
    worker: Uuid,
    assignment: Uuid,
}

impl Story {
    fn new(number: u128) -> Self {
        Self {
            task: Uuid::from_u128(0x1000 + number),
            worker: Uuid::from_u128(0x2000 + number),
            assignment: Uuid::from_u128(0x3000 + number),
        }
    }

    /// The parts of it: created, priced, assigned, completed; then renamed.
    fn tell(&self, tx: &mut Tx<'_>, part: usize) {
        let (to, task) = (UserId(self.worker), self.task);
        let title = |word: &str| format!("{word} {task}");
        let done = match part {
            0 => events::publish(
                tx,
                task,
                &TaskCreated {
                    title: title("old"),
                    jira_id: None,
                    assignee: to,
                    assignment: EventId(self.assignment),
                    created_by: to,
                },
            ),
            1 => events::publish(
                tx,
                task,
                &TaskEstimated {
                    fee_minor: Money::from_whole(10),
                    reward_minor: Money::from_whole(30),
                },
            ),
            2 => {
                let assigned = TaskAssigned {
                    from: None,
                    to,
                    assignment_seq: 1,
                    reason: AssignmentReason::Created,
                };
                let id = EventId(self.assignment);
                events::publish_as(tx, id, task, None, &assigned).map(|()| id)
            }
            3 => events::publish(tx, task, &TaskCompleted { assignee: to }),
            _ => events::publish(
                tx,
                task,
                &TaskUpdated {
                    title: title("new"),
                    jira_id: None,
                    status: TaskStatus::Open,
                    assignee: to,
                    updated_by: None,
                },
            ),
        };
        done.unwrap();
    }

    /// What the books and the figures say in the end.
    fn end(&self, app: &TestApp) -> String {
        let Self { task, worker, .. } = self;
        text(
            &mut app.conn(),
            &format!(
                "select concat_ws(' | ',
                   (select string_agg(concat_ws(' ', kind, amount_minor, assignment_seq, reason_event_id = '{}'), ', ' order by kind)
                    from accounting.transfers where task_id = '{task}'),
                   (select amount_minor from accounting.balances where account_id = '{worker}'),
                   (select split_part(title, ' ', 1) from accounting.tasks where id = '{task}'),
                   (select concat_ws(' ', split_part(title, ' ', 1), reward_minor, completed_by = '{worker}')
                    from analytics.tasks where id = '{task}'),
                   (select balance_minor from analytics.employees where id = '{worker}')) as t",
                self.assignment
            ),
        )
    }
}

#[test]
fn e10_created_priced_assigned_and_completed_end_alike_in_all_24_orders() {
    let app = house();
    let orders = orders(4);
    assert_eq!(orders.len(), 24);
    let expected =
        "assignment_fee -1000 1 t, completion_reward 3000 f | 2000 | old | old 3000 t | 2000";
    for (order, number) in orders.iter().zip(0..) {
        let (one_by_one, at_once) = (Story::new(number), Story::new(100 + number));
        for part in order {
            publish(&app, |tx| one_by_one.tell(tx, *part));
            hear(&app);
        }
        publish(&app, |tx| {
            order.iter().for_each(|part| at_once.tell(tx, *part));
        });
        hear(&app);
        assert_eq!(one_by_one.end(&app), expected, "{order:?} one by one");
        assert_eq!(at_once.end(&app), expected, "{order:?} at once");
    }
    let parked = "select count(*)::text as t from bus.parked_items";
    assert_eq!(text(&mut app.conn(), parked), "0");
}

#[test]
fn e10_a_task_that_was_renamed_before_it_was_created_keeps_its_new_name() {
    let app = house();
    for (parts, number) in [[0, 4], [4, 0]].into_iter().zip(200..) {
        let (one_by_one, at_once) = (Story::new(number), Story::new(100 + number));
        for part in parts {
            publish(&app, |tx| one_by_one.tell(tx, part));
            hear(&app);
        }
        publish(&app, |tx| {
            parts.iter().for_each(|part| at_once.tell(tx, *part))
        });
        hear(&app);
        for story in [one_by_one, at_once] {
            let end = story.end(&app);
            assert!(end.contains("| new | new "), "{parts:?}: {end}");
        }
    }
}

fn record(version: i64) -> AccountRecord {
    let name = if version == 1 { "Kesha" } else { "Innokenty" };
    AccountRecord {
        username: "kesha".into(),
        email: "kesha@uberpopug.example".into(),
        name: name.into(),
        surname: "Popug".into(),
        language: None,
        roles: vec!["developer".into()],
        version,
    }
}

fn tell_person(tx: &mut Tx<'_>, person: Uuid, part: usize) {
    fn say<E: Event>(tx: &mut Tx<'_>, person: Uuid, event: &E) {
        events::publish(tx, person, event).unwrap();
    }
    match part {
        0 => say(tx, person, &AccountCreated(record(1))),
        1 => say(tx, person, &AccountUpdated(record(2))),
        _ => say(tx, person, &AccountDeleted { version: 3 }),
    }
}

#[test]
fn e10_what_is_told_of_a_person_ends_alike_in_all_orders() {
    let app = house();
    for (order, number) in orders(3).iter().zip(0..) {
        let (one_by_one, at_once) = (
            Uuid::from_u128(0x50 + number),
            Uuid::from_u128(0x60 + number),
        );
        for part in order {
            publish(&app, |tx| tell_person(tx, one_by_one, *part));
            hear(&app);
        }
        publish(&app, |tx| {
            order
                .iter()
                .for_each(|part| tell_person(tx, at_once, *part));
        });
        hear(&app);
        for person in [one_by_one, at_once] {
            let end = text(
                &mut app.conn(),
                &format!(
                    "select concat_ws(' | ',
                       (select concat_ws(' ', name, active, assignable, version) from tasks.employees where id = '{person}'),
                       (select concat_ws(' ', username, name, active, version) from accounting.employees where id = '{person}'),
                       (select name from analytics.employees where id = '{person}')) as t"
                ),
            );
            assert_eq!(
                end, "Innokenty Popug f f 3 | kesha Innokenty f 3 | Innokenty Popug",
                "{order:?}"
            );
        }
    }
}
