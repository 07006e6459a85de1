//! How often somebody may ask for something: one statement a request, so that requests at once are counted one after another.

use crate::platform::db::Prepare;
use chrono::{DateTime, Duration, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Bool, Text, Timestamptz};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::platform::error::AppResult;

/// Counts a request of a kind by a subject. At most `burst` at once, then one every `pause`. Gives nothing when it is admitted, else when
/// the next one will be; a refused one does not count.
pub(in crate::auth) fn reserve_request(
    conn: &mut PgConnection,
    kind: &str,
    subject: &str,
    (burst, pause): (i32, Duration),
    now: DateTime<Utc>,
) -> AppResult<Option<DateTime<Utc>>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        admitted: bool,
        #[diesel(sql_type = Timestamptz)]
        spent_until: DateTime<Utc>,
    }
    let ahead = now + pause * burst;
    let counted: Vec<Row> = sql_query(
        "insert into auth.throttles as t (kind, subject, spent_until) values ($1, $2, $4)
         on conflict (kind, subject) do update set spent_until = greatest(t.spent_until, $3) + ($4 - $3)
           where greatest(t.spent_until, $3) + ($4 - $3) <= $5
         returning true as admitted, spent_until",
    )
    .bind::<Text, _>(kind)
    .bind::<Text, _>(subject)
    .bind::<Timestamptz, _>(now)
    .bind::<Timestamptz, _>(now + pause)
    .bind::<Timestamptz, _>(ahead).prepared()
    .load(conn)?;
    if counted.into_iter().any(|row| row.admitted) {
        return Ok(None);
    }
    let refused: Row = sql_query(
        "select false as admitted, spent_until from auth.throttles where kind = $1 and subject = $2",
    )
    .bind::<Text, _>(kind)
    .bind::<Text, _>(subject).prepared()
    .get_result(conn)?;
    Ok(Some(refused.spent_until + pause - pause * burst))
}

/// Takes back the count of a request.
pub(in crate::auth) fn release_request(
    conn: &mut PgConnection,
    kind: &str,
    subject: &str,
    pause: Duration,
) -> AppResult<()> {
    sql_query(
        "update auth.throttles set spent_until = spent_until - $3 * interval '1 millisecond' where kind = $1 and subject = $2",
    )
    .bind::<Text, _>(kind)
    .bind::<Text, _>(subject)
    .bind::<BigInt, _>(pause.num_milliseconds())
    .execute(conn)?;
    Ok(())
}

/// Removes what holds nobody up any more.
pub(in crate::auth) fn delete_spent_throttles(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query("delete from auth.throttles where spent_until <= $1")
        .bind::<Timestamptz, _>(now)
        .execute(conn)?;
    Ok(())
}
