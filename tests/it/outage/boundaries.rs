//! Every commit of the end of a day and of its mails is cut off, before and after it is done (T-CRASH-2; the commits of people are cut
//! in `network`).

use std::collections::BTreeMap;

use ates::accounting::{mail_step, settle_due};
use ates::platform::workers::Progress;
use chrono::{Duration, NaiveDate};

use super::is_long;
use super::pair::Pair;
use super::proxy::{Cut, Proxy};
use crate::accounting::books::Books;
use crate::support::Person;
use crate::support::database::{TestDatabase, count};
use crate::support::smtp::SmtpSink;

/// A company on a server of its own, behind a network that can be cut.
struct House {
    // In this order, so that whoever looks at the books at the end still finds their server.
    books: Books,
    people: Vec<Person>,
    proxy: Proxy,
    sink: SmtpSink,
    _server: Pair,
}

impl House {
    fn build() -> Self {
        let server = Pair::alone();
        let proxy = Proxy::to(&server.folder().join("one"));
        let sink = SmtpSink::start();
        let books = Books::open_with(|settings| {
            settings
                .smtp(&sink.url())
                .set("ATES_PAYOUT_CHUNK", 1)
                .on(TestDatabase::at(&proxy.url()))
        });
        let people = books
            .app
            .register_all(&[("kesha", &["developer"]), ("gosha", &["developer"])]);
        Self {
            books,
            people,
            proxy,
            sink,
            _server: server,
        }
    }

    /// Everybody earns something, and the night comes; which date is over.
    fn day(&self) -> NaiveDate {
        let clock = self.books.app.clock();
        let date = clock.now().date_naive();
        for person in &self.people {
            self.books.work(person, 1, 1);
        }
        clock.set(date.and_hms_opt(23, 0, 0).unwrap().and_utc());
        date
    }

    /// Does it with a commit cut off, if one is named; whether it says that it went well, and how many commits it took.
    fn cut(&self, at: Option<(usize, Cut)>, work: impl FnOnce() -> bool) -> (bool, usize) {
        let before = self.proxy.commits();
        if let Some((nth, how)) = at {
            self.proxy.cut(nth, how);
        }
        let went_well = work();
        assert!(!self.proxy.is_armed(), "{at:?}: there was no such commit");
        (went_well, self.proxy.commits() - before)
    }

    fn settle(&self) -> bool {
        settle_due(self.books.app.db(), self.books.app.config()).is_ok()
    }

    fn send(&self) -> bool {
        let services = self.books.app.services();
        loop {
            match mail_step(&services.db, &services.mailer, &services.config) {
                Ok(Progress::More) => {}
                told => return told.is_ok(),
            }
        }
    }

    /// Nothing of the date is half done; whether all of it is.
    fn settled(&self, date: NaiveDate) -> bool {
        let mut conn = self.books.app.conn();
        let mut rows = |from: &str| count(&mut conn, from);
        let paid = rows("accounting.payouts");
        for beside in [
            "accounting.transfers where kind = 'payout'",
            "accounting.mails where kind = 'payout'",
            "bus.events where event_type = 'payment_log_record.created'",
        ] {
            assert_eq!(rows(beside), paid, "{date}: {beside}");
        }
        let told = format!(
            "bus.events where event_type = 'business_day.closed' and payload->>'business_date' = '{date}'"
        );
        let closed =
            format!("accounting.business_days where state = 'closed' and business_date = '{date}'");
        let closed = rows(&closed);
        assert_eq!(rows(&told), closed, "{date}");
        let of_date = rows(&format!(
            "accounting.payouts where business_date = '{date}'"
        ));
        assert!(closed == 0 || of_date == 2, "{date}: {of_date} were paid");
        closed == 1
    }

    /// Mails that did not leave, or are not told of as they stand.
    fn unsent(&self) -> i64 {
        let mut conn = self.books.app.conn();
        let sent = count(&mut conn, "accounting.mails where state = 'sent'");
        let told = count(&mut conn, "bus.events where event_type = 'email.sent'");
        assert_eq!(sent, told, "each mail that is sent is told of once");
        count(&mut conn, "accounting.mails where state <> 'sent'")
    }

    fn assert_settling_survives(&self, at: Option<(usize, Cut)>) -> usize {
        let date = self.day();
        let (went_well, commits) = self.cut(at, || self.settle());
        let place = format!("payout of {date}, {at:?}: said well {went_well}");
        assert!(self.settled(date) || !went_well, "{place}");
        assert!(self.settle() || self.settle(), "{place}, and once more");
        assert!(self.settled(date), "{place}, and once more");
        println!("{place}");
        commits
    }

    fn assert_mails_survive(&self, at: Option<(usize, Cut)>) -> usize {
        let due = usize::try_from(self.unsent()).unwrap();
        assert!(due > 0, "there is something to send");
        let before = self.sink.count();
        let (went_well, commits) = self.cut(at, || self.send());
        let place = format!("{due} mails, {at:?}: said well {went_well}");
        assert!(self.unsent() == 0 || !went_well, "{place}");
        while self.unsent() > 0 {
            // What was claimed by whoever was cut off is let go after some minutes.
            self.books.app.clock().advance(Duration::minutes(6));
            self.send();
        }
        let arrived = self.sink.count() - before;
        println!("{place}, {arrived} arrived");
        assert!(
            arrived == due || (at.is_some() && arrived == due + 1),
            "{place}: {arrived}"
        );
        commits
    }
}

#[test]
fn t_crash_2_every_commit_of_a_payout_and_of_its_mails_is_cut_and_nobody_is_paid_or_written_to_twice()
 {
    let house = House::build();
    let settling = house.assert_settling_survives(None);
    let mailing = house.assert_mails_survive(None);
    println!("{settling} commits of a payout, {mailing} of its mails");
    assert!(settling >= 4 && mailing >= 3);
    for _ in 0..if is_long() { 5 } else { 1 } {
        for nth in 1..=settling.max(mailing) {
            for how in [Cut::Before, Cut::After] {
                let next = house.books.app.clock().now() + Duration::hours(10);
                house.books.app.clock().set(next);
                house.assert_settling_survives((nth <= settling).then_some((nth, how)));
                house.assert_mails_survive((nth <= mailing).then_some((nth, how)));
            }
        }
    }
    // Under one Message-ID each, also where one came twice.
    let mut arrived: BTreeMap<String, String> = BTreeMap::new();
    for mail in house.sink.mails() {
        let id = mail.header("Message-ID").unwrap().to_owned();
        let before = arrived.insert(id, mail.to.clone());
        assert!(before.is_none_or(|to| to == mail.to));
    }
    let mails = count(&mut house.books.app.conn(), "accounting.mails");
    assert_eq!(i64::try_from(arrived.len()).unwrap(), mails);
}
