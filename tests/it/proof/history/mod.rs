//! P1, P2, P3, P5, P6, P7, P8 and P9: random histories of one bus, held against a naive model after every step.
//!
//! The model keeps the log as a list, and of each subscriber what it may and must have heard. Nothing runs by itself: a subscriber
//! does a step when the history says so, on a clock that moves when the history says so. `ATES_TEST_SEED` plays the same cases
//! again; `ATES_TEST_CASES` makes them more than 256.

mod house;
mod op;
mod probe;
mod truth;

use std::sync::Once;

use proptest::collection::vec;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use house::House;

/// What a handler says when it panics as it was told; nobody needs to see where.
pub const TOLD_TO_PANIC: &str = "told to panic";

/// Leaves panics that were asked for out of the output.
fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.payload_as_str() != Some(TOLD_TO_PANIC) {
                usual(info);
            }
        }));
    });
}

/// Runs a property over cases from a printed seed.
pub fn check<T: std::fmt::Debug>(
    strategy: &impl proptest::strategy::Strategy<Value = T>,
    test: impl Fn(T) -> Result<(), String>,
) {
    hush();
    let cases = std::env::var("ATES_TEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(256);
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 300,
        ..Config::default()
    };
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&super::trial::seed().to_le_bytes());
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    match runner.run(strategy, |case| test(case).map_err(TestCaseError::fail)) {
        Ok(()) => println!("{cases} cases"),
        Err(TestError::Fail(reason, case)) => panic!("{reason}\nthe smallest such case: {case:#?}"),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn p1_p2_p3_p5_p6_p7_p8_p9_hold_after_every_step_of_every_history() {
    let house = House::new();
    check(&vec(op::any(), 1..24), |ops| house.play(&ops));
}

#[test]
fn a_probe_that_hears_twice_or_forgets_is_found() {
    for fault in [
        probe::Fault::Doubles,
        probe::Fault::Forgets,
        probe::Fault::Reorders,
    ] {
        let house = House::with(fault);
        let ops = [op::Op::Publish(vec![1, 2, 1, 2]), op::Op::Step(0)];
        let outcome = house.play(&ops);
        assert!(outcome.is_err(), "{fault:?} was not found");
    }
}
