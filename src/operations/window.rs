//! What the invariants are asked about: everything, or a part of it whose cost is bounded.

use chrono::NaiveDate;

/// What is asked about: everything, or a span of business dates with the tasks that were touched in it, or a part of these.
///
/// In a query `{tasks X}` stands for the condition on a task's id, and `{part X}` for the one on an id of which all are in some part.
/// `{touched T X D: C}` stands for the rows of a table `T` of the tasks, called `X`, on which the condition `C` holds: looked up task by
/// task, and from the date on at which the task began, by the column `D` that tells the month; a join would read every month there is.
/// `{alone}` ends a question that is asked for each row, which Postgres would make a join of.
/// Where what is asked depends on what was before the span, the query begins at the last statement before it, which the check of that
/// statement's own date answers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first business date.
    pub from: NaiveDate,
    /// The last one.
    pub until: NaiveDate,
    /// Which of the tasks and transfers, for what is asked of each alone. Sums of dates and accounts are always whole.
    pub part: Part,
}

/// One of several parts of about the same size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// From zero on.
    pub index: i32,
    /// How many there are.
    pub of: i32,
}

impl Part {
    /// All of it.
    pub const WHOLE: Self = Self { index: 0, of: 1 };
}

impl Window {
    /// Everything there ever was and is.
    pub const ALL: Self = Self::since(FIRST);

    /// From a date to the present; what is shown as the present is asked too.
    #[must_use]
    pub const fn since(from: NaiveDate) -> Self {
        Self::between(from, LAST)
    }

    /// From a date to another.
    #[must_use]
    pub const fn between(from: NaiveDate, until: NaiveDate) -> Self {
        Self {
            from,
            until,
            part: Part::WHOLE,
        }
    }

    /// A part of it.
    #[must_use]
    pub const fn part(self, part: Part) -> Self {
        Self { part, ..self }
    }

    /// A query for this window.
    #[must_use]
    pub fn text(&self, sql: &str) -> String {
        let everything = *self == Self::ALL;
        let text = replaced(sql, "{tasks ", |column| {
            if everything {
                "true".to_owned()
            } else {
                format!("{column} in (select task_id from pg_temp.touched)")
            }
        });
        let text = replaced(&text, "{touched ", |rows| {
            let (rows, wanted) = rows.split_once(": ").unwrap_or((rows, "true"));
            let mut words = rows.split(' ');
            let [table, name, date] = [(); 3].map(|()| words.next().unwrap_or_default());
            if everything {
                format!("(select * from {table} {name} where {wanted}) {name}")
            } else {
                format!(
                    "(select {name}.* from pg_temp.touched w cross join lateral (select * from {table} {name}
                       where {name}.task_id = w.task_id and {name}.{date} >= w.since and {wanted} offset 0) {name}) {name}"
                )
            }
        });
        let text = text.replace("{alone}", if everything { "" } else { "offset 0" });
        replaced(&text, "{part ", |column| match self.part {
            Part { of: 1, .. } => "true".to_owned(),
            Part { index, of } => format!("(uuid_hash({column}) & 2147483647) % {of} = {index}"),
        })
    }
}

/// The text with each mark, which begins so and ends with a brace, replaced.
fn replaced(text: &str, mark: &str, by: impl Fn(&str) -> String) -> String {
    let mut parts = text.split(mark);
    let mut replaced = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (column, rest) = part.split_once('}').unwrap_or((part, ""));
        replaced.push_str(&by(column));
        replaced.push_str(rest);
    }
    replaced
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
    use crate::operations::INVARIANTS;

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
        let third = part.part(Part { index: 1, of: 3 });
        assert_eq!(
            third.text("{part t.id}"),
            "(uuid_hash(t.id) & 2147483647) % 3 = 1"
        );
        assert_eq!(part.text("{part t.id}"), "true");
        let rows = "select a.n from {touched s.a a at: a.kind = 'x'} where f({alone})";
        assert_eq!(
            Window::ALL.text(rows),
            "select a.n from (select * from s.a a where a.kind = 'x') a where f()"
        );
        let alone = part.text(rows);
        assert!(
            alone.contains(
                "where a.task_id = w.task_id and a.at >= w.since and a.kind = 'x' offset 0) a) a"
            ),
            "{alone}"
        );
        assert!(alone.ends_with("where f(offset 0)"), "{alone}");
    }
    #[test]
    fn r13_no_invariant_keeps_a_mark() {
        let part = Window::since(NaiveDate::from_ymd_opt(2026, 3, 2).unwrap());
        let sql = INVARIANTS.iter().flat_map(|invariant| invariant.sql);
        for text in sql.flat_map(|sql| [Window::ALL.text(sql), part.text(sql)]) {
            for mark in ["{tasks", "{touched", "{part", "{alone"] {
                assert!(!text.contains(mark), "{mark}: {text}");
            }
        }
    }
}
