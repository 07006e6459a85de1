//! Plays a history and holds it against the model.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use ates::bus::{self, Holder, ParkedFilter, ParkedState, Selection, Start};
use ates::events::{self, AccountDeleted, Assignment, TasksReassigned};
use ates::platform::clock::Clock;
use ates::platform::config::Config;
use ates::platform::db::{Db, Lane, Origin, Tx};
use ates::platform::error::{AppError, AppResult};
use ates::platform::ids::{ShuffleId, TaskId, UserId};
use ates::platform::workers::Progress;
use chrono::Duration;
use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use uuid::Uuid;

use super::op::Op;
use super::probe::{Fault, NAMES, Probe};
use super::truth::{self, Cursor, Mark};
use crate::proof::stage;
use crate::support::database::TestDatabase;
use crate::support::monday;

/// A bus with nobody in it but the probes.
pub struct House {
    db: Db,
    clock: Clock,
    conn: RefCell<PgConnection>,
    fault: Fault,
    _database: TestDatabase,
}

/// What a subscriber may and must have heard.
struct Belief {
    probe: Probe,
    /// It hears what comes behind this number.
    begins: i64,
    /// The farthest it has come.
    reached: i64,
    holders: BTreeSet<bool>,
    /// Keys at which it was ever told to fail.
    fell: BTreeSet<Uuid>,
    rewound: bool,
}

/// A history under way.
struct Game<'h> {
    house: &'h House,
    /// The log as it must be: every item that was published by a unit of work that ended well.
    published: Vec<Mark>,
    versions: BTreeMap<Uuid, i64>,
    beliefs: BTreeMap<usize, Belief>,
}

impl House {
    pub fn new() -> Self {
        Self::with(Fault::None)
    }

    pub fn with(fault: Fault) -> Self {
        let database = TestDatabase::create();
        let mut conn = database.connect();
        stage::set(&mut conn);
        let values = [
            ("DATABASE_URL", database.url()),
            ("ATES_WORKER_POOL", "4"),
            ("ATES_WEB_POOL", "1"),
            ("ATES_READ_POOL", "1"),
        ];
        let config =
            Config::from_values(values.map(|(name, value)| (name.to_owned(), value.to_owned())))
                .unwrap();
        let clock = Clock::fixed(monday());
        Self {
            db: Db::new(&config, database.url(), clock.clone()),
            clock,
            conn: RefCell::new(conn),
            fault,
            _database: database,
        }
    }

    /// Plays one history from an empty log to the end at which nothing is left to do.
    ///
    /// # Errors
    /// The property that broke, with the step after which it did.
    pub fn play(&self, ops: &[Op]) -> Result<(), String> {
        self.clean();
        let mut game = Game {
            house: self,
            published: Vec::new(),
            versions: BTreeMap::new(),
            beliefs: BTreeMap::new(),
        };
        game.add(0, Start::Beginning);
        game.add(1, Start::Beginning);
        let mut before = BTreeMap::new();
        for (step, op) in ops.iter().enumerate() {
            game.act(op)
                .map_err(|error| format!("step {step}, {op:?}: {error}"))?;
            before = game
                .judge(op, &before)
                .map_err(|broken| format!("after step {step}, {op:?}: {broken}"))?;
        }
        game.end().map_err(|broken| format!("at the end: {broken}"))
    }

    fn clean(&self) {
        self.clock.set(monday());
        self.conn
            .borrow_mut()
            .batch_execute(
                "set session_replication_role = replica;
                 delete from bus.events; delete from bus.parked_items; delete from bus.pauses; delete from bus.attempts;
                 delete from bus.subscribers; delete from proof.heard; delete from proof.moves; delete from platform.audit_log;
                 set session_replication_role = origin",
            )
            .unwrap();
    }
}

fn key(number: u8) -> Uuid {
    Uuid::from_u128(u128::from(number) + 1)
}

fn holder(which: bool) -> Holder {
    if which {
        Holder::Deploy
    } else {
        Holder::Operator("kesha".to_owned())
    }
}

impl Game<'_> {
    fn add(&mut self, index: usize, start: Start) {
        let probe = Probe::new(index, start, self.house.fault);
        bus::register(&self.house.db, &[Box::new(probe.clone())]).unwrap();
        let begins = self.read(NAMES[index]).unwrap().position;
        let belief = Belief {
            probe,
            begins,
            reached: begins,
            holders: BTreeSet::new(),
            fell: BTreeSet::new(),
            rewound: false,
        };
        self.beliefs.insert(index, belief);
    }

    fn read(&self, name: &str) -> Option<Cursor> {
        let mut conn = self.house.conn.borrow_mut();
        let log = truth::log(&mut conn);
        truth::cursor(&mut conn, name, &log)
    }

    fn act(&mut self, op: &Op) -> Result<(), String> {
        let db = &self.house.db;
        let name = |who: usize| NAMES[who];
        match op {
            Op::Publish(keys) => self.publish(keys, false, true),
            Op::Batch(keys) => self.publish(keys, true, true),
            Op::Abandon(keys) => self.publish(keys, false, false),
            Op::Step(who) => self.step(*who).map(drop),
            Op::Work(who) => self.work(*who),
            Op::Fall(who, number, ill, times) => {
                if let Some(belief) = self.beliefs.get_mut(who) {
                    belief.fell.insert(key(*number));
                    let mut ills = belief.probe.ills.lock().unwrap();
                    ills.insert(key(*number), (*ill, *times));
                }
                Ok(())
            }
            Op::Heal => {
                for belief in self.beliefs.values() {
                    belief.probe.ills.lock().unwrap().clear();
                }
                Ok(())
            }
            Op::Pause(who, which) => match self.beliefs.get_mut(who) {
                Some(belief) => {
                    belief.holders.insert(*which);
                    well(bus::pause(
                        db,
                        name(*who),
                        &holder(*which),
                        "a reason",
                        Origin::system(),
                    ))
                }
                None => Ok(()),
            },
            Op::Resume(who, which) => match self.beliefs.get_mut(who) {
                Some(belief) => {
                    let held = belief.holders.remove(which);
                    let outcome = bus::resume(db, name(*who), &holder(*which), Origin::system());
                    match outcome {
                        Err(AppError::NotFound) if !held => Ok(()),
                        outcome => well(outcome),
                    }
                }
                None => Ok(()),
            },
            Op::Restart(who) => match self.beliefs.get(who) {
                Some(belief) => well(bus::register(db, &[Box::new(belief.probe.clone())])),
                None => Ok(()),
            },
            Op::Replay(who) => {
                let all = ParkedFilter {
                    subscriber: Some(name(*who).to_owned()),
                    ..ParkedFilter::default()
                };
                well(bus::replay(db, &Selection::Filter(all), Origin::system()))
            }
            Op::Skip(who) => {
                let dead = ParkedFilter {
                    subscriber: Some(name(*who).to_owned()),
                    state: Some(ParkedState::Dead),
                    ..ParkedFilter::default()
                };
                let reason = "it will never come right";
                well(bus::skip(
                    db,
                    &Selection::Filter(dead),
                    reason,
                    Origin::system(),
                ))
            }
            Op::Rewind(who, by) => self.rewind(*who, *by),
            Op::Add(start) => {
                if !self.beliefs.contains_key(&2) {
                    let head = self.head();
                    let start = match start {
                        0 => Start::Beginning,
                        1 => Start::Head,
                        _ => Start::Seq(head - 2),
                    };
                    self.add(2, start);
                }
                Ok(())
            }
            Op::Clock(seconds) => {
                self.house.clock.advance(Duration::seconds(*seconds));
                Ok(())
            }
        }
    }

    fn head(&self) -> i64 {
        let mut conn = self.house.conn.borrow_mut();
        truth::log(&mut conn).last().map_or(0, |item| item.seq)
    }

    fn publish(&mut self, keys: &[u8], batch: bool, well: bool) -> Result<(), String> {
        let mut versions = self.versions.clone();
        let mut keys: Vec<Uuid> = keys.iter().copied().map(key).collect();
        if batch {
            // A batch has a key once, and refers only to keys that are there already.
            let mut seen = BTreeSet::new();
            keys.retain(|key| seen.insert(*key));
            if self.versions.is_empty() {
                return Ok(());
            }
        }
        let known: Vec<Uuid> = self.versions.keys().copied().collect();
        let marks: Vec<Mark> = keys
            .iter()
            .map(|key| {
                let version = versions.entry(*key).or_insert(0);
                *version += 1;
                (*key, *version)
            })
            .collect();
        let outcome: AppResult<()> =
            self.house
                .db
                .transaction_blocking(Lane::Worker, bus::ROLE, Origin::system(), |tx| {
                    if batch {
                        publish_batch(tx, &marks, &known)?;
                    } else {
                        for (key, version) in &marks {
                            events::publish(tx, *key, &AccountDeleted { version: *version })?;
                        }
                    }
                    if well {
                        Ok(())
                    } else {
                        Err(AppError::NotFound)
                    }
                });
        if outcome.is_ok() != well {
            return Err(format!("{outcome:?}"));
        }
        if well {
            self.published.extend(marks);
            self.versions = versions;
        }
        Ok(())
    }

    /// One step; a cut connection is an end of the process, which changes nothing.
    fn step(&self, who: usize) -> Result<Progress, String> {
        let Some(belief) = self.beliefs.get(&who) else {
            return Ok(Progress::Idle);
        };
        match bus::step(&self.house.db, &belief.probe) {
            Ok(progress) => Ok(progress),
            Err(error) if error.is_transient() => Ok(Progress::More),
            Err(error) => Err(format!("a step failed: {error}")),
        }
    }

    fn work(&self, who: usize) -> Result<(), String> {
        for _ in 0..200 {
            if self.step(who)? == Progress::Idle {
                return Ok(());
            }
        }
        Err("it works without an end".to_owned())
    }

    fn rewind(&mut self, who: usize, by: i64) -> Result<(), String> {
        let Some(position) = self.read(NAMES[who]).map(|cursor| cursor.position) else {
            return Ok(());
        };
        let Some(belief) = self.beliefs.get_mut(&who) else {
            return Ok(());
        };
        let to = (position - by).max(belief.begins);
        let allowed = belief.probe.repeatable && !belief.holders.is_empty();
        let outcome = bus::rewind(&self.house.db, NAMES[who], to, Origin::system());
        if outcome.is_ok() != allowed {
            return Err(format!("rewind: {outcome:?}"));
        }
        belief.rewound |= allowed;
        Ok(())
    }

    /// Holds every property against the database; gives what it saw.
    fn judge(
        &mut self,
        op: &Op,
        before: &BTreeMap<usize, Cursor>,
    ) -> Result<BTreeMap<usize, Cursor>, String> {
        let house = self.house;
        let mut conn = house.conn.borrow_mut();
        let log = truth::log(&mut conn);
        let marks: Vec<Mark> = log.iter().map(truth::Logged::mark).collect();
        if marks != self.published {
            return Err(format!(
                "P3: the log has {marks:?}, published were {:?}",
                self.published
            ));
        }
        let mut seen = BTreeMap::new();
        for (index, belief) in &mut self.beliefs {
            let name = NAMES[*index];
            let now = truth::cursor(&mut conn, name, &log).ok_or("a cursor is gone")?;
            belief.reached = belief.reached.max(now.position);
            let due: Vec<Mark> = log
                .iter()
                .filter(|item| item.seq > belief.begins && item.seq <= belief.reached)
                .map(truth::Logged::mark)
                .collect();
            belief
                .judge(&now, &due)
                .map_err(|broken| format!("{name}: {broken}"))?;
            if let Some(before) = before.get(index) {
                if now.position < before.position && !matches!(op, Op::Rewind(..)) {
                    return Err(format!(
                        "P9: {name} went from {} to {}",
                        before.position, now.position
                    ));
                }
                let held = before.paused && now.paused && !matches!(op, Op::Rewind(..));
                if held && (now.position, &now.heard) != (before.position, &before.heard) {
                    return Err(format!("P5: {name} went on while it was paused"));
                }
            }
            let worked = matches!(op, Op::Work(who) if who == index) && !now.paused;
            let head = log.last().map_or(0, |item| item.seq);
            if worked && now.position < head {
                return Err(format!("P6: {name} rests at {} of {head}", now.position));
            }
            seen.insert(*index, now);
        }
        Ok(seen)
    }

    /// Everybody is well, nobody is held, all is tried again: then everything was heard, once and in order.
    fn end(mut self) -> Result<(), String> {
        self.act(&Op::Heal)?;
        let names: Vec<usize> = self.beliefs.keys().copied().collect();
        for who in names {
            for which in [Holder::Deploy, Holder::Breaker, holder(false)] {
                drop(bus::resume(
                    &self.house.db,
                    NAMES[who],
                    &which,
                    Origin::system(),
                ));
            }
            if let Some(belief) = self.beliefs.get_mut(&who) {
                belief.holders.clear();
            }
            self.act(&Op::Replay(who))?;
            self.work(who)?;
            self.act(&Op::Clock(1))?;
            self.work(who)?;
            let before = BTreeMap::new();
            self.judge(&Op::Work(who), &before)?;
            let cursor = self.read(NAMES[who]).ok_or("a cursor is gone")?;
            if !cursor.unresolved.is_empty() {
                return Err(format!(
                    "P1: {} is left with {:?}",
                    NAMES[who], cursor.unresolved
                ));
            }
        }
        Ok(())
    }
}

impl Belief {
    fn judge(&self, now: &Cursor, due: &[Mark]) -> Result<(), String> {
        if now.paused == self.holders.is_empty() && self.fell.is_empty() {
            return Err(format!(
                "P5: paused is {}, holders are {:?}",
                now.paused, self.holders
            ));
        }
        let mut heard = BTreeSet::new();
        let mut last: BTreeMap<Uuid, i64> = BTreeMap::new();
        for (key, version) in &now.heard {
            if !heard.insert((*key, *version)) {
                return Err(format!("P1: number {version} of {key} was heard twice"));
            }
            if last
                .insert(*key, *version)
                .is_some_and(|last| last > *version)
            {
                return Err(format!("P2: number {version} of {key} was heard late"));
            }
        }
        for mark in due {
            let places = usize::from(heard.contains(mark))
                + usize::from(now.unresolved.contains(mark))
                + usize::from(now.skipped.contains(mark));
            if places == 0 {
                return Err(format!("P1: {mark:?} is lost"));
            }
            if places > 1 && !self.rewound {
                return Err(format!("P1: {mark:?} was heard, and is parked or skipped"));
            }
        }
        if let Some(mark) = heard.iter().find(|mark| !due.contains(mark)) {
            return Err(format!("P1: {mark:?} was heard and was not due"));
        }
        for (key, version) in &now.unresolved {
            if !self.fell.contains(key) {
                return Err(format!("P6: {key} is held and never failed"));
            }
            if !self.rewound && last.get(key).is_some_and(|last| last > version) {
                return Err(format!(
                    "P2: {key} went on past number {version}, which is parked"
                ));
            }
        }
        match self.probe.given.lock().unwrap().unknown.first() {
            Some(complaint) => Err(format!(
                "P8: {complaint} before it was given that one's first"
            )),
            None => Ok(()),
        }
    }
}

fn publish_batch(tx: &mut Tx<'_>, marks: &[Mark], known: &[Uuid]) -> AppResult<()> {
    let run: ShuffleId = tx.new_id();
    let assignments = marks
        .iter()
        .zip(known.iter().cycle())
        .map(|((key, version), other)| Assignment {
            task: TaskId(*key),
            from: None,
            to: UserId(*other),
            assignment_seq: i32::try_from(*version).unwrap(),
        })
        .collect();
    events::publish(tx, run.0, &TasksReassigned { run, assignments }).map(drop)
}

fn well<T>(outcome: AppResult<T>) -> Result<(), String> {
    outcome.map(drop).map_err(|error| error.to_string())
}
