//! Who comes, who goes, and who corrects the books.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Answer, Correction, Fact, Person, Row, Truth, gets_tasks};
use crate::proof::market::op::Verdict;

impl Truth {
    pub fn hire(&mut self, id: Uuid, username: &str, role: &str, now: DateTime<Utc>) {
        self.people.push(Person {
            id,
            username: username.to_owned(),
            role: role.to_owned(),
            active: true,
            drawn: false,
            booked: false,
        });
        self.tell(now, Fact::Person(id, gets_tasks(role)));
    }

    /// Somebody who is not of the office.
    pub fn a_worker(&self, number: usize) -> Person {
        let workers = self.people.len() - self.office;
        self.people[self.office + number % workers].clone()
    }

    pub fn deactivate(&mut self, id: Uuid, now: DateTime<Utc>) -> Answer {
        self.change(id, now, false, |person| person.active = false)
    }

    pub fn change_role(&mut self, id: Uuid, role: &str, now: DateTime<Utc>) -> Answer {
        self.change(id, now, gets_tasks(role), |person| {
            role.clone_into(&mut person.role)
        })
    }

    fn change(
        &mut self,
        id: Uuid,
        now: DateTime<Utc>,
        gets_tasks: bool,
        change: impl FnOnce(&mut Person),
    ) -> Answer {
        let person = self
            .people
            .iter_mut()
            .find(|person| person.id == id)
            .expect("a person");
        if !person.active {
            return Err("409");
        }
        change(person);
        self.tell(now, Fact::Person(id, gets_tasks));
        Ok(())
    }

    pub fn ask(&mut self, asker: Uuid, person: Uuid, cents: i64) -> Answer {
        if !self.person(person).booked {
            return Err("422");
        }
        self.corrections.push(Correction {
            person,
            cents,
            asker,
            decided: false,
        });
        Ok(())
    }

    /// A correction of a number: its place among all that were asked for.
    pub fn some_correction(&self, number: usize) -> Option<usize> {
        number.checked_rem(self.corrections.len())
    }

    pub fn decide(
        &mut self,
        place: usize,
        by: &Person,
        verdict: Verdict,
        now: DateTime<Utc>,
    ) -> Answer {
        if verdict != Verdict::Withdrawal && by.role != "administrator" {
            return Err("403");
        }
        let correction = &mut self.corrections[place];
        if correction.decided {
            return Err("409");
        }
        match (verdict, correction.asker == by.id) {
            (Verdict::Withdrawal, false) => return Err("409"),
            (Verdict::Confirmation | Verdict::Rejection, true) => return Err("403"),
            _ => {}
        }
        correction.decided = true;
        if verdict == Verdict::Confirmation {
            let (account, amount) = (correction.person, correction.cents);
            let date = self.date_of(now);
            self.rows.push(Row {
                account,
                date,
                kind: "adjustment",
                task: None,
                seq: None,
                amount,
            });
            self.tell(now, Fact::Other);
        }
        Ok(())
    }
}
