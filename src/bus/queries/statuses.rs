//! How the subscribers are: their cursors, who holds them, how far behind they are.

use crate::platform::db::Prepare;
use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::platform::error::AppResult;

/// Who holds a subscriber paused, since when and why.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Hold {
    /// The subscriber.
    #[diesel(sql_type = Text)]
    pub subscriber: String,
    /// The holder: `operator:<name>`, `deploy`, `breaker` or `rebuild`.
    #[diesel(sql_type = Text)]
    pub holder: String,
    /// Why.
    #[diesel(sql_type = Text)]
    pub reason: String,
    /// The user who did it; none for the system and the command line.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub actor: Option<Uuid>,
    /// Since when.
    #[diesel(sql_type = Timestamptz)]
    pub since: DateTime<Utc>,
}

/// How a subscriber is: its cursor, how far behind it is, and what waits for repair.
#[derive(Clone, Debug)]
pub struct SubscriberStatus {
    /// Its name.
    pub name: String,
    /// The last number of the log it has dealt with.
    pub position: i64,
    /// The last number of the log.
    pub head: i64,
    /// Whether somebody holds it paused.
    pub paused: bool,
    /// Who holds it, the oldest first.
    pub holders: Vec<Hold>,
    /// When the first event that it has not dealt with was recorded.
    pub waiting_since: Option<DateTime<Utc>>,
    /// When it last moved.
    pub last_applied_at: Option<DateTime<Utc>>,
    /// Items applied since it was made.
    pub applied_total: i64,
    /// What its last failing item said.
    pub last_error: Option<String>,
    /// When that was.
    pub last_error_at: Option<DateTime<Utc>>,
    /// Items that are tried again.
    pub retrying: i64,
    /// Items that wait behind those of their key.
    pub blocked: i64,
    /// Items that were given up.
    pub dead: i64,
    /// Since when nobody hears for it any more.
    pub retired_at: Option<DateTime<Utc>>,
    /// Whether it may be set back.
    pub repeatable: bool,
    /// Whether it can be built again from the log.
    pub rebuildable: bool,
    /// Whether its events are skipped only together with a correcting transfer.
    pub money: bool,
}

impl SubscriberStatus {
    /// How many numbers of the log it is behind; a retired one is never behind.
    #[must_use]
    pub fn lag(&self) -> i64 {
        if self.retired_at.is_some() {
            return 0;
        }
        self.head - self.position
    }

    /// Items that are retried or wait behind one.
    #[must_use]
    pub fn parked(&self) -> i64 {
        self.retrying + self.blocked
    }
}

#[derive(QueryableByName)]
struct StatusRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    position: i64,
    #[diesel(sql_type = BigInt)]
    head: i64,
    #[diesel(sql_type = Bool)]
    paused: bool,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    waiting_since: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    last_applied_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = BigInt)]
    applied_total: i64,
    #[diesel(sql_type = Nullable<Text>)]
    last_error: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    last_error_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = BigInt)]
    retrying: i64,
    #[diesel(sql_type = BigInt)]
    blocked: i64,
    #[diesel(sql_type = BigInt)]
    dead: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    retired_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Bool)]
    repeatable: bool,
    #[diesel(sql_type = Bool)]
    rebuildable: bool,
    #[diesel(sql_type = Bool)]
    money: bool,
}

/// Every subscriber with its lag (E16, R26), by name.
///
/// # Errors
/// Those of the database.
pub fn statuses(conn: &mut PgConnection) -> AppResult<Vec<SubscriberStatus>> {
    let rows: Vec<StatusRow> = sql_query(
        "select s.name, s.position, head.seq as head, s.paused, s.last_applied_at, s.applied_total, s.last_error,
           s.last_error_at, s.retired_at, s.repeatable, s.rebuildable, s.money,
           (select e.recorded_at from bus.events e where e.seq > s.position and s.retired_at is null
             order by e.seq limit 1) as waiting_since,
           count(p.item_id) filter (where p.state = 'retrying') as retrying,
           count(p.item_id) filter (where p.state = 'blocked') as blocked,
           count(p.item_id) filter (where p.state = 'dead') as dead
         from bus.subscribers s
           cross join bus.head() as head (seq)
           left join bus.parked_items p on p.subscriber = s.name and p.state in ('retrying', 'blocked', 'dead')
         group by s.name, head.seq order by s.name",
    ).prepared()
    .load(conn)?;
    let holds: Vec<Hold> = sql_query(
        "select subscriber, holder, reason, actor_id as actor, paused_at as since from bus.pauses
         order by paused_at, holder",
    )
    .prepared()
    .load(conn)?;
    let mut held: HashMap<String, Vec<Hold>> = HashMap::new();
    for hold in holds {
        held.entry(hold.subscriber.clone()).or_default().push(hold);
    }
    Ok(rows
        .into_iter()
        .map(|row| SubscriberStatus {
            holders: held.remove(&row.name).unwrap_or_default(),
            name: row.name,
            position: row.position,
            head: row.head,
            paused: row.paused,
            waiting_since: row.waiting_since,
            last_applied_at: row.last_applied_at,
            applied_total: row.applied_total,
            last_error: row.last_error,
            last_error_at: row.last_error_at,
            retrying: row.retrying,
            blocked: row.blocked,
            dead: row.dead,
            retired_at: row.retired_at,
            repeatable: row.repeatable,
            rebuildable: row.rebuildable,
            money: row.money,
        })
        .collect())
}

/// Sees to it that no event which is appended from now on is recorded before `instant`, by whatever unit of work that is under way. Takes the
/// log's lock until the end of this one.
///
/// # Errors
/// Those of the database.
pub fn bound_log(conn: &mut PgConnection, instant: DateTime<Utc>) -> AppResult<()> {
    sql_query("select bus.bound($1)")
        .bind::<Timestamptz, _>(instant)
        .execute(conn)?;
    Ok(())
}

/// Whether a running subscriber has dealt with every event recorded before `instant`; gives the last such number of the log
/// if so. A number that was drawn and never used, between that one and the next, is nothing to wait for.
///
/// # Errors
/// Those of the database.
pub fn caught_up_with(
    conn: &mut PgConnection,
    subscriber: &str,
    instant: DateTime<Utc>,
) -> AppResult<Option<i64>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        cutoff: i64,
        #[diesel(sql_type = Bool)]
        reached: bool,
    }
    let row: Option<Row> = sql_query(
        "select cut.seq as cutoff, s.position >= cut.seq as reached
         from bus.subscribers s, (select coalesce(
             (select e.seq from bus.events e where e.recorded_at < $2 order by e.recorded_at desc, e.seq desc limit 1),
             (select min(e.seq) - 1 from bus.events e), 0) as seq) cut
         where s.name = $1 and not s.paused and s.retired_at is null",
    )
    .bind::<Text, _>(subscriber)
    .bind::<Timestamptz, _>(instant).prepared()
    .get_result(conn)
    .optional()?;
    Ok(row.filter(|row| row.reached).map(|row| row.cutoff))
}
