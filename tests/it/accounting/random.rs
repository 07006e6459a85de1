//! Thousands of random operations over several days, against a model in memory.

use std::collections::HashMap;

use chrono::{DateTime, Duration, Utc};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use uuid::Uuid;

use super::books::Books;
use crate::support::monday;

#[test]
fn m44_thousands_of_random_operations_are_exact_to_the_cent() {
    let seed = 20_260_302;
    let mut rng = StdRng::seed_from_u64(seed);
    let books = Books::open();
    let names: Vec<String> = (0..8).map(|n| format!("popug{n}")).collect();
    let people: Vec<_> = names
        .iter()
        .map(|name| books.app.register(name, &["developer"]))
        .collect();
    let mut model: HashMap<Uuid, i64> = people.iter().map(|who| (who.id, 0)).collect();
    let mut paid = 0;
    let mut open: Vec<(Uuid, usize)> = Vec::new();
    let mut now: DateTime<Utc> = monday();
    for _ in 0..4 {
        for _ in 0..12 {
            for _ in 0..rng.random_range(10..30) {
                let who = rng.random_range(0..people.len());
                open.push((books.plant(&people[who]), who));
                *model.get_mut(&people[who].id).unwrap() -= 10;
            }
            books.app.drain();
            if rng.random_bool(0.7) {
                for (_, who) in &mut open {
                    *who = rng.random_range(0..people.len());
                    *model.get_mut(&people[*who].id).unwrap() -= 10;
                }
                books.shuffle(
                    &open
                        .iter()
                        .map(|(task, who)| (*task, &people[*who]))
                        .collect::<Vec<_>>(),
                );
            }
            for _ in 0..rng.random_range(0..open.len().max(1)) {
                let (task, who) = open.swap_remove(rng.random_range(0..open.len()));
                books.complete(task, &people[who]);
                *model.get_mut(&people[who].id).unwrap() += 30;
            }
            books.app.drain();
            now += Duration::minutes(7);
            books.app.clock().set(now);
        }
        now += Duration::days(1);
        books.app.clock().set(now);
        assert_eq!(books.settle().len(), 1, "seed {seed}");
        for balance in model.values_mut() {
            paid += (*balance).max(0);
            *balance = (*balance).min(0);
        }
        for who in &people {
            assert_eq!(
                books.balance(who),
                model[&who.id],
                "{} with seed {seed}",
                who.username
            );
        }
    }
    assert_eq!(
        books.number("select sum(amount_minor)::bigint as n from accounting.payouts"),
        paid * 100
    );
    let total = books.number("select count(*) as n from accounting.transfers");
    assert!(total > 2_000, "only {total} transfers with seed {seed}");
    let uneven =
        "select count(*) as n from report_v1.postings group by () having sum(amount_minor) <> 0
        union all select 0 order by n desc limit 1";
    assert_eq!(books.number(uneven), 0);
}
