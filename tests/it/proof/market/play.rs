//! Plays one history on the product and on the truth, step by step.

use std::cell::RefCell;
use std::rc::Rc;

use ates::operations::{self, Finding};
use ates::platform::clock::next_day;
use ates::platform::db::READER;
use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use super::company::{CHUNK, Company, OFFICE};
use super::look::{Seen, look};
use super::op::{Ear, Op};
use super::truth::{Answer, Truth};
use super::{Tally, readers};
use crate::proof::judge;

struct Game<'c> {
    company: &'c Company,
    truth: Truth,
    /// Where corrections are decided.
    corrections: Vec<String>,
    hired: usize,
    /// What was seen after the last thing that the product did, if it was looked at.
    fresh: RefCell<Option<Rc<Seen>>>,
}

/// Plays a case from the first day to an end at which nothing is left to do.
///
/// # Errors
/// The first difference, with the step after which it was seen.
pub fn play(company: &Company, ops: &[Op], case: usize, tally: &mut Tally) -> Result<(), String> {
    company.reset();
    let config = company.app.config();
    let people: Vec<(Uuid, String, String)> = company
        .people
        .iter()
        .zip(Company::roles())
        .map(|(person, role)| (person.id, person.username.clone(), role.to_owned()))
        .collect();
    let now = company.clock().now();
    let mut game = Game {
        company,
        truth: Truth::new(config.zone, config.payout_at, now, &people, OFFICE),
        corrections: Vec::new(),
        hired: 0,
        fresh: RefCell::default(),
    };
    let mut before: Option<(&'static str, bool)> = None;
    let is_long = std::env::var_os("ATES_TEST_LONG").is_some();
    for (step, op) in ops.iter().enumerate() {
        let stands_still = step
            .checked_sub(1)
            .is_some_and(|last| matches!(ops[last], Op::Midnight(_)));
        if !stands_still {
            company.clock().advance(Duration::seconds(1));
        }
        let outcome = game
            .act(op)
            .map_err(|broken| format!("step {step}, {op:?}: {broken}"))?;
        let fresh = game.fresh.take();
        let seen = fresh.unwrap_or_else(|| Rc::new(game.look()));
        game.truth
            .compare(&seen)
            .map_err(|broken| format!("after step {step}, {op:?}: {broken}"))?;
        if is_long {
            game.ask(|finding| finding.invariant.money)
                .map_err(|broken| format!("after step {step}, {op:?}: {broken}"))?;
        }
        let paid = outcome.ends_with("paid");
        *tally.outcomes.entry((op.kind(), outcome)).or_default() += 1;
        if let Some((kind, was_paid)) = before {
            if paid {
                *tally.before_payout.entry(kind).or_default() += 1;
            }
            if was_paid {
                *tally.after_payout.entry(op.kind()).or_default() += 1;
            }
        }
        before = Some((op.kind(), paid));
    }
    game.end(case)
        .map_err(|broken| format!("at the end: {broken}"))
}

/// What both said, if it is the same.
fn agree(found: Result<(), &'static str>, expected: Answer) -> Result<&'static str, String> {
    if found == expected {
        Ok(found.err().unwrap_or("ok"))
    } else {
        Err(format!("it answered {found:?}, must answer {expected:?}"))
    }
}

fn counted(lines: &[String]) -> &'static str {
    let any = |word: &str| lines.iter().any(|line| line.contains(word));
    let paid = |line: &&String| line.contains(" paid ") && !line.contains(": 0 paid");
    match lines.iter().filter(paid).count() {
        _ if any("held") => "held",
        2.. => "several paid",
        1 => "paid",
        _ if any("waits") => "waits",
        _ if lines.is_empty() => "not due",
        _ => "nothing to pay",
    }
}

impl Game<'_> {
    fn now(&self) -> DateTime<Utc> {
        self.company.clock().now()
    }

    fn look(&self) -> Seen {
        look(&mut self.company.conn())
    }

    /// A look after which the product does nothing more in this step.
    fn last_look(&self) -> Rc<Seen> {
        let seen = Rc::new(self.look());
        self.fresh.replace(Some(Rc::clone(&seen)));
        seen
    }

    fn act(&mut self, op: &Op) -> Result<&'static str, String> {
        let (company, now) = (self.company, self.now());
        match op {
            Op::Create(author) => {
                let author = self.truth.somebody(*author);
                let created = company.create(author.id)?;
                let fresh: Vec<Uuid> = created.into_iter().collect();
                agree(
                    created.map(drop),
                    self.truth.create(&author, &fresh, &self.last_look(), now)?,
                )
            }
            Op::Import(count) => {
                let author = self.truth.of_the_office(0);
                let before = self.look();
                let imported = company.import(author.id, *count)?;
                let seen = self.last_look();
                let fresh: Vec<Uuid> = seen
                    .tasks
                    .keys()
                    .filter(|id| !before.tasks.contains_key(id))
                    .copied()
                    .collect();
                if imported.is_ok() != (fresh.len() == *count) {
                    return Err(format!("{} tasks came of {count}", fresh.len()));
                }
                agree(imported, self.truth.create(&author, &fresh, &seen, now)?)
            }
            Op::Complete(number, by) => {
                let found = match by {
                    Some(_) => self.truth.some_task(*number),
                    None => self
                        .truth
                        .some_open_task(*number)
                        .or_else(|| self.truth.some_task(*number)),
                };
                let Some((task, holder)) = found else {
                    return Ok("nothing there");
                };
                let by = match by {
                    Some(number) => self.truth.somebody(*number),
                    None => self
                        .truth
                        .people
                        .iter()
                        .find(|person| person.id == holder)
                        .cloned()
                        .ok_or("nobody holds it")?,
                };
                agree(
                    company.complete(by.id, task)?,
                    self.truth.complete(&by, task, now),
                )
            }
            Op::Press(by) => {
                let by = self.truth.somebody(*by);
                agree(company.press(by.id)?, self.truth.press(&by, now))
            }
            Op::Chunk => {
                let any = self.truth.has_runs();
                company
                    .chunk()?
                    .map_err(|word| format!("a chunk answered {word}"))?;
                self.truth.chunk(&self.look(), now, CHUNK)?;
                Ok(if any { "ok" } else { "nothing there" })
            }
            Op::Deliver(ear) => {
                company.deliver(*ear)?;
                self.truth.deliver(*ear, &self.last_look(), now)?;
                Ok(if self.truth.is_paused(*ear) {
                    "paused"
                } else {
                    "ok"
                })
            }
            Op::Drain => self.drain(),
            Op::Pause(ear) => {
                company
                    .pause(*ear)?
                    .map_err(|word| format!("a pause answered {word}"))?;
                self.truth.pause(*ear, true);
                Ok("ok")
            }
            Op::Resume(ear) => {
                let expected = if self.truth.is_paused(*ear) {
                    Ok(())
                } else {
                    Err("404")
                };
                self.truth.pause(*ear, false);
                agree(company.resume(*ear)?, expected)
            }
            Op::Rewind(ear) if *ear == Ear::Analytics || self.truth.is_paused(*ear) => {
                Ok("not possible")
            }
            Op::Rewind(ear) => {
                company.rewind(*ear)?;
                self.truth.rewind(*ear, &self.last_look(), now)?;
                Ok("ok")
            }
            Op::Rebuild => company.rebuild().map(|()| "ok"),
            Op::Minutes(minutes) => {
                company.clock().advance(Duration::minutes(*minutes));
                Ok("ok")
            }
            Op::Midnight(micros) => {
                let zone = company.app.config().zone;
                let midnight = zone.end_of(zone.date_of(now)) + Duration::microseconds(*micros);
                company.clock().set(midnight.max(now));
                Ok("ok")
            }
            Op::Night(days, prepared) => self.night(*days, *prepared),
            Op::PayDate(offset) => {
                let date = self.truth.first_open + Duration::days(*offset);
                let (found, expected) = (company.pay_date(date)?, self.truth.pay_date(date, now));
                if found != expected {
                    return Err(format!("it said {found:?}, must say {expected:?}"));
                }
                Ok(match counted(std::slice::from_ref(&found)) {
                    _ if found.ends_with("409") => "409",
                    "paid" if *offset < 0 => "again",
                    other => other,
                })
            }
            Op::Deactivate(..) | Op::Roles(..) | Op::Hire(_) | Op::Ask(..) | Op::Decide(..) => {
                self.act_of_people(op)
            }
            Op::Cut(ear) => {
                let cut = company.cut(*ear)?;
                if !cut {
                    self.truth.deliver(*ear, &self.last_look(), now)?;
                }
                Ok(if cut { "cut" } else { "nothing there" })
            }
            Op::Refuse(number) => {
                let Some((task, _)) = self
                    .truth
                    .some_task(*number)
                    .filter(|_| self.truth.refused().is_none())
                else {
                    return Ok("nothing there");
                };
                company.refuse(Some(task));
                self.truth.refuse(task);
                Ok("ok")
            }
            Op::Heal => self.heal(),
            Op::Restart => company.restart().map(|()| "ok"),
            Op::Sweep => company.sweep().map(|()| "ok"),
        }
    }

    fn act_of_people(&mut self, op: &Op) -> Result<&'static str, String> {
        let (company, now) = (self.company, self.now());
        match op {
            Op::Deactivate(number) => {
                let person = self.truth.a_worker(*number);
                agree(
                    company.deactivate(person.id)?,
                    self.truth.deactivate(person.id, now),
                )
            }
            Op::Roles(number, role) => {
                let person = self.truth.a_worker(*number);
                agree(
                    company.change_role(person.id, role)?,
                    self.truth.change_role(person.id, role, now),
                )
            }
            Op::Hire(role) => {
                self.hired += 1;
                let username = format!("popug{}", self.hired);
                let id = company.hire(&username, role)?;
                self.truth.hire(id, &username, role, now);
                Ok("ok")
            }
            Op::Ask(by, about, cents) => {
                let (by, about) = (*by % OFFICE, self.truth.somebody(*about));
                let asker = self.truth.of_the_office(by);
                let asked = company.ask(by, &about.username, *cents)?;
                self.corrections.extend(asked.clone().ok());
                agree(asked.map(drop), self.truth.ask(asker.id, about.id, *cents))
            }
            Op::Decide(number, by, verdict) => {
                let Some(place) = self.truth.some_correction(*number) else {
                    return Ok("nothing there");
                };
                let (by, decider) = (*by % OFFICE, self.truth.of_the_office(*by));
                let found = company.decide(by, &self.corrections[place], *verdict)?;
                agree(found, self.truth.decide(place, &decider, *verdict, now))
            }
            other => Err(format!("{other:?} is not about people")),
        }
    }

    fn drain(&mut self) -> Result<&'static str, String> {
        for _ in 0..super::truth::ROUNDS {
            if self.company.is_quiet() {
                break;
            }
            Ear::ALL
                .iter()
                .try_for_each(|ear| self.company.deliver(*ear))?;
        }
        let (seen, now) = (self.last_look(), self.now());
        self.truth.drain(&seen, now)?;
        Ok("ok")
    }

    fn heal(&mut self) -> Result<&'static str, String> {
        let replayed = self.truth.refused().is_some();
        self.company.refuse(None);
        if self.truth.is_paused(Ear::Ledger) {
            self.company.resume(Ear::Ledger)?.map_err(str::to_owned)?;
        }
        self.company.replay()?;
        self.company.deliver(Ear::Ledger)?;
        self.company.deliver(Ear::Ledger)?;
        let (seen, now) = (self.last_look(), self.now());
        self.truth.heal(&seen, now)?;
        Ok(if replayed {
            "replayed"
        } else {
            "nothing there"
        })
    }

    fn night(&mut self, days: i64, prepared: bool) -> Result<&'static str, String> {
        let config = self.company.app.config();
        let mut date = config.zone.date_of(self.now());
        for _ in 0..days {
            date = next_day(date);
        }
        let night = config.zone.instant_of(date, config.payout_at) + Duration::minutes(1);
        self.company.clock().set(night.max(self.now()));
        if prepared {
            self.heal()?;
            self.drain()?;
        } else if days % 2 == 1 {
            // All is heard, and what cannot be booked keeps waiting.
            self.act(&Op::Deliver(Ear::Ledger))?;
            self.act(&Op::Deliver(Ear::Ledger))?;
        }
        self.fresh.take();
        let now = self.now();
        let (found, expected) = (self.company.night()?, self.truth.night(now));
        if found != expected {
            return Err(format!(
                "the nightly run said {found:?}, must say {expected:?}"
            ));
        }
        Ok(counted(&found))
    }

    /// That those of the invariants hold; they are asked whatever is under way.
    fn ask(&self, counts: impl Fn(&Finding) -> bool) -> Result<(), String> {
        let now = self.now();
        let findings = self
            .company
            .app
            .db()
            .read_blocking(READER, |conn| operations::verify(conn, now))
            .map_err(|error| error.to_string())?;
        let broken: Vec<String> = findings
            .iter()
            .filter(|finding| !finding.holds() && counts(finding))
            .map(ToString::to_string)
            .collect();
        if broken.is_empty() {
            Ok(())
        } else {
            Err(broken.join("; "))
        }
    }

    /// Everybody is well and hears everything, the runs end, another night passes: then everything holds, and readers see it.
    fn end(mut self, case: usize) -> Result<(), String> {
        for ear in Ear::ALL {
            if self.truth.is_paused(ear) {
                self.act(&Op::Resume(ear))?;
            }
        }
        self.heal()?;
        self.drain()?;
        for _ in 0..10_000 {
            if !self.truth.has_runs() {
                break;
            }
            self.act(&Op::Chunk)?;
        }
        self.drain()?;
        let first = self
            .company
            .app
            .config()
            .zone
            .date_of(crate::support::monday());
        self.night(1, true)?;
        self.drain()?;
        self.truth.compare(&self.look())?;
        self.company.clock().advance(Duration::minutes(2));
        // Invariant 11 allows the module of tasks a minute to hear of a new role; here it may be paused for days.
        let lags = self.truth.drawn_before_heard;
        self.ask(|finding| !(lags && finding.invariant.number == 11))?;
        let last = self.company.app.config().zone.date_of(self.now());
        readers::check(self.company, &self.truth, first, last, case)?;
        self.drain()?;
        let findings = judge::of_the_product(&mut self.company.conn());
        if findings.is_empty() {
            Ok(())
        } else {
            Err(findings.join("; "))
        }
    }
}
