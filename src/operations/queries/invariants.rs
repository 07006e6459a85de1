//! Asking every invariant.

use std::fmt;

use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Date, Text, Timestamptz};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::operations::Window;
use crate::operations::invariants::{INVARIANTS, Invariant};
use crate::platform::error::AppResult;

/// Rows that a finding shows.
const SAMPLE: i64 = 5;

/// What asking one invariant gave.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The invariant.
    pub invariant: &'static Invariant,
    /// How many rows break it; zero when it holds.
    pub count: i64,
    /// The first of them, in words.
    pub sample: Vec<String>,
}

impl Finding {
    /// Whether the invariant holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.count == 0
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.holds() { "ok    " } else { "BROKEN" };
        let Invariant { number, name, .. } = self.invariant;
        write!(f, "{state} {number:>2} {name}: {}", self.count)?;
        for row in &self.sample {
            write!(f, "\n          {row}")?;
        }
        Ok(())
    }
}

/// Asks every invariant in the open transaction, which must be one snapshot and whose role must be able to read the auditors'
/// views; `now` tells what is late.
///
/// The questions look at every transfer, so for the rest of the transaction they get more time and memory than a page.
///
/// # Errors
/// Those of the database.
pub fn verify(conn: &mut PgConnection, now: DateTime<Utc>) -> AppResult<Vec<Finding>> {
    allow_time(conn)?;
    // With statistics of the morning the planner takes the day's million transfers for a handful and compares each with each
    // (docs/PERFORMANCE.md); all of them are read here anyway.
    conn.batch_execute("set local enable_nestloop = off")?;
    INVARIANTS
        .iter()
        .map(|invariant| ask(conn, invariant, &Window::ALL, now, SAMPLE))
        .collect()
}

/// Notes the tasks of a window's part that were touched in it, so that every further question to this transaction about it may be asked: those with
/// a transfer of its dates, and those that were assigned or completed at that time; each with the day before it began, or before the window
/// if that is earlier. A row of a task that lies before that breaks the books, and is found by the window of its own date.
pub(in crate::operations) fn touch(conn: &mut PgConnection, window: &Window) -> AppResult<()> {
    conn.batch_execute(
        "drop table if exists pg_temp.touched; create temp table touched (task_id uuid primary key, since date not null) on commit drop",
    )?;
    sql_query(window.text(
        "insert into pg_temp.touched
         select x.task_id, least($1 - 1, (select t.created_at::date - 1 from report_v1.tasks t where t.task_id = x.task_id))
         from (
         select t.task_id from report_v1.transfers t where t.business_date between $1 and $2 and t.task_id is not null
           and {part t.task_id}
         union
         select a.task_id from report_v1.assignments a where a.created_at >= ($1 - 1)::timestamp at time zone 'UTC'
           and a.created_at < ($2 + 2)::timestamp at time zone 'UTC' and {part a.task_id}
         union
         select c.task_id from report_v1.completions c where c.created_at >= ($1 - 1)::timestamp at time zone 'UTC'
           and c.created_at < ($2 + 2)::timestamp at time zone 'UTC' and {part c.task_id}
         ) x",
    ))
    .bind::<Date, _>(window.from)
    .bind::<Date, _>(window.until)
    .execute(conn)?;
    conn.batch_execute("analyze pg_temp.touched")?;
    Ok(())
}

/// Gives the rest of the transaction more time, memory and processors than a page has; compiling the questions takes longer than it
/// saves.
pub(in crate::operations) fn allow_time(conn: &mut PgConnection) -> AppResult<()> {
    conn.batch_execute(
        "set local statement_timeout = '5min'; set local work_mem = '64MB'; set local jit = off; \
         set local max_parallel_workers_per_gather to default",
    )?;
    Ok(())
}

/// Asks one invariant about a window and gives so many rows that break it, in an order that stays; for a part of the dates, after
/// [`touch`].
pub(in crate::operations) fn ask(
    conn: &mut PgConnection,
    invariant: &'static Invariant,
    window: &Window,
    now: DateTime<Utc>,
    sample: i64,
) -> AppResult<Finding> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        offender: String,
        #[diesel(sql_type = BigInt)]
        total: i64,
    }
    let mut finding = Finding {
        invariant,
        count: 0,
        sample: Vec::new(),
    };
    for sql in invariant.sql {
        let rows: Vec<Row> = sql_query(format!(
            "select offender, count(*) over () as total from ({}) as offenders
             where $1 is not null and $2 <= $3 order by offender limit {sample}",
            window.text(sql)
        ))
        .bind::<Timestamptz, _>(now)
        .bind::<Date, _>(window.from)
        .bind::<Date, _>(window.until)
        .load(conn)?;
        finding.count += rows.first().map_or(0, |row| row.total);
        finding
            .sample
            .extend(rows.into_iter().map(|row| row.offender));
    }
    Ok(finding)
}
