//! Faults planted on purpose, each as an edit of the database: every one must turn the market red.

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection;

use super::company::Company;
use super::op::{Ear, Op};
use super::play::play;
use super::{Tally, history};

/// Cases before a fault counts as not found.
const CASES: usize = 128;

fn sabotaged(sabotage: &str) -> Company {
    let company = Company::found();
    company.conn().batch_execute(sabotage).unwrap();
    company
}

/// Plays random cases until one is red; gives what it says.
fn found(sabotage: &str) -> String {
    let seed = crate::proof::trial::seed();
    let company = sabotaged(sabotage);
    for case in 0..CASES {
        if let Err(reason) = play(
            &company,
            &history(seed, case, 40),
            case,
            &mut Tally::default(),
        ) {
            println!("found by case {case}: {reason}");
            return reason;
        }
    }
    panic!("the fault was planted and no case of {CASES} was red");
}

#[test]
fn t_prop_5_a_reward_that_can_be_booked_twice_is_found() {
    // Both nets are gone: the look at what is booked already, and the unique indexes below it. Readers look at the same view, so
    // a history of its own: what happened is told again.
    let company = sabotaged(
        "do $$ declare one record; begin
           execute 'create or replace view accounting.all_transfers as '
             || regexp_replace(pg_get_viewdef('accounting.all_transfers'), ';\\s*$', '')
             || ' limit 0';
           for one in select i.indexrelid::regclass as name from pg_index i join pg_inherits h on h.inhrelid = i.indrelid
             where h.inhparent = 'accounting.transfers'::regclass and i.indisunique and not i.indisprimary
               and pg_get_indexdef(i.indexrelid) !~ 'version'
           loop execute format('drop index %s', one.name); end loop;
         end $$",
    );
    let history = [
        Op::Import(3),
        Op::Drain,
        Op::Complete(0, None),
        Op::Drain,
        Op::Rewind(Ear::Ledger),
    ];
    let outcome = play(&company, &history[..4], 0, &mut Tally::default());
    assert!(
        !outcome.is_err_and(|reason| reason.contains("step")),
        "without the repetition nothing is wrong yet"
    );
    let reason = play(&company, &history, 0, &mut Tally::default()).unwrap_err();
    assert!(reason.contains("after step 4"), "{reason}");
}

#[test]
fn t_prop_5_a_date_that_ends_a_moment_late_is_found() {
    let company = sabotaged(
        "set session_replication_role = replica;
         update spare.accounting_business_days set ends_at = ends_at + interval '1 microsecond';
         set session_replication_role = origin",
    );
    let to_the_moment = |micros| {
        let history = [
            Op::Import(3),
            Op::Drain,
            Op::Midnight(micros),
            Op::PayDate(0),
        ];
        play(&company, &history, 0, &mut Tally::default())
    };
    let reason = to_the_moment(0).unwrap_err();
    assert!(
        reason.contains("step 3") && reason.contains("must say"),
        "{reason}"
    );
    let before = to_the_moment(-1);
    assert!(
        !before.is_err_and(|reason| reason.contains("step 3")),
        "a moment before it both say no"
    );
}

#[test]
fn t_prop_5_a_fee_given_back_at_the_next_assignment_is_found() {
    let reason = found(
        "create function accounting.give_back() returns trigger language plpgsql as $$
         begin
           if new.kind = 'assignment_fee' and new.assignment_seq > 1 then
             new.amount_minor := -1;
           end if;
           return new;
         end $$;
         create trigger give_back before insert on accounting.transfers for each row execute function accounting.give_back()",
    );
    // The row itself, or what is paid too much for it.
    let signs = ["the ledger has", "must say"];
    assert!(signs.iter().any(|sign| reason.contains(sign)), "{reason}");
}

#[test]
fn t_prop_5_somebody_who_left_and_is_drawn_all_the_same_is_found() {
    let reason = found(
        "create function tasks.never_leave() returns trigger language plpgsql as $$
         begin
           new.assignable := old.assignable or new.assignable;
           return new;
         end $$;
         create trigger never_leave before update on tasks.employees for each row execute function tasks.never_leave()",
    );
    let signs: BTreeSet<bool> = ["gets no tasks", "must be", "no assignment"]
        .map(|sign| reason.contains(sign))
        .into();
    assert!(signs.contains(&true), "{reason}");
}
