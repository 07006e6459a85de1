//! What subscribers make of what they hear.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Fact, Row, Status, Told, Truth};
use crate::proof::market::look::Seen;
use crate::proof::market::op::Ear;

/// Rounds of a drain: from a creation to the last word about it there are four.
pub const ROUNDS: usize = 5;

impl Truth {
    /// A subscriber hears everything there is, unless it is paused.
    pub fn deliver(&mut self, ear: Ear, seen: &Seen, now: DateTime<Utc>) -> Result<(), String> {
        if self.paused[ear as usize] {
            return Ok(());
        }
        let news = self.log[self.heard[ear as usize]..].to_vec();
        self.heard[ear as usize] = self.log.len();
        match ear {
            Ear::Employees => self.hear_of_people(&news, seen, now),
            Ear::Prices => self.hear_of_prices(&news, seen, now),
            Ear::Ledger => self.hear_of_tasks(news, seen, now),
            Ear::Analytics => Ok(()),
        }
    }

    /// A subscriber hears everything once more. Only the ledger may make something else of it: it can refuse now what it
    /// had booked, and then holds the account until it is asked again.
    pub fn rewind(&mut self, ear: Ear, seen: &Seen, now: DateTime<Utc>) -> Result<(), String> {
        if ear == Ear::Ledger {
            self.heard[ear as usize] = 0;
        }
        self.deliver(ear, seen, now)
    }

    pub fn drain(&mut self, seen: &Seen, now: DateTime<Utc>) -> Result<(), String> {
        for _ in 0..ROUNDS {
            for ear in Ear::ALL {
                self.deliver(ear, seen, now)?;
            }
        }
        Ok(())
    }

    fn hear_of_people(
        &mut self,
        news: &[Told],
        seen: &Seen,
        now: DateTime<Utc>,
    ) -> Result<(), String> {
        let before = self.candidates();
        for told in news {
            if let Fact::Person(id, gets_tasks) = told.fact {
                let person = self
                    .people
                    .iter_mut()
                    .find(|person| person.id == id)
                    .expect("a person");
                person.drawn = gets_tasks;
            }
        }
        if self.candidates() == before {
            return Ok(());
        }
        let stranded: Vec<Uuid> = self
            .tasks
            .iter()
            .filter(|(_, task)| task.status == Status::Open && !self.person(task.holder()).drawn)
            .map(|(id, _)| *id)
            .collect();
        self.redraw(&stranded, seen, now)
    }

    fn redraw(&mut self, stranded: &[Uuid], seen: &Seen, now: DateTime<Utc>) -> Result<(), String> {
        if self.candidates().is_empty() {
            return Ok(());
        }
        stranded
            .iter()
            .try_for_each(|id| self.assign(seen, *id, now))
    }

    fn hear_of_prices(
        &mut self,
        news: &[Told],
        seen: &Seen,
        now: DateTime<Utc>,
    ) -> Result<(), String> {
        let mut stranded = Vec::new();
        for told in news {
            let Fact::Estimated(id) = told.fact else {
                continue;
            };
            let task = self.tasks.get_mut(&id).expect("a task");
            if task.status != Status::Saving {
                continue;
            }
            (task.status, task.priced) = (Status::Open, true);
            let holder = task.holder();
            self.tell(now, Fact::Other);
            if !self.person(holder).drawn {
                stranded.push(id);
            }
        }
        self.redraw(&stranded, seen, now)
    }

    fn hear_of_tasks(
        &mut self,
        news: Vec<Told>,
        seen: &Seen,
        now: DateTime<Utc>,
    ) -> Result<(), String> {
        for told in news {
            let task = match told.fact {
                Fact::Person(id, _) => {
                    let person = self.people.iter_mut().find(|person| person.id == id);
                    person.expect("a person").booked = true;
                    continue;
                }
                Fact::Assigned(task, ..) | Fact::Completed(task, _) => task,
                Fact::Estimated(_) | Fact::Other => continue,
            };
            if self.refused == Some(task)
                || self.parked.iter().any(|other| other.task() == Some(task))
            {
                self.parked.push(told);
            } else {
                self.book(&told, seen, now)?;
            }
        }
        Ok(())
    }

    /// The date that something of an instant is booked on.
    pub(super) fn date_of(&self, at: DateTime<Utc>) -> NaiveDate {
        self.zone.date_of(at).max(self.first_open)
    }

    /// The date that something of an account is booked on: one that it is held for takes what was recorded before its end.
    fn date_for(&self, account: Uuid, at: DateTime<Utc>) -> NaiveDate {
        let held = self
            .closing
            .iter()
            .find(|(date, held)| held.contains(&account) && at < self.zone.end_of(**date));
        held.map_or_else(|| self.date_of(at), |(date, _)| *date)
    }

    fn book(&mut self, told: &Told, seen: &Seen, now: DateTime<Utc>) -> Result<(), String> {
        let (task, seq, account) = match told.fact {
            Fact::Assigned(task, seq, to) => (task, Some(seq), to),
            Fact::Completed(task, by) => (task, None, by),
            _ => return Ok(()),
        };
        let (fee, reward) = self.price(task, seen, now)?;
        if !self.booked.insert((task, seq)) {
            return Ok(());
        }
        let row = Row {
            account,
            date: self.date_for(account, told.at),
            kind: if seq.is_some() {
                "assignment_fee"
            } else {
                "completion_reward"
            },
            task: Some(task),
            seq,
            amount: if seq.is_some() { -fee } else { reward },
        };
        self.rows.push(row);
        self.tell(now, Fact::Other);
        Ok(())
    }

    fn price(&mut self, id: Uuid, seen: &Seen, now: DateTime<Utc>) -> Result<(i64, i64), String> {
        if let Some(price) = self.tasks[&id].price {
            return Ok(price);
        }
        let price @ (fee, reward) = *seen
            .prices
            .get(&id)
            .ok_or_else(|| format!("task {id} has no price"))?;
        let fits = (1_000..=2_000).contains(&fee)
            && (2_000..=4_000).contains(&reward)
            && fee % 100 == 0
            && reward % 100 == 0;
        if !fits {
            return Err(format!("task {id} costs {fee} and {reward}"));
        }
        self.tasks.get_mut(&id).expect("a task").price = Some(price);
        self.tell(now, Fact::Estimated(id));
        Ok(price)
    }

    /// The ledger can make nothing of a task.
    pub fn refuse(&mut self, task: Uuid) {
        self.refused = Some(task);
    }

    pub fn refused(&self) -> Option<Uuid> {
        self.refused
    }

    /// It can again; what was parked is booked, then what else there is.
    pub fn heal(&mut self, seen: &Seen, now: DateTime<Utc>) -> Result<(), String> {
        self.refused = None;
        self.pause(Ear::Ledger, false);
        for told in std::mem::take(&mut self.parked) {
            self.book(&told, seen, now)?;
        }
        self.deliver(Ear::Ledger, seen, now)?;
        self.deliver(Ear::Ledger, seen, now)
    }
}

impl Told {
    fn task(&self) -> Option<Uuid> {
        match self.fact {
            Fact::Assigned(task, ..) | Fact::Completed(task, _) => Some(task),
            _ => None,
        }
    }

    /// Whose account it moves.
    pub(super) fn account(&self) -> Option<Uuid> {
        match self.fact {
            Fact::Assigned(_, _, account) | Fact::Completed(_, account) => Some(account),
            _ => None,
        }
    }
}
