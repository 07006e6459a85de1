//! Holds what was seen against what must be.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{Row, Status, Truth};
use crate::proof::market::look::{Seen, SeenRow};

impl Truth {
    /// The first difference, if there is one.
    pub fn compare(&self, seen: &Seen) -> Result<(), String> {
        self.compare_tasks(seen)?;
        self.compare_ledger(seen)?;
        self.compare_days(seen)
    }

    fn compare_tasks(&self, seen: &Seen) -> Result<(), String> {
        if seen.tasks.len() != self.tasks.len() {
            return Err(format!(
                "{} tasks, must be {}",
                seen.tasks.len(),
                self.tasks.len()
            ));
        }
        let mut assignments = 0;
        for (id, task) in &self.tasks {
            let found = seen
                .tasks
                .get(id)
                .ok_or_else(|| format!("task {id} is gone"))?;
            let status = match task.status {
                Status::Saving => "saving",
                Status::Open => "open",
                Status::Done => "done",
            };
            let price = task.price.filter(|_| task.priced);
            let fits = found.status == status
                && found.holder == task.holder()
                && usize::try_from(found.seq) == Ok(task.holders.len())
                && found.fee.zip(found.reward) == price;
            if !fits {
                return Err(format!("{found:?}, must be {status}, {task:?}"));
            }
            for (holder, seq) in task.holders.iter().zip(1..) {
                if seen.drawn.get(&(*id, seq)) != Some(holder) {
                    return Err(format!(
                        "assignment {seq} of task {id} is {:?}, must be {holder}",
                        seen.drawn.get(&(*id, seq))
                    ));
                }
            }
            assignments += task.holders.len();
            if seen.prices.get(id).copied() != task.price {
                return Err(format!(
                    "task {id} is priced {:?}, must be {:?}",
                    seen.prices.get(id),
                    task.price
                ));
            }
        }
        if seen.drawn.len() != assignments {
            return Err(format!(
                "{} assignments, must be {assignments}",
                seen.drawn.len()
            ));
        }
        Ok(())
    }

    fn compare_ledger(&self, seen: &Seen) -> Result<(), String> {
        let mut expected: Vec<&Row> = self.rows.iter().collect();
        expected.sort();
        let mut found: Vec<&SeenRow> = seen.rows.iter().collect();
        found.sort();
        for (place, row) in expected.iter().enumerate() {
            let same = found.get(place).is_some_and(|found| {
                (
                    found.account,
                    found.date,
                    found.kind.as_str(),
                    found.task,
                    found.seq,
                    found.amount,
                ) == (
                    row.account,
                    row.date,
                    row.kind,
                    row.task,
                    row.seq,
                    row.amount,
                )
            });
            if !same {
                return Err(format!(
                    "the ledger has {:?}, must have {row:?}",
                    found.get(place)
                ));
            }
        }
        if let Some(more) = found.get(expected.len()) {
            return Err(format!("the ledger has {more:?}, must not"));
        }
        // Of each account: no hole in the numbers, each balance the sum so far, and the last one the balance that is shown.
        let mut reached: BTreeMap<Uuid, (i64, i64)> = BTreeMap::new();
        for row in &seen.rows {
            let (balance, version) = reached.entry(row.account).or_default();
            (*balance, *version) = (*balance + row.amount, *version + 1);
            if (row.balance, row.version) != (*balance, *version) {
                return Err(format!(
                    "{row:?}, must be number {version} with balance {balance}"
                ));
            }
        }
        for (account, shown) in &seen.balances {
            let sum = reached.remove(account).unwrap_or_default();
            if *shown != sum {
                return Err(format!(
                    "{account} shows {shown:?}, the ledger says {sum:?}"
                ));
            }
        }
        match reached.first_key_value() {
            Some((account, _)) => Err(format!("{account} has no balance")),
            None => Ok(()),
        }
    }

    fn compare_days(&self, seen: &Seen) -> Result<(), String> {
        let closed: BTreeMap<_, _> = seen
            .days
            .values()
            .filter(|day| day.closed)
            .map(|day| (day.date, (day.people, day.paid)))
            .collect();
        if closed != self.closed {
            return Err(format!("closed are {closed:?}, must be {:?}", self.closed));
        }
        let closing: BTreeMap<_, _> = self
            .closing
            .iter()
            .filter(|(_, held)| !held.is_empty())
            .map(|(date, held)| (*date, held.clone()))
            .collect();
        if seen.held != closing {
            return Err(format!("held are {:?}, must be {closing:?}", seen.held));
        }
        if seen.statements != self.statements {
            return Err(format!(
                "the statements are {:?}, must be {:?}",
                seen.statements, self.statements
            ));
        }
        Ok(())
    }
}
