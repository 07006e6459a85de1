//! What the invariants are asked about: everything, or a part of it whose cost is bounded.

use chrono::NaiveDate;

/// What is asked about: everything, or a span of business dates with the tasks that were touched in it.
///
/// `{tasks X}` in a query stands for the condition on a task's id. Where what is asked depends on what was before the span, the
/// query begins at the last statement before it, which the check of that statement's own date answers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first business date.
    pub from: NaiveDate,
    /// The last one.
    pub until: NaiveDate,
}

/// The condition on tasks.
const TASKS: &str = "{tasks ";

impl Window {
    /// Everything there ever was and is.
    pub const ALL: Self = Self {
        from: FIRST,
        until: LAST,
    };

    /// From a date to the present; what is shown as the present is asked too.
    #[must_use]
    pub const fn since(from: NaiveDate) -> Self {
        Self { from, until: LAST }
    }

    /// A query for this window.
    #[must_use]
    pub fn text(&self, sql: &str) -> String {
        let mut text = String::with_capacity(sql.len());
        let mut rest = sql;
        while let Some((before, column, after)) = rest.find(TASKS).and_then(|start| {
            let (column, after) = rest[start + TASKS.len()..].split_once('}')?;
            Some((&rest[..start], column, after))
        }) {
            text.push_str(before);
            if *self == Self::ALL {
                text.push_str("true");
            } else {
                text.push_str(column);
                text.push_str(" in (select task_id from pg_temp.touched)");
            }
            rest = after;
        }
        text.push_str(rest);
        text
    }
}

/// A date before all others; Postgres understands it too.
const FIRST: NaiveDate = date(1);

/// A date behind all others; in the queries it stands for the present.
const LAST: NaiveDate = date(9999);

const fn date(year: i32) -> NaiveDate {
    match NaiveDate::from_ymd_opt(year, 1, 1) {
        Some(date) => date,
        None => NaiveDate::MIN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r13_a_question_about_a_part_is_the_same_question_with_a_condition() {
        let sql = "select 1 from t where {tasks t.task_id} or {tasks u.task_id};";
        assert_eq!(Window::ALL.text(sql), "select 1 from t where true or true;");
        let part = Window::since(NaiveDate::from_ymd_opt(2026, 3, 2).unwrap());
        assert_eq!(
            part.text(sql),
            "select 1 from t where t.task_id in (select task_id from pg_temp.touched) or u.task_id in \
             (select task_id from pg_temp.touched);"
        );
        assert_eq!(part.text("select 1"), "select 1");
    }
}
