//! The turns of the scheduled jobs: when each ran last, how it ended and how long it took, whichever process it was in.
//!
//! What is due is decided from the run table ([`super::jobs`]); these rows only tell of it. The bell rings for every process, so its
//! turns may overlap, which the jobs bear; a person is told that a job runs already.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::db::{Db, DbRole, Lane, Origin, Tx};
use super::error::{AppError, AppResult};

/// The role that keeps the turns.
const ROLE: DbRole = DbRole::new("ates_platform");

/// After so long, a turn that has not ended was in a process that is gone.
const LOST_AFTER: TimeDelta = TimeDelta::minutes(10);

/// Who asks for a turn by hand.
#[derive(Clone, Debug)]
pub struct Asker {
    /// Their id.
    pub id: Uuid,
    /// Their name.
    pub name: String,
}

/// The last turn of a job.
#[derive(Clone, Debug, QueryableByName)]
pub struct Turn {
    /// The job.
    #[diesel(sql_type = Text)]
    pub job: String,
    /// `running`, `done` or `failed`.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// Why it failed.
    #[diesel(sql_type = Nullable<Text>)]
    pub error: Option<String>,
    /// Who ran it by hand; none: the bell did.
    #[diesel(sql_type = Nullable<Text>)]
    pub asked_by_name: Option<String>,
    /// When it began.
    #[diesel(sql_type = Timestamptz)]
    pub started_at: DateTime<Utc>,
    /// How long it took, milliseconds.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub took_ms: Option<i64>,
}

impl Turn {
    /// Whether it began and was never ended, because its process is gone.
    #[must_use]
    pub fn is_lost(&self, now: DateTime<Utc>) -> bool {
        self.state == "running" && now - self.started_at > LOST_AFTER
    }
}

/// A turn that has begun.
#[derive(Debug)]
#[must_use = "a turn that is never ended stands there as running"]
pub struct Begun {
    job: &'static str,
    turn: Uuid,
    since: Instant,
}

/// Begins a turn of each of these jobs at once, since the bell rings often and an idle system shall write little.
///
/// # Errors
/// Those of the database.
pub fn begin_round(db: &Db, jobs: &[&'static str]) -> AppResult<Round> {
    db.transaction_blocking(Lane::Worker, ROLE, Origin::system(), |tx| {
        let turn = tx.new_id();
        write(tx, jobs, turn, None, true)?;
        Ok(Round {
            turn,
            ended: Vec::new(),
        })
    })
}

/// A round of the bell that has begun.
#[derive(Debug)]
#[must_use = "a round that is never ended stands there as running"]
pub struct Round {
    turn: Uuid,
    ended: Vec<Ended>,
}

/// How a turn ended.
#[derive(Debug)]
struct Ended {
    job: &'static str,
    took_ms: i64,
    error: Option<String>,
}

impl Round {
    /// Notes how the turn of a job ended that took so long.
    pub fn note(&mut self, job: &'static str, took: Duration, outcome: &AppResult<()>) {
        self.ended.push(Ended {
            job,
            took_ms: i64::try_from(took.as_millis()).unwrap_or(i64::MAX),
            error: outcome.as_ref().err().map(ToString::to_string),
        });
    }

    /// Writes down what was noted.
    ///
    /// # Errors
    /// Those of the database.
    pub fn end(self, db: &Db) -> AppResult<()> {
        end(db, self.turn, &self.ended)
    }
}

fn end(db: &Db, turn: Uuid, ended: &[Ended]) -> AppResult<()> {
    db.transaction_even_stopped_blocking(Lane::Worker, ROLE, Origin::system(), |tx| {
        let jobs: Vec<&str> = ended.iter().map(|ended| ended.job).collect();
        let took: Vec<i64> = ended.iter().map(|ended| ended.took_ms).collect();
        let errors: Vec<Option<&str>> = ended.iter().map(|ended| ended.error.as_deref()).collect();
        sql_query(
            "update platform.job_turns t set state = case when e.error is null then 'done' else 'failed' end, error = left(e.error, 500),
               took_ms = e.took_ms
             from unnest($2, $3, $4) as e (job, took_ms, error) where t.job = e.job and t.turn = $1",
        )
        .bind::<SqlUuid, _>(turn)
        .bind::<Array<Text>, _>(jobs)
        .bind::<Array<BigInt>, _>(took)
        .bind::<Array<Nullable<Text>>, _>(errors)
        .execute(tx.conn())?;
        Ok(())
    })
}

/// Begins a turn by hand in the unit of work that audits it.
///
/// # Errors
/// Conflict while the job runs.
pub fn begin_by_hand(tx: &mut Tx<'_>, job: &'static str, asker: &Asker) -> AppResult<Begun> {
    let turn = tx.new_id();
    if write(tx, &[job], turn, Some(asker), false)? {
        return Ok(Begun::now(job, turn));
    }
    Err(AppError::conflict("schedule-overlap"))
}

impl Begun {
    fn now(job: &'static str, turn: Uuid) -> Self {
        Self {
            job,
            turn,
            since: Instant::now(),
        }
    }

    /// Writes down how it ended.
    ///
    /// # Errors
    /// Those of the database.
    pub fn end(self, db: &Db, outcome: &AppResult<()>) -> AppResult<()> {
        let mut round = Round {
            turn: self.turn,
            ended: Vec::new(),
        };
        round.note(self.job, self.since.elapsed(), outcome);
        round.end(db)
    }
}

/// Writes turns that begin over those before, over one that still runs only if `anyway`.
fn write(
    tx: &mut Tx<'_>,
    jobs: &[&str],
    turn: Uuid,
    asker: Option<&Asker>,
    anyway: bool,
) -> AppResult<bool> {
    let now = tx.now;
    let written = sql_query(
        "insert into platform.job_turns as t (job, turn, state, asked_by, asked_by_name, started_at)
         select job, $2, 'running', $3, $4, $5 from unnest($1) as job
         on conflict (job) do update set turn = excluded.turn, state = 'running', error = null, asked_by = excluded.asked_by,
           asked_by_name = excluded.asked_by_name, started_at = excluded.started_at, took_ms = null
         where $6 or t.state <> 'running' or t.started_at < $7",
    )
    .bind::<Array<Text>, _>(jobs)
    .bind::<SqlUuid, _>(turn)
    .bind::<Nullable<SqlUuid>, _>(asker.map(|asker| asker.id))
    .bind::<Nullable<Text>, _>(asker.map(|asker| asker.name.as_str()))
    .bind::<Timestamptz, _>(now)
    .bind::<diesel::sql_types::Bool, _>(anyway)
    .bind::<Timestamptz, _>(now - LOST_AFTER)
    .execute(tx.conn())?;
    Ok(written > 0)
}

/// The last turn of every job that ever had one.
///
/// # Errors
/// Those of the database.
pub fn list(conn: &mut PgConnection) -> AppResult<Vec<Turn>> {
    Ok(sql_query(
        "select job, state, error, asked_by_name, started_at, took_ms from platform.job_turns order by job",
    )
    .load(conn)?)
}

/// How long a turn took, for people.
#[must_use]
pub fn took(turn: &Turn) -> Option<Duration> {
    turn.took_ms
        .and_then(|ms| u64::try_from(ms).ok())
        .map(Duration::from_millis)
}
