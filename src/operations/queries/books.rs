//! The books of a small company as the auditors' views show them, whole: for the self-test, which compares them with what it played.

use chrono::NaiveDate;
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::platform::error::AppResult;

/// A task and its price.
#[derive(Clone, Debug, QueryableByName)]
pub struct BookedTask {
    /// The task.
    #[diesel(sql_type = SqlUuid)]
    pub task_id: Uuid,
    /// `saving`, `open` or `done`.
    #[diesel(sql_type = Text)]
    pub status: String,
    /// The fee, minor units; none before it is priced.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub fee_minor: Option<i64>,
    /// The reward, minor units; none before it is priced.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub reward_minor: Option<i64>,
}

/// One assignment of a task.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, QueryableByName)]
pub struct BookedAssignment {
    /// The task.
    #[diesel(sql_type = SqlUuid)]
    pub task_id: Uuid,
    /// Its number, from 1 on.
    #[diesel(sql_type = Integer)]
    pub assignment_seq: i32,
    /// Who got the task.
    #[diesel(sql_type = SqlUuid)]
    pub employee_id: Uuid,
}

/// A transfer from the employee's side.
#[derive(Clone, Debug, QueryableByName)]
pub struct BookedTransfer {
    /// Its kind, such as `assignment_fee`.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// Whose account it moves.
    #[diesel(sql_type = SqlUuid)]
    pub employee_id: Uuid,
    /// By how much, minor units.
    #[diesel(sql_type = BigInt)]
    pub amount_minor: i64,
    /// The task, if it is about one.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub task_id: Option<Uuid>,
    /// The number of the assignment that is charged.
    #[diesel(sql_type = Nullable<Integer>)]
    pub assignment_seq: Option<i32>,
    /// The date that it belongs to.
    #[diesel(sql_type = Date)]
    pub business_date: NaiveDate,
}

/// A payout and how its mail stands.
#[derive(Clone, Debug, QueryableByName)]
pub struct BookedPayout {
    /// Who was paid.
    #[diesel(sql_type = SqlUuid)]
    pub employee_id: Uuid,
    /// How much, minor units.
    #[diesel(sql_type = BigInt)]
    pub amount_minor: i64,
    /// The Message-ID of its mail; none if there is none.
    #[diesel(sql_type = Nullable<Text>)]
    pub message_id: Option<String>,
    /// The state of its mail.
    #[diesel(sql_type = Nullable<Text>)]
    pub mail_state: Option<String>,
}

/// Everything that is booked.
#[derive(Clone, Debug)]
pub struct Books {
    /// The tasks.
    pub tasks: Vec<BookedTask>,
    /// Their assignments.
    pub assignments: Vec<BookedAssignment>,
    /// The transfers, in the order in which they were booked.
    pub transfers: Vec<BookedTransfer>,
    /// The payouts.
    pub payouts: Vec<BookedPayout>,
    /// The dates that are closed.
    pub closed: Vec<NaiveDate>,
}

/// Reads it all; the role must be able to read the auditors' views.
///
/// # Errors
/// Those of the database.
pub fn read_books(conn: &mut PgConnection) -> AppResult<Books> {
    #[derive(QueryableByName)]
    struct Closed {
        #[diesel(sql_type = Date)]
        business_date: NaiveDate,
    }
    let closed: Vec<Closed> =
        sql_query("select business_date from report_v1.payout_runs where status = 'closed'")
            .load(conn)?;
    Ok(Books {
        tasks: sql_query(
            "select task_id, status, fee_minor, reward_minor from report_v1.tasks order by created_at, task_id",
        )
        .load(conn)?,
        assignments: sql_query(
            "select task_id, assignment_seq, assignee_id as employee_id from report_v1.assignments order by 1, 2",
        )
        .load(conn)?,
        transfers: sql_query(
            "select kind, employee_id, amount_minor, task_id, assignment_seq, business_date
             from report_v1.transfers order by created_at, transfer_id",
        )
        .load(conn)?,
        payouts: sql_query(
            "select p.employee_id, p.amount_minor, m.message_id, m.state as mail_state
             from report_v1.payouts p left join report_v1.mails m on m.mail_id = p.mail_id order by 1",
        )
        .load(conn)?,
        closed: closed.into_iter().map(|row| row.business_date).collect(),
    })
}
