//! What is paid when, and who is held back.

use std::collections::{BTreeMap, BTreeSet};

use ates::platform::clock::{next_day, previous_day};
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Fact, Row, Truth};
use crate::proof::market::op::Ear;

impl Truth {
    /// What the nightly run says: a line for each date it takes up.
    pub fn night(&mut self, now: DateTime<Utc>) -> Vec<String> {
        let mut lines = Vec::new();
        let mut dates: Vec<NaiveDate> = self.closing.keys().copied().collect();
        dates.push(self.first_open);
        while let Some(date) = dates.first().copied() {
            let due = self
                .zone
                .end_of(date)
                .max(self.zone.instant_of(next_day(date), self.payout_at));
            if now < due {
                break;
            }
            let line = self.settle(date, now);
            let waits = line.contains("waits");
            lines.push(line);
            if waits {
                break;
            }
            dates.remove(0);
            if dates.is_empty() {
                dates.push(self.first_open);
            }
        }
        lines
    }

    /// What the settlement of one date says.
    pub fn pay_date(&mut self, date: NaiveDate, now: DateTime<Utc>) -> String {
        if let Some((people, paid)) = self.closed.get(&date) {
            return format!("{date}: {people} paid {paid}");
        }
        let is_over = date == self.first_open && now >= self.zone.end_of(date);
        if !is_over && !self.closing.contains_key(&date) {
            return format!("{date}: 409");
        }
        self.settle(date, now)
    }

    /// The barrier, the payment of all who are not held, and of those who were and wait for nothing any more.
    fn settle(&mut self, date: NaiveDate, now: DateTime<Utc>) -> String {
        let end = self.zone.end_of(date);
        let waiting: BTreeSet<Uuid> = self
            .parked
            .iter()
            .filter(|told| told.at < end)
            .filter_map(|told| told.account())
            .collect();
        if date == self.first_open {
            let news = &self.log[self.heard[Ear::Ledger as usize]..];
            if self.is_paused(Ear::Ledger) || news.iter().any(|told| told.at < end) {
                return format!("{date}: waits for the ledger");
            }
            let mut held = waiting.clone();
            held.extend(self.closing.values().flatten());
            self.first_open = next_day(date);
            self.pay(date, |account| !held.contains(account), now);
            self.closing.insert(date, held);
        }
        let earlier: BTreeSet<Uuid> = self
            .closing
            .range(..date)
            .flat_map(|(_, held)| held.iter().copied())
            .collect();
        let held = self.closing.remove(&date).unwrap_or_default();
        let (held, free): (BTreeSet<Uuid>, BTreeSet<Uuid>) = held
            .into_iter()
            .partition(|account| waiting.contains(account) || earlier.contains(account));
        self.pay(date, |account| free.contains(account), now);
        let payouts = self
            .statements
            .range((date, Uuid::nil())..=(date, Uuid::max()))
            .map(|(_, amounts)| amounts[4]);
        let paid: i64 = payouts.clone().sum();
        let people = payouts.filter(|payout| *payout > 0).count();
        if held.is_empty() {
            let people = i32::try_from(people).unwrap();
            self.closed.insert(date, (people, paid));
            self.tell(now, Fact::Other);
            return format!("{date}: {people} paid {paid}");
        }
        let line = format!("{date}: {people} paid {paid}, {} held", held.len());
        self.closing.insert(date, held);
        line
    }

    /// Settles the accounts for a date that are meant.
    fn pay(&mut self, date: NaiveDate, is_meant: impl Fn(&Uuid) -> bool, now: DateTime<Utc>) {
        let mut lines: BTreeMap<Uuid, [i64; 4]> = BTreeMap::new();
        let yesterday = previous_day(date);
        for ((_, account), amounts) in self
            .statements
            .range((yesterday, Uuid::nil())..=(yesterday, Uuid::max()))
        {
            if amounts[5] != 0 {
                lines.entry(*account).or_default()[0] = amounts[5];
            }
        }
        for row in self.rows.iter().filter(|row| row.date == date) {
            let place = match row.kind {
                "assignment_fee" => 1,
                "completion_reward" => 2,
                _ => 3,
            };
            lines.entry(row.account).or_default()[place] += row.amount;
        }
        lines.retain(|account, _| is_meant(account));
        for (account, [opening, fees, rewards, adjustments]) in lines {
            let balance = opening + fees + rewards + adjustments;
            let payout = balance.max(0);
            let statement = vec![
                opening,
                fees,
                rewards,
                adjustments,
                payout,
                balance - payout,
            ];
            self.statements.insert((date, account), statement);
            if payout > 0 {
                self.rows.push(Row {
                    account,
                    date,
                    kind: "payout",
                    task: None,
                    seq: None,
                    amount: -payout,
                });
                self.tell(now, Fact::Other);
            }
        }
    }
}
