//! The subscribers of a history.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use ates::bus::{Item, Start, Subscriber};
use ates::events::Fact;
use ates::platform::db::{DbRole, Tx};
use ates::platform::error::{AppError, AppResult};
use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Integer, Text, Uuid as SqlUuid};
use diesel::{RunQueryDsl, sql_query};
use uuid::Uuid;

use super::op::{Ill, SUBSCRIBERS};

pub const NAMES: [&str; SUBSCRIBERS] = ["proof.alpha", "proof.beta", "proof.gamma"];

/// A mistake of the probe itself: the control of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    Doubles,
    Forgets,
    Reorders,
}

/// Writes down what it hears, and fails for the keys it is told to.
#[derive(Clone)]
pub struct Probe {
    pub name: &'static str,
    /// The second one hears nothing twice by itself, so it may be set back.
    pub repeatable: bool,
    pub start: Start,
    pub fault: Fault,
    /// How it fails at a key, and how often still.
    pub ills: Arc<Mutex<HashMap<Uuid, (Ill, u8)>>>,
    /// Every key and number that it was given, in order, whatever became of it; and what referred to the unknown.
    pub given: Arc<Mutex<Given>>,
}

/// What a probe was given in its life.
#[derive(Debug, Default)]
pub struct Given {
    pub seen: Vec<(Uuid, i64)>,
    pub unknown: Vec<String>,
}

impl Probe {
    pub fn new(index: usize, start: Start, fault: Fault) -> Self {
        Self {
            name: NAMES[index],
            repeatable: index == 1,
            start,
            fault,
            ills: Arc::default(),
            given: Arc::default(),
        }
    }

    /// What a fact says of its key: its number, and whom else it refers to.
    fn read(item: &Item) -> (i64, Option<Uuid>) {
        match &item.fact {
            Fact::AccountDeleted(deleted) => (deleted.version, None),
            Fact::TaskAssigned {
                to, assignment_seq, ..
            } => (i64::from(*assignment_seq), Some(to.0)),
            other => panic!("not published here: {other:?}"),
        }
    }

    fn note(&self, item: &Item) -> i64 {
        let (version, other) = Self::read(item);
        let mut given = self.given.lock().unwrap();
        given.seen.push((item.subject, version));
        if self.start == Start::Beginning
            && let Some(other) = other
            && !given.seen.contains(&(other, 1))
        {
            let complaint = format!("{} number {version} refers to {other}", item.subject);
            given.unknown.push(complaint);
        }
        version
    }

    fn fall(&self, tx: &mut Tx<'_>, key: Uuid) -> AppResult<()> {
        let ill = {
            let mut ills = self.ills.lock().unwrap();
            let Some((ill, times)) = ills.get_mut(&key) else {
                return Ok(());
            };
            let ill = *ill;
            *times -= 1;
            if *times == 0 {
                ills.remove(&key);
            }
            ill
        };
        match ill {
            Ill::Error => Err(AppError::internal("told to fail")),
            Ill::Invalid => Err(AppError::Invalid(Vec::new())),
            Ill::Panic => panic!("{}", super::TOLD_TO_PANIC),
            Ill::Cut => {
                tx.conn()
                    .batch_execute("reset role; select pg_terminate_backend(pg_backend_pid())")?;
                Ok(())
            }
        }
    }
}

impl Subscriber for Probe {
    fn name(&self) -> &'static str {
        self.name
    }

    fn role(&self) -> DbRole {
        DbRole::new("ates_analytics")
    }

    fn types(&self) -> &'static [&'static str] {
        &["account.deleted", "tasks.reassigned"]
    }

    fn start(&self) -> Start {
        self.start
    }

    fn repeatable(&self) -> bool {
        self.repeatable
    }

    fn handle(&self, tx: &mut Tx<'_>, items: &[Item]) -> AppResult<()> {
        let mut items: Vec<&Item> = items.iter().collect();
        if self.fault == Fault::Reorders {
            items.reverse();
        }
        if self.fault == Fault::Forgets {
            items.pop();
        }
        for item in items {
            let version = self.note(item);
            let times = if self.fault == Fault::Doubles { 2 } else { 1 };
            for _ in 0..times {
                sql_query(
                    "insert into proof.heard (subscriber, key, seq, item_no, version)
                     select $1, $2, $3, $4, $5 where not $6 or not exists (
                       select from proof.heard where subscriber = $1 and key = $2 and version = $5)",
                )
                .bind::<Text, _>(self.name)
                .bind::<SqlUuid, _>(item.subject)
                .bind::<BigInt, _>(item.seq)
                .bind::<Integer, _>(item.item_no)
                .bind::<BigInt, _>(version)
                .bind::<diesel::sql_types::Bool, _>(self.repeatable)
                .execute(tx.conn())?;
            }
            self.fall(tx, item.subject)?;
        }
        Ok(())
    }
}
