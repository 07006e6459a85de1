//! Whether the books say what was played; pure.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use uuid::Uuid;

use crate::operations::Books;
use crate::platform::config::PriceRange;
use crate::platform::money::Money;

type Seen = Result<String, String>;

/// Every task is there, has one assignment and waits for its price.
pub(super) fn created(books: &Books, tasks: usize) -> Seen {
    let saving = books.tasks.iter().filter(|task| task.status == "saving");
    let (all, saving) = (books.tasks.len(), saving.count());
    if (all, saving, books.assignments.len()) == (tasks, tasks, tasks) {
        Ok(format!("{tasks} tasks, each with somebody"))
    } else {
        Err(format!(
            "{tasks} tasks were created; {all} are there, {saving} of them as new, with {} assignments",
            books.assignments.len()
        ))
    }
}

/// Every task is open and has a price within the bounds, whose reward is no smaller than its fee: else completing a task would cost.
pub(super) fn priced(books: &Books, fee: PriceRange, reward: PriceRange) -> Seen {
    for task in &books.tasks {
        let (Some(its_fee), Some(its_reward)) = (task.fee_minor, task.reward_minor) else {
            return Err(format!("task {} has no price", task.task_id));
        };
        within("fee", its_fee, fee)?;
        within("reward", its_reward, reward)?;
        if its_reward < its_fee {
            return Err(format!(
                "a task costs {} and brings {}: check ATES_FEE_MIN to ATES_REWARD_MAX",
                Money::from_minor(its_fee),
                Money::from_minor(its_reward)
            ));
        }
        if task.status != "open" {
            return Err(format!(
                "task {} is {} with a price",
                task.task_id, task.status
            ));
        }
    }
    Ok(format!(
        "fees of {} to {}, rewards of {} to {}",
        fee.min, fee.max, reward.min, reward.max
    ))
}

fn within(what: &str, minor: i64, range: PriceRange) -> Result<(), String> {
    if (range.min.minor()..=range.max.minor()).contains(&minor) && minor > 0 {
        return Ok(());
    }
    Err(format!(
        "a {what} of {} is outside of {} to {}",
        Money::from_minor(minor),
        range.min,
        range.max
    ))
}

/// Exactly one fee for each assignment, of the task's price, from whom it was assigned to.
pub(super) fn charged(books: &Books) -> Seen {
    let prices: BTreeMap<Uuid, i64> = books
        .tasks
        .iter()
        .filter_map(|task| Some((task.task_id, task.fee_minor?)))
        .collect();
    let mut wanted: Vec<(Uuid, i32, Uuid, i64)> = books
        .assignments
        .iter()
        .map(|row| {
            let fee = prices.get(&row.task_id).copied().unwrap_or_default();
            (row.task_id, row.assignment_seq, row.employee_id, -fee)
        })
        .collect();
    let mut booked: Vec<(Uuid, i32, Uuid, i64)> = books
        .transfers
        .iter()
        .filter(|row| row.kind == "assignment_fee")
        .map(|row| {
            (
                row.task_id.unwrap_or_default(),
                row.assignment_seq.unwrap_or_default(),
                row.employee_id,
                row.amount_minor,
            )
        })
        .collect();
    wanted.sort_unstable();
    booked.sort_unstable();
    if wanted == booked {
        Ok(format!(
            "{} assignments, {} fees",
            wanted.len(),
            booked.len()
        ))
    } else {
        Err(format!(
            "{} assignments, {} fees, and they differ",
            wanted.len(),
            booked.len()
        ))
    }
}

/// Every open task was drawn once more, at the price that it had, and is charged.
pub(super) fn shuffled(before: &Books, after: &Books) -> Seen {
    let price = |books: &Books| -> BTreeMap<Uuid, (Option<i64>, Option<i64>)> {
        let tasks = books.tasks.iter();
        tasks
            .map(|task| (task.task_id, (task.fee_minor, task.reward_minor)))
            .collect()
    };
    if price(before) != price(after) {
        return Err("a price has changed".into());
    }
    let wanted = before.assignments.len() + before.tasks.len();
    if after.assignments.len() != wanted {
        return Err(format!(
            "{} assignments where {wanted} were expected",
            after.assignments.len()
        ));
    }
    charged(after)
}

/// So many tasks are done, each with exactly one reward of its price.
pub(super) fn completed(books: &Books, tasks: usize) -> Seen {
    let mut wanted: Vec<(Uuid, i64)> = books
        .tasks
        .iter()
        .filter(|task| task.status == "done")
        .map(|task| (task.task_id, task.reward_minor.unwrap_or_default()))
        .collect();
    let mut booked: Vec<(Uuid, i64)> = books
        .transfers
        .iter()
        .filter(|row| row.kind == "completion_reward")
        .map(|row| (row.task_id.unwrap_or_default(), row.amount_minor))
        .collect();
    wanted.sort_unstable();
    booked.sort_unstable();
    if wanted.len() == tasks && wanted == booked {
        Ok(format!("{tasks} tasks done, {tasks} rewards"))
    } else {
        Err(format!(
            "{} of {tasks} tasks are done, with {} rewards",
            wanted.len(),
            booked.len()
        ))
    }
}

/// The date is closed, and whoever had more than nothing was paid exactly that.
pub(super) fn settled(before: &Books, after: &Books, date: NaiveDate) -> Seen {
    if !after.closed.contains(&date) {
        return Err(format!("{date} is not closed"));
    }
    let mut balances: BTreeMap<Uuid, i64> = BTreeMap::new();
    for row in before
        .transfers
        .iter()
        .filter(|row| row.business_date == date)
    {
        *balances.entry(row.employee_id).or_default() += row.amount_minor;
    }
    let wanted: BTreeSet<(Uuid, i64)> = balances
        .into_iter()
        .filter(|(_, balance)| *balance > 0)
        .collect();
    let paid: BTreeSet<(Uuid, i64)> = after
        .payouts
        .iter()
        .map(|row| (row.employee_id, row.amount_minor))
        .collect();
    if paid != wanted || after.payouts.len() != wanted.len() {
        return Err(format!(
            "{} people had a balance, {} were paid, and they differ",
            wanted.len(),
            paid.len()
        ));
    }
    Ok(format!("{date} is closed, {} people were paid", paid.len()))
}

/// Every payout has its mail, which was sent once and came.
pub(super) fn mailed(books: &Books, came: &[String]) -> Seen {
    for row in &books.payouts {
        let state = row.mail_state.as_deref();
        let id = row.message_id.as_deref().unwrap_or_default();
        let times = came.iter().filter(|came| came.as_str() == id).count();
        if (state, times) != (Some("sent"), 1) {
            return Err(format!(
                "the mail of a payout is {} and came {times} times",
                state.unwrap_or("missing")
            ));
        }
    }
    Ok(format!("{} mails came", books.payouts.len()))
}
