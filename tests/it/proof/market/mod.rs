//! T-PROP-1: random histories of the whole market on a real Postgres, held against a reference in memory after every step.
//!
//! Tasks, prices, assignments, shuffles, completions, settlements of one night and of several missed ones, people who come, go and
//! change their role, corrections that are asked for and decided, events that are told again, connections that are cut, events
//! that cannot be booked and are replayed, pauses, and processes that begin anew: everything that moves money or could.
//!
//! After every step the tasks, every assignment, every price, every row of the ledger, every balance and every statement are
//! what the reference says: no difference is allowed while events are under way either. In the long form the invariants of money
//! are asked after every step, too. At the end of each case everything is heard, `ates verify` has the last word, and the readers
//! are asked (`readers.rs`).
//!
//! `ATES_TEST_SEED` plays the same cases again, `ATES_TEST_MARKET=1000x60` plays more and longer ones; `ATES_TEST_LONG` plays 10,000 of
//! 100 steps (`./check --long`).

mod company;
mod look;
mod op;
mod planted;
mod play;
mod readers;
mod reset;
mod truth;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use rand::SeedableRng;
use rand::rngs::StdRng;

use company::Company;
use op::Op;
use play::play;

/// How often each kind of step had each outcome, and which kinds came before and after a settlement that paid.
#[derive(Debug, Default)]
pub struct Tally {
    pub outcomes: BTreeMap<(&'static str, &'static str), u64>,
    pub before_payout: BTreeMap<&'static str, u64>,
    pub after_payout: BTreeMap<&'static str, u64>,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.before_payout, &other.before_payout),
            (&mut self.after_payout, &other.after_payout),
        ];
        for (own, theirs) in pairs {
            for (key, number) in theirs {
                *own.entry(key).or_default() += number;
            }
        }
        for (key, number) in &other.outcomes {
            *self.outcomes.entry(*key).or_default() += number;
        }
    }
}

/// How many cases of each kind there are in which it stands beside a settlement.
const ROUNDS_OF_KINDS: usize = 3;

/// Cases and steps: 256 of 40, in the long form 10,000 of 100, or what is asked for.
fn size() -> (usize, usize) {
    std::env::var("ATES_TEST_MARKET")
        .ok()
        .and_then(|text| {
            let (cases, steps) = text.split_once('x')?;
            Some((cases.parse().ok()?, steps.parse().ok()?))
        })
        .unwrap_or_else(|| {
            if std::env::var_os("ATES_TEST_LONG").is_some() {
                (10_000, 100)
            } else {
                (256, 40)
            }
        })
}

/// The steps of a case. The first cases bring each kind of step in turn just before and just after a settlement that pays, so
/// that this is never left to chance; the others are random.
fn history(seed: u64, case: usize, steps: usize) -> Vec<Op> {
    let mut rng = StdRng::seed_from_u64(seed ^ (case as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    // A market without a task is soon told.
    let mut ops = vec![Op::Import(4), Op::Drain];
    if case < ROUNDS_OF_KINDS * Op::KINDS.len() {
        let kind = case % Op::KINDS.len();
        ops.extend((0..3).map(|number| Op::Complete(number, None)));
        ops.push(Op::of(kind, &mut rng));
        ops.push(Op::Night(1, true));
        ops.push(Op::of(kind, &mut rng));
    }
    while ops.len() < steps {
        ops.push(Op::draw(&mut rng));
    }
    ops
}

/// Leaves out whatever the failure does not need, half by half and then one by one.
fn shrink(company: &Company, ops: &[Op], reason: String) -> (Vec<Op>, String) {
    let (mut least, mut reason) = (ops.to_vec(), reason);
    let (mut size, mut tries) = (least.len() / 2, 0);
    while size > 0 {
        let mut from = 0;
        while from < least.len() && tries < 400 {
            let mut fewer = least.clone();
            fewer.drain(from..(from + size).min(least.len()));
            tries += 1;
            match play(company, &fewer, 0, &mut Tally::default()) {
                Err(other) => (least, reason) = (fewer, other),
                Ok(()) => from += size,
            }
        }
        size /= 2;
    }
    (least, reason)
}

/// Plays the cases of a seed; gives the first failure, with the least steps that fail.
fn play_all(
    seed: u64,
    cases: usize,
    steps: usize,
    company: &Company,
    next: &AtomicUsize,
    tally: &Mutex<Tally>,
) -> Result<(), String> {
    let mut own = Tally::default();
    loop {
        let case = next.fetch_add(1, Ordering::SeqCst);
        if case >= cases {
            tally.lock().unwrap().add(&own);
            return Ok(());
        }
        let ops = history(seed, case, steps);
        if let Err(reason) = play(company, &ops, case, &mut own) {
            next.store(cases, Ordering::SeqCst);
            let (least, smaller) = shrink(company, &ops, reason.clone());
            return Err(format!(
                "seed {seed}, case {case}: {reason}\n{} steps are enough: {least:#?}\nwith them: {smaller}",
                least.len()
            ));
        }
    }
}

#[test]
fn t_prop_1_every_history_of_the_market_is_what_the_reference_says() {
    let seed = super::trial::seed();
    let ((cases, steps), begun) = (size(), Instant::now());
    let (next, tally) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    let failures: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| play_all(seed, cases, steps, &Company::found(), &next, &tally)))
            .collect();
        threads
            .into_iter()
            .filter_map(|thread| thread.join().unwrap().err())
            .collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let tally = tally.into_inner().unwrap();
    println!(
        "{cases} cases of {steps} steps in {:?}\n{tally:#?}",
        begun.elapsed()
    );
    if cases < 256 {
        return;
    }
    for kind in Op::KINDS {
        let times: u64 = tally
            .outcomes
            .iter()
            .filter(|(key, _)| key.0 == kind)
            .map(|(_, times)| times)
            .sum();
        assert!(times > 0, "{kind} never happened");
        assert!(
            tally.before_payout.contains_key(kind),
            "{kind} never came just before a payout"
        );
        assert!(
            tally.after_payout.contains_key(kind),
            "{kind} never came just after a payout"
        );
    }
    for outcome in [
        ("night", "paid"),
        ("night", "several paid"),
        ("night", "waits"),
        ("night", "held"),
        ("complete", "ok"),
        ("complete", "403"),
        ("complete", "409"),
        ("decide", "ok"),
        ("decide", "403"),
        ("cut", "cut"),
        ("heal", "replayed"),
    ] {
        assert!(
            tally.outcomes.contains_key(&outcome),
            "{outcome:?} never happened"
        );
    }
}
