//! The run table of scheduled jobs: what ran for which date, when, and how it ended.
//!
//! A bell only rings; whether anything is due is decided from the business date and these rows, so downtime, double starts and
//! clock changes need no special case.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text, Timestamptz};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::db::{COUNTED_AT_MOST, Counted, counting};
use super::error::AppResult;

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// It waits for something that its detail names, and is tried again.
    Waiting,
    /// It is done.
    Done,
    /// It failed and is tried again.
    Failed,
}

impl RunState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// One run as the table has it.
#[derive(Clone, Debug, QueryableByName)]
pub struct JobRun {
    /// The job.
    #[diesel(sql_type = Text)]
    pub job: String,
    /// What it ran for, such as a business date.
    #[diesel(sql_type = Text)]
    pub run_key: String,
    /// `waiting`, `done` or `failed`.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// How often it was tried.
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    /// What there is to say about it.
    #[diesel(sql_type = Nullable<Text>)]
    pub detail: Option<String>,
    /// When it was tried first.
    #[diesel(sql_type = Timestamptz)]
    pub started_at: DateTime<Utc>,
    /// When it was done.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub finished_at: Option<DateTime<Utc>>,
}

/// Writes down how a run of a job went.
///
/// # Errors
/// Those of the database.
pub fn record(
    conn: &mut PgConnection,
    job: &str,
    run_key: &str,
    state: RunState,
    detail: Option<&str>,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "insert into platform.job_runs (job, run_key, state, attempts, detail, started_at, finished_at)
         values ($1, $2, $3, 1, $4, $5, case when $3 = 'done' then $5 end)
         on conflict (job, run_key) do update set state = excluded.state, attempts = job_runs.attempts + 1,
           detail = excluded.detail, finished_at = excluded.finished_at
         where job_runs.state <> 'done'",
    )
    .bind::<Text, _>(job)
    .bind::<Text, _>(run_key)
    .bind::<Text, _>(state.as_str())
    .bind::<Nullable<Text>, _>(detail)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}

/// How many runs of a job are in a state.
#[derive(Clone, Debug, QueryableByName)]
pub struct JobCount {
    /// The job.
    #[diesel(sql_type = Text)]
    pub job: String,
    /// `waiting`, `done` or `failed`.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// How many.
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub runs: i64,
    /// When the oldest of them began.
    #[diesel(sql_type = Timestamptz)]
    pub oldest: DateTime<Utc>,
}

/// How many runs there are, by job and state.
///
/// # Errors
/// Those of the database.
pub fn counts(conn: &mut PgConnection) -> AppResult<Vec<JobCount>> {
    Ok(sql_query(
        "select job, state, count(*) as runs, min(started_at) as oldest from platform.job_runs
         group by job, state order by job, state",
    )
    .load(conn)?)
}

/// Whether there is a run of a job for a key, however it ended.
///
/// # Errors
/// Those of the database.
pub fn exists(conn: &mut PgConnection, job: &str, run_key: &str) -> AppResult<bool> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        found: bool,
    }
    let row: Row = sql_query(
        "select exists (select from platform.job_runs where job = $1 and run_key = $2) as found",
    )
    .bind::<Text, _>(job)
    .bind::<Text, _>(run_key)
    .get_result(conn)?;
    Ok(row.found)
}

/// Whether a run of a job is done.
///
/// # Errors
/// Those of the database.
pub fn is_done(conn: &mut PgConnection, job: &str, run_key: &str) -> AppResult<bool> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        done: bool,
    }
    let row: Row = sql_query(
        "select exists (select from platform.job_runs where job = $1 and run_key = $2 and state = 'done') as done",
    )
    .bind::<Text, _>(job)
    .bind::<Text, _>(run_key)
    .get_result(conn)?;
    Ok(row.done)
}

/// Which runs are wanted, and in which order; nothing takes them all, the newest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunsWanted<'a> {
    /// Only those of this job.
    pub job: Option<&'a str>,
    /// Only those in this state.
    pub state: Option<&'a str>,
    /// By the names of the jobs before their times.
    pub by_job: bool,
    /// The other way round.
    pub ascending: bool,
}

/// How many runs there are of those, counted no further than lists are.
///
/// # Errors
/// Those of the database.
pub fn count_runs(conn: &mut PgConnection, wanted: RunsWanted<'_>) -> AppResult<i64> {
    let rows = sql_query(counting(
        "select from platform.job_runs where ($1 is null or job = $1) and ($2 is null or state = $2) limit $3",
    ))
    .bind::<Nullable<Text>, _>(wanted.job)
    .bind::<Nullable<Text>, _>(wanted.state)
    .bind::<BigInt, _>(COUNTED_AT_MOST)
    .load(conn)?;
    Ok(Counted::of(&rows))
}

/// Runs behind the place of another.
///
/// # Errors
/// Those of the database.
pub fn list_runs(
    conn: &mut PgConnection,
    wanted: RunsWanted<'_>,
    after: Option<&(DateTime<Utc>, String, String)>,
    limit: i64,
) -> AppResult<Vec<JobRun>> {
    let (beyond, direction) = if wanted.ascending {
        (">", "asc")
    } else {
        ("<", "desc")
    };
    let (key, place) = if wanted.by_job {
        (["job", "started_at", "run_key"], "$4, $3, $5")
    } else {
        (["started_at", "job", "run_key"], "$3, $4, $5")
    };
    let sorted = key.map(|column| format!("{column} {direction}")).join(", ");
    Ok(sql_query(format!(
        "select * from platform.job_runs
         where ($1 is null or job = $1) and ($2 is null or state = $2)
           and ($3 is null or ({}) {beyond} ({place}))
         order by {sorted} limit $6",
        key.join(", ")
    ))
    .bind::<Nullable<Text>, _>(wanted.job)
    .bind::<Nullable<Text>, _>(wanted.state)
    .bind::<Nullable<Timestamptz>, _>(after.map(|place| place.0))
    .bind::<Nullable<Text>, _>(after.map(|place| &place.1))
    .bind::<Nullable<Text>, _>(after.map(|place| &place.2))
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}
