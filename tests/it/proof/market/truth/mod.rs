//! The reference: the market in a few hundred lines, without SQL, without transactions, without anything at the same time.
//!
//! It keeps the log as a list and of each subscriber how far it has heard, so that it knows what must be booked after every
//! step and not only at the end. What is left to chance (who is drawn, what a task costs) it takes from what was seen, and only if
//! that could be.

mod compare;
mod hearing;
mod people;
mod settlement;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ates::platform::clock::BusinessZone;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use uuid::Uuid;

use super::look::Seen;
use super::op::Ear;
pub use hearing::ROUNDS;

/// What an operation answers.
pub type Answer = Result<(), &'static str>;

#[derive(Clone, Debug)]
pub struct Person {
    pub id: Uuid,
    pub username: String,
    pub role: String,
    pub active: bool,
    /// Whether the module of tasks has heard that they get tasks.
    drawn: bool,
    /// Whether accounting has heard of them.
    booked: bool,
}

/// Whether a role gets tasks.
fn gets_tasks(role: &str) -> bool {
    !matches!(role, "administrator" | "manager" | "internalservice")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Saving,
    Open,
    Done,
}

#[derive(Clone, Debug)]
struct Task {
    author: Uuid,
    created_at: DateTime<Utc>,
    status: Status,
    /// Who had it, in turn; the last one has it.
    holders: Vec<Uuid>,
    price: Option<(i64, i64)>,
    /// Whether the module of tasks knows the price.
    priced: bool,
}

impl Task {
    fn holder(&self) -> Uuid {
        self.holders[self.holders.len() - 1]
    }
}

#[derive(Clone, Debug)]
enum Fact {
    Person(Uuid, bool),
    /// An assignment of a number; the first one is told with the creation.
    Assigned(Uuid, i32, Uuid),
    Completed(Uuid, Uuid),
    Estimated(Uuid),
    /// Something that none of the three acts upon.
    Other,
}

#[derive(Clone, Debug)]
struct Told {
    at: DateTime<Utc>,
    fact: Fact,
}

#[derive(Clone, Debug)]
struct Run {
    requested_at: DateTime<Utc>,
    last: Uuid,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    pub account: Uuid,
    pub date: NaiveDate,
    pub kind: &'static str,
    pub task: Option<Uuid>,
    pub seq: Option<i32>,
    pub amount: i64,
}

struct Correction {
    person: Uuid,
    cents: i64,
    asker: Uuid,
    decided: bool,
}

/// Everything that must be true.
pub struct Truth {
    zone: BusinessZone,
    payout_at: NaiveTime,
    pub people: Vec<Person>,
    /// How many of the people are the office, who stay what they are.
    office: usize,
    tasks: BTreeMap<Uuid, Task>,
    log: Vec<Told>,
    heard: [usize; 4],
    paused: [bool; 4],
    parked: Vec<Told>,
    refused: Option<Uuid>,
    pub rows: Vec<Row>,
    booked: BTreeSet<(Uuid, Option<i32>)>,
    pub first_open: NaiveDate,
    /// Dates whose close has begun, with the accounts that are held for each.
    closing: BTreeMap<NaiveDate, BTreeSet<Uuid>>,
    pub closed: BTreeMap<NaiveDate, (i32, i64)>,
    pub statements: BTreeMap<(NaiveDate, Uuid), Vec<i64>>,
    runs: VecDeque<Run>,
    corrections: Vec<Correction>,
    /// Whether somebody was drawn who gets no tasks any more, before the module of tasks had heard of it.
    pub drawn_before_heard: bool,
}

impl Truth {
    /// A market of the office and some others, of whom everybody has heard, on its first day.
    pub fn new(
        zone: BusinessZone,
        payout_at: NaiveTime,
        now: DateTime<Utc>,
        people: &[(Uuid, String, String)],
        office: usize,
    ) -> Self {
        let people = people
            .iter()
            .map(|(id, username, role)| Person {
                id: *id,
                username: username.clone(),
                role: role.clone(),
                active: true,
                drawn: gets_tasks(role),
                booked: true,
            })
            .collect();
        Self {
            zone,
            payout_at,
            people,
            office,
            tasks: BTreeMap::new(),
            log: Vec::new(),
            heard: [0; 4],
            paused: [false; 4],
            parked: Vec::new(),
            refused: None,
            rows: Vec::new(),
            booked: BTreeSet::new(),
            first_open: zone.date_of(now),
            closing: BTreeMap::new(),
            closed: BTreeMap::new(),
            statements: BTreeMap::new(),
            runs: VecDeque::new(),
            corrections: Vec::new(),
            drawn_before_heard: false,
        }
    }

    fn tell(&mut self, at: DateTime<Utc>, fact: Fact) {
        self.log.push(Told { at, fact });
    }

    fn person(&self, id: Uuid) -> &Person {
        self.people
            .iter()
            .find(|person| person.id == id)
            .expect("a person of this market")
    }

    fn candidates(&self) -> BTreeSet<Uuid> {
        self.people
            .iter()
            .filter(|person| person.drawn)
            .map(|person| person.id)
            .collect()
    }

    /// Somebody of a number.
    pub fn somebody(&self, number: usize) -> Person {
        self.people[number % self.people.len()].clone()
    }

    /// Somebody of the office.
    pub fn of_the_office(&self, number: usize) -> Person {
        self.people[number % self.office].clone()
    }

    /// A task of a number, and who has it.
    pub fn some_task(&self, number: usize) -> Option<(Uuid, Uuid)> {
        let place = number.checked_rem(self.tasks.len())?;
        self.tasks
            .iter()
            .nth(place)
            .map(|(id, task)| (*id, task.holder()))
    }

    /// An open task of a number, and who has it.
    pub fn some_open_task(&self, number: usize) -> Option<(Uuid, Uuid)> {
        let open = || {
            self.tasks
                .iter()
                .filter(|(_, task)| task.status == Status::Open)
        };
        let place = number.checked_rem(open().count())?;
        open().nth(place).map(|(id, task)| (*id, task.holder()))
    }

    pub fn is_paused(&self, ear: Ear) -> bool {
        self.paused[ear as usize]
    }

    pub fn pause(&mut self, ear: Ear, paused: bool) {
        self.paused[ear as usize] = paused;
    }

    /// Who was drawn for an assignment, if they could be.
    fn drawn(&self, seen: &Seen, task: Uuid, seq: i32) -> Result<Uuid, String> {
        let holder = seen
            .drawn
            .get(&(task, seq))
            .ok_or_else(|| format!("task {task} has no assignment {seq}"))?;
        if self.candidates().contains(holder) {
            Ok(*holder)
        } else {
            Err(format!("{holder} was drawn for {task}, and gets no tasks"))
        }
    }

    /// Gives a task to whoever was drawn, and tells of it.
    fn assign(&mut self, seen: &Seen, task: Uuid, now: DateTime<Utc>) -> Result<(), String> {
        let seq = i32::try_from(self.tasks[&task].holders.len() + 1).unwrap();
        let holder = self.drawn(seen, task, seq)?;
        self.drawn_before_heard |= !gets_tasks(&self.person(holder).role);
        self.tasks
            .get_mut(&task)
            .expect("a task")
            .holders
            .push(holder);
        self.tell(now, Fact::Assigned(task, seq, holder));
        Ok(())
    }

    /// What creating tasks answers; `fresh` are those that are new.
    pub fn create(
        &mut self,
        author: &Person,
        fresh: &[Uuid],
        seen: &Seen,
        now: DateTime<Utc>,
    ) -> Result<Answer, String> {
        if !author.active {
            return Ok(Err("404"));
        }
        if self.candidates().is_empty() {
            return Ok(Err("409"));
        }
        for id in fresh {
            let task = Task {
                author: author.id,
                created_at: now,
                status: Status::Saving,
                holders: Vec::new(),
                price: None,
                priced: false,
            };
            self.tasks.insert(*id, task);
            self.assign(seen, *id, now)?;
        }
        Ok(Ok(()))
    }

    /// What completing a task answers.
    pub fn complete(&mut self, by: &Person, id: Uuid, now: DateTime<Utc>) -> Answer {
        if !by.active {
            return Err("404");
        }
        if by.role == "internalservice" {
            return Err("403");
        }
        let sees_all = matches!(by.role.as_str(), "administrator" | "manager");
        let task = self.tasks.get_mut(&id).expect("a task");
        if task.holder() != by.id {
            let knows = sees_all || task.author == by.id || task.holders.contains(&by.id);
            return Err(if knows { "403" } else { "404" });
        }
        if task.status != Status::Open {
            return Err("409");
        }
        task.status = Status::Done;
        self.tell(now, Fact::Completed(id, by.id));
        self.tell(now, Fact::Other);
        Ok(())
    }

    pub fn press(&mut self, by: &Person, now: DateTime<Utc>) -> Answer {
        if !by.active {
            return Err("404");
        }
        if !matches!(by.role.as_str(), "administrator" | "manager") {
            return Err("403");
        }
        self.runs.push_back(Run {
            requested_at: now,
            last: Uuid::nil(),
        });
        Ok(())
    }

    /// One chunk of the oldest run.
    pub fn chunk(&mut self, seen: &Seen, now: DateTime<Utc>, size: usize) -> Result<(), String> {
        let Some(run) = self.runs.front().cloned() else {
            return Ok(());
        };
        let next: Vec<Uuid> = self
            .tasks
            .iter()
            .filter(|(id, task)| {
                task.status == Status::Open
                    && **id > run.last
                    && task.created_at <= run.requested_at
            })
            .map(|(id, _)| *id)
            .take(size)
            .collect();
        let (Some(last), false) = (next.last(), self.candidates().is_empty()) else {
            self.runs.pop_front();
            return Ok(());
        };
        for id in &next {
            self.assign(seen, *id, now)?;
        }
        self.runs[0].last = *last;
        Ok(())
    }

    pub fn has_runs(&self) -> bool {
        !self.runs.is_empty()
    }
}
