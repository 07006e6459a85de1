//! What the database says, in a few looks.

use std::collections::{BTreeMap, BTreeSet};

use ates::platform::db::Prepare;
use chrono::NaiveDate;
use diesel::sql_types::{BigInt, Bool, Date, Integer, Nullable, Text, Uuid as SqlUuid};
use diesel::{PgConnection, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

/// A task as it stands.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct SeenTask {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Text)]
    pub status: String,
    #[diesel(sql_type = SqlUuid)]
    pub holder: Uuid,
    #[diesel(sql_type = Integer)]
    pub seq: i32,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub fee: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub reward: Option<i64>,
}

/// A row of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, QueryableByName)]
pub struct SeenRow {
    #[diesel(sql_type = SqlUuid)]
    pub account: Uuid,
    #[diesel(sql_type = Date)]
    pub date: NaiveDate,
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub task: Option<Uuid>,
    #[diesel(sql_type = Nullable<Integer>)]
    pub seq: Option<i32>,
    #[diesel(sql_type = BigInt)]
    pub amount: i64,
    #[diesel(sql_type = BigInt)]
    pub version: i64,
    #[diesel(sql_type = BigInt)]
    pub balance: i64,
}

#[derive(QueryableByName)]
struct Drawn {
    #[diesel(sql_type = SqlUuid)]
    task: Uuid,
    #[diesel(sql_type = Integer)]
    seq: i32,
    #[diesel(sql_type = SqlUuid)]
    holder: Uuid,
}

#[derive(QueryableByName)]
struct Price {
    #[diesel(sql_type = SqlUuid)]
    task: Uuid,
    #[diesel(sql_type = BigInt)]
    fee: i64,
    #[diesel(sql_type = BigInt)]
    reward: i64,
}

#[derive(QueryableByName)]
struct Balance {
    #[diesel(sql_type = SqlUuid)]
    account: Uuid,
    #[diesel(sql_type = BigInt)]
    amount: i64,
    #[diesel(sql_type = BigInt)]
    version: i64,
}

/// A date that is settled: who was paid, and how much.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct SeenDay {
    #[diesel(sql_type = Date)]
    pub date: NaiveDate,
    #[diesel(sql_type = Bool)]
    pub closed: bool,
    #[diesel(sql_type = Integer)]
    pub people: i32,
    #[diesel(sql_type = BigInt)]
    pub paid: i64,
}

/// A statement: opening, fees, rewards, adjustments, payout, closing.
#[derive(QueryableByName)]
struct Statement {
    #[diesel(sql_type = Date)]
    date: NaiveDate,
    #[diesel(sql_type = SqlUuid)]
    account: Uuid,
    #[diesel(sql_type = diesel::sql_types::Array<BigInt>)]
    amounts: Vec<i64>,
}

#[derive(QueryableByName)]
struct Held {
    #[diesel(sql_type = Date)]
    date: NaiveDate,
    #[diesel(sql_type = SqlUuid)]
    account: Uuid,
}

/// The state that the truth is compared with.
#[derive(Debug, Default)]
pub struct Seen {
    pub tasks: BTreeMap<Uuid, SeenTask>,
    pub drawn: BTreeMap<(Uuid, i32), Uuid>,
    pub prices: BTreeMap<Uuid, (i64, i64)>,
    pub rows: Vec<SeenRow>,
    pub balances: BTreeMap<Uuid, (i64, i64)>,
    pub days: BTreeMap<NaiveDate, SeenDay>,
    pub statements: BTreeMap<(NaiveDate, Uuid), Vec<i64>>,
    /// Whose accounts are held for which date.
    pub held: BTreeMap<NaiveDate, BTreeSet<Uuid>>,
}

fn load<T: QueryableByName<diesel::pg::Pg> + 'static>(
    conn: &mut PgConnection,
    query: &str,
) -> Vec<T> {
    // Ten thousand looks: what each of them costs is its planning.
    sql_query(query).prepared().load(conn).unwrap()
}

/// Looks at everything.
pub fn look(conn: &mut PgConnection) -> Seen {
    let tasks: Vec<SeenTask> = load(
        conn,
        "select id, status, assignee_id as holder, assignment_seq as seq, fee_minor as fee, reward_minor as reward from tasks.tasks",
    );
    let drawn: Vec<Drawn> = load(
        conn,
        "select task_id as task, assignment_seq as seq, assignee_id as holder from tasks.journal where kind = 'assign'",
    );
    let prices: Vec<Price> = load(
        conn,
        "select task_id as task, fee_minor as fee, reward_minor as reward from accounting.task_prices",
    );
    let rows: Vec<SeenRow> = load(
        conn,
        "select account_id as account, business_date as date, kind, task_id as task, assignment_seq as seq, amount_minor as amount,
           version, balance_minor as balance from accounting.transfers order by account_id, version",
    );
    let balances: Vec<Balance> = load(
        conn,
        "select account_id as account, amount_minor as amount, version from accounting.balances",
    );
    let days: Vec<SeenDay> = load(
        conn,
        "select business_date as date, state = 'closed' as closed, coalesce(people, 0) as people, coalesce(paid_minor, 0) as paid
         from accounting.business_days",
    );
    let statements: Vec<Statement> = load(
        conn,
        "select business_date as date, account_id as account,
           array[opening_minor, fees_minor, rewards_minor, adjustments_minor, payout_minor, closing_minor] as amounts
         from accounting.statements",
    );
    let mut held: BTreeMap<NaiveDate, BTreeSet<Uuid>> = BTreeMap::new();
    let rows_held: Vec<Held> = load(
        conn,
        "select business_date as date, account_id as account from accounting.held_accounts where released_at is null",
    );
    for one in rows_held {
        held.entry(one.date).or_default().insert(one.account);
    }
    Seen {
        held,
        tasks: tasks.into_iter().map(|task| (task.id, task)).collect(),
        drawn: drawn
            .into_iter()
            .map(|one| ((one.task, one.seq), one.holder))
            .collect(),
        prices: prices
            .into_iter()
            .map(|one| (one.task, (one.fee, one.reward)))
            .collect(),
        rows,
        balances: balances
            .into_iter()
            .map(|one| (one.account, (one.amount, one.version)))
            .collect(),
        days: days.into_iter().map(|day| (day.date, day)).collect(),
        statements: statements
            .into_iter()
            .map(|one| ((one.date, one.account), one.amounts))
            .collect(),
    }
}
