//! Acts that are due at a steady pace, whether the answers keep up with it or not.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::load::is_long;

/// How often a measurement is made again until the machine was quiet for it.
const ROUNDS: usize = 3;

/// What came of the acts: how long each took from the moment when it was due, the quickest first.
#[derive(Debug)]
pub struct Paced(Vec<Duration>);

impl Paced {
    /// Of how long each act took.
    pub fn of(mut took: Vec<Duration>) -> Self {
        took.sort_unstable();
        Self(took)
    }

    /// What so much of the acts took at most.
    pub fn share(&self, share: f64) -> Duration {
        let last = self.0.len() - 1;
        self.0[((last as f64) * share).ceil() as usize]
    }

    /// Whether the shares took no longer than they may.
    pub fn keeps(&self, bounds: &[(f64, Duration)]) -> Result<(), String> {
        for (share, bound) in bounds {
            let took = self.share(*share);
            if took > *bound {
                return Err(format!("{share} of {} acts took {took:?}", self.0.len()));
            }
        }
        Ok(())
    }
}

/// Does `acts` acts, so many of them due each second, by so many clients; an act that is late does not hold up the next one's clock.
pub fn pace(rate: f64, acts: usize, clients: usize, act: impl Fn(usize) + Sync) -> Paced {
    let (begun, next) = (Instant::now(), AtomicUsize::new(0));
    let took = Mutex::new(Vec::with_capacity(acts));
    std::thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= acts {
                        return;
                    }
                    let due = begun + Duration::from_secs_f64(number as f64 / rate);
                    while let Some(early) = due.checked_duration_since(Instant::now()) {
                        std::thread::park_timeout(early);
                    }
                    act(number);
                    took.lock().unwrap().push(due.elapsed());
                }
            });
        }
    });
    Paced::of(took.into_inner().unwrap())
}

#[test]
fn what_comes_late_is_felt_by_those_behind_it_and_breaks_the_bound() {
    let bound = Duration::from_millis(30);
    let paced = pace(1_000.0, 5, 1, |number| {
        let stall = Instant::now();
        while number == 0 && stall.elapsed() < bound * 2 {
            std::thread::park_timeout(bound);
        }
    });
    assert!(paced.share(0.0) > bound, "{paced:?}");
    assert!(paced.keeps(&[(0.5, bound)]).is_err());
    assert!(paced.keeps(&[(1.0, Duration::MAX)]).is_ok());
}

/// Measures until it is as it must be, a few times at most: what the machine did meanwhile is not the product's fault.
pub fn in_a_calm_round(what: &str, mut measure: impl FnMut() -> Result<(), String>) {
    let mut told = Vec::new();
    for _ in 0..ROUNDS {
        match measure() {
            Ok(()) => return,
            Err(why) => told.push(why),
        }
    }
    panic!("{what}: {}", told.join("; "));
}

/// The same of something that is only about time: judged in the long form, told in the short one, which counts and looks at plans but
/// never at seconds, since it runs on machines that do other things as well.
pub fn in_time(what: &str, mut measure: impl FnMut() -> Result<(), String>) {
    if is_long() {
        in_a_calm_round(what, measure);
    } else if let Err(why) = measure() {
        println!("{what}, not judged here: {why}");
    }
}

/// The same of what was measured already, and cannot be measured again.
pub fn was_in_time(what: &str, kept: bool, figures: &str) {
    if !kept {
        assert!(!is_long(), "{what}: {figures}");
        println!("{what}, not judged here: {figures}");
    }
}
