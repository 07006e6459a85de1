//! What is paid when.

use std::collections::BTreeMap;

use ates::platform::clock::{next_day, previous_day};
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Fact, Row, Truth};
use crate::proof::market::op::Ear;

impl Truth {
    /// What the nightly run says: a line for each date it takes up.
    pub fn night(&mut self, now: DateTime<Utc>) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let date = self.first_open;
            let due = self
                .zone
                .end_of(date)
                .max(self.zone.instant_of(next_day(date), self.payout_at));
            if now < due {
                return lines;
            }
            let line = self.settle(date, now);
            let waits = line.contains("waits");
            lines.push(line);
            if waits {
                return lines;
            }
        }
    }

    /// What the settlement of one date says.
    pub fn pay_date(&mut self, date: NaiveDate, now: DateTime<Utc>) -> String {
        if let Some((people, paid)) = self.closed.get(&date) {
            return format!("{date}: {people} paid {paid}");
        }
        if date != self.first_open || now < self.zone.end_of(date) {
            return format!("{date}: 409");
        }
        self.settle(date, now)
    }

    /// The barrier, and then the payment.
    fn settle(&mut self, date: NaiveDate, now: DateTime<Utc>) -> String {
        let end = self.zone.end_of(date);
        let news = &self.log[self.heard[Ear::Ledger as usize]..];
        if self.is_paused(Ear::Ledger) || news.iter().any(|told| told.at < end) {
            return format!("{date}: waits for the ledger");
        }
        if self.parked.iter().any(|told| told.at < end) {
            return format!("{date}: waits for repair");
        }
        let mut lines: BTreeMap<Uuid, [i64; 4]> = BTreeMap::new();
        for ((_, account), amounts) in self
            .statements
            .range((previous_day(date), Uuid::nil())..(date, Uuid::nil()))
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
        let (mut people, mut paid) = (0, 0);
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
                (people, paid) = (people + 1, paid + payout);
                self.rows.push(Row {
                    account,
                    date,
                    kind: "payout",
                    task: None,
                    seq: None,
                    amount: -payout,
                });
            }
        }
        self.closed.insert(date, (people, paid));
        self.first_open = next_day(date);
        self.tell(now, Fact::Other);
        format!("{date}: {people} paid {paid}")
    }
}
