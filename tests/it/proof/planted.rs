//! Five faults planted on purpose. Each must turn the judge red; without any, the same trial is clean.

use std::time::Duration;

use super::monkey::Tools;
use super::trial::Trial;

const TRIAL: Trial = Trial {
    faults: None,
    sabotage: None,
    dawdle_ms: 0,
    tools: Tools {
        kill: true,
        freeze: false,
        pause: true,
        terminate: true,
        longest_pause: Duration::from_millis(400),
    },
    time: Duration::from_secs(6),
};

/// The body of `bus.append` as it is in the database, without its lock.
const WITHOUT_THE_LOCK: &str = "
    do $$
    declare
      source text := pg_get_functiondef('bus.append'::regproc);
      unlocked text := regexp_replace(source, 'perform pg_advisory_xact_lock\\([^;]*;', '');
    begin
      assert source <> unlocked, 'bus.append takes no lock';
      execute unlocked;
    end $$";

/// Trials before a fault counts as not found: a single one may be lucky, as its kills come at random moments.
const TRIALS: usize = 5;

fn found(trial: &Trial, rules: &[&str]) {
    let mut all = Vec::new();
    for _ in 0..TRIALS {
        let findings = trial.run();
        println!("{findings:#?}");
        if findings
            .iter()
            .any(|finding| rules.iter().any(|rule| finding.starts_with(rule)))
        {
            return;
        }
        all.extend(findings);
    }
    panic!("the fault was planted and none of {rules:?} was found, only {all:#?}");
}

#[test]
fn without_a_fault_the_same_trial_is_clean() {
    let findings = Trial {
        faults: Some("handler_error=0.3,handler_panic=0.02"),
        time: Duration::from_secs(8),
        ..TRIAL
    }
    .run();
    assert!(findings.is_empty(), "{findings:#?}");
}

#[test]
fn planted_a_an_append_without_the_lock_is_found() {
    let trial = Trial {
        sabotage: Some(WITHOUT_THE_LOCK),
        ..TRIAL
    };
    found(&trial, &["P1: lost"]);
}

#[test]
fn planted_b_a_cursor_in_a_second_transaction_is_found() {
    let trial = Trial {
        faults: Some("plant=second_transaction"),
        ..TRIAL
    };
    // The late cursor also moves behind a pause that has returned.
    found(&trial, &["P1: doubled", "P5: "]);
}

#[test]
fn planted_c_a_pause_put_aside_is_found() {
    let trial = Trial {
        faults: Some("plant=pause_aside"),
        dawdle_ms: 150,
        ..TRIAL
    };
    found(&trial, &["P5: "]);
}

#[test]
fn planted_d_a_sequence_with_a_cache_is_found() {
    let trial = Trial {
        sabotage: Some("alter sequence bus.events_seq cache 50"),
        ..TRIAL
    };
    found(&trial, &["P1: lost"]);
}

#[test]
fn planted_e_a_blocked_key_that_is_not_held_is_found() {
    let trial = Trial {
        faults: Some("handler_error=0.3,plant=skip_blocked"),
        ..TRIAL
    };
    found(&trial, &["P2: "]);
}
