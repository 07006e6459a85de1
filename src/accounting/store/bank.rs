//! Bank accounts, and what the payment files hold.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{
    BigInt, Binary, Date, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::accounting::bank::{BankAccount, FileHead, FileLine};
use crate::platform::error::AppResult;
use crate::platform::money::Money;

/// Stores where somebody's money goes from now on; none forgets it. Gives the account number that it was.
pub(in crate::accounting) fn put_bank_account(
    conn: &mut PgConnection,
    employee: Uuid,
    account: Option<&BankAccount>,
    by: Uuid,
    now: DateTime<Utc>,
) -> AppResult<Option<String>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        iban: String,
    }
    let before: Option<Row> =
        sql_query("select iban from accounting.bank_accounts where employee_id = $1 for update")
            .bind::<SqlUuid, _>(employee)
            .get_result(conn)
            .optional()?;
    match account {
        Some(account) => sql_query(
            "insert into accounting.bank_accounts (employee_id, iban, bic, changed_at, changed_by) values ($1, $2, $3, $4, $5)
             on conflict (employee_id) do update set iban = excluded.iban, bic = excluded.bic,
               changed_at = excluded.changed_at, changed_by = excluded.changed_by",
        )
        .bind::<SqlUuid, _>(employee)
        .bind::<Text, _>(&account.iban)
        .bind::<Nullable<Text>, _>(account.bic.as_deref())
        .bind::<Timestamptz, _>(now)
        .bind::<SqlUuid, _>(by)
        .execute(conn)?,
        None => sql_query("delete from accounting.bank_accounts where employee_id = $1")
            .bind::<SqlUuid, _>(employee)
            .execute(conn)?,
    };
    Ok(before.map(|row| row.iban))
}

/// Whether somebody has an account in the ledger.
pub(in crate::accounting) fn has_account(
    conn: &mut PgConnection,
    employee: Uuid,
) -> AppResult<bool> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Bool)]
        known: bool,
    }
    let row: Row = sql_query(
        "select exists (select from accounting.accounts where employee_id = $1) as known",
    )
    .bind::<SqlUuid, _>(employee)
    .get_result(conn)?;
    Ok(row.known)
}

/// A payment file as it was made.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::accounting) struct StoredFile {
    /// The settled date.
    #[diesel(sql_type = Date)]
    pub business_date: NaiveDate,
    /// Which file of the date, from 1.
    #[diesel(sql_type = Integer)]
    pub number: i32,
    /// Its message id.
    #[diesel(sql_type = Text)]
    pub message_id: String,
    /// When it was first made.
    #[diesel(sql_type = Timestamptz)]
    pub made_at: DateTime<Utc>,
    /// When the bank shall pay.
    #[diesel(sql_type = Date)]
    pub execute_on: NaiveDate,
    /// Three letters.
    #[diesel(sql_type = Text)]
    pub currency: String,
    /// Who pays.
    #[diesel(sql_type = Text)]
    pub debtor_name: String,
    /// From which account.
    #[diesel(sql_type = Text)]
    pub debtor_iban: String,
    /// At which bank.
    #[diesel(sql_type = Nullable<Text>)]
    pub debtor_bic: Option<String>,
    /// How many are paid by it.
    #[diesel(sql_type = Integer)]
    pub payments: i32,
    /// What in all.
    #[diesel(sql_type = BigInt)]
    pub amount: Money,
    /// How many had no bank account.
    #[diesel(sql_type = Integer)]
    pub left_out: i32,
    /// What they were paid in all.
    #[diesel(sql_type = BigInt)]
    pub left_out_amount: Money,
    /// SHA-256 of its bytes.
    #[diesel(sql_type = Binary)]
    pub sha256: Vec<u8>,
}

impl StoredFile {
    /// The SHA-256 of its bytes, in hexadecimal.
    pub fn digest(&self) -> String {
        hex::encode(&self.sha256)
    }

    /// Its head.
    pub fn head(&self) -> FileHead {
        FileHead {
            business_date: self.business_date,
            message_id: self.message_id.clone(),
            made_at: self.made_at,
            execute_on: self.execute_on,
            currency: self.currency.clone(),
            debtor_name: self.debtor_name.clone(),
            debtor_iban: self.debtor_iban.clone(),
            debtor_bic: self.debtor_bic.clone(),
        }
    }
}

/// The payment files of a date, in the order in which they were made.
pub(in crate::accounting) fn list_bank_files(
    conn: &mut PgConnection,
    date: NaiveDate,
) -> AppResult<Vec<StoredFile>> {
    Ok(sql_query(
        "select business_date, number::integer as number, message_id, made_at, execute_on, currency, debtor_name, debtor_iban, debtor_bic,
           payments, amount_minor as amount, left_out, left_out_minor as left_out_amount, sha256
         from accounting.bank_files where business_date = $1 order by number",
    )
    .bind::<Date, _>(date)
    .load(conn)?)
}

/// The condition on a payout `p` under which no file has looked at it yet.
pub(in crate::accounting) const UNORDERED: &str = "
  not exists (select from accounting.bank_file_lines x
    where x.business_date = p.business_date and x.employee_id = p.employee_id)
  and not exists (select from accounting.bank_files f where f.business_date = p.business_date
    and (f.left_out_people is null or p.employee_id = any(f.left_out_people)))";

#[derive(QueryableByName)]
struct LineRow {
    #[diesel(sql_type = Text)]
    reference: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    iban: String,
    #[diesel(sql_type = Nullable<Text>)]
    bic: Option<String>,
    #[diesel(sql_type = BigInt)]
    amount: Money,
}

/// The payments of a file of a date, by employee.
pub(in crate::accounting) fn list_bank_file_lines(
    conn: &mut PgConnection,
    date: NaiveDate,
    number: i32,
) -> AppResult<Vec<FileLine>> {
    let rows: Vec<LineRow> = sql_query(
        "select reference, name, iban, bic, amount_minor as amount from accounting.bank_file_lines
         where business_date = $1 and file_number = $2 order by employee_id",
    )
    .bind::<Date, _>(date)
    .bind::<Integer, _>(number)
    .load(conn)?;
    let line = |row: LineRow| FileLine {
        reference: row.reference,
        name: row.name,
        iban: row.iban,
        bic: row.bic,
        amount: row.amount,
    };
    Ok(rows.into_iter().map(line).collect())
}

/// Fixes what the next file of a date holds: the payouts that no file has looked at, of those who have a bank account, with name and
/// account as they are now. Whoever makes the same file at the same time waits here, and then finds it made. Gives the number of the
/// file; none when it would be empty.
pub(in crate::accounting) fn insert_bank_file_lines(
    conn: &mut PgConnection,
    date: NaiveDate,
) -> AppResult<Option<i32>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Integer)]
        number: i32,
    }
    sql_query("select pg_advisory_xact_lock(7781, 27)").execute(conn)?;
    let next: Row = sql_query(
        "select (coalesce(max(number), 0) + 1)::integer as number from accounting.bank_files where business_date = $1",
    )
    .bind::<Date, _>(date)
    .get_result(conn)?;
    let lines = sql_query(format!(
        "insert into accounting.bank_file_lines (business_date, file_number, employee_id, reference, name, iban, bic, amount_minor)
         select p.business_date, $2, p.employee_id, replace(p.transfer_id::text, '-', ''),
           coalesce(nullif(trim(e.name || ' ' || e.surname), ''), e.username, ''), b.iban, b.bic, p.amount_minor
         from accounting.payouts p join accounting.bank_accounts b on b.employee_id = p.employee_id
           left join accounting.employees e on e.id = p.employee_id
         where p.business_date = $1 and {UNORDERED}"
    ))
    .bind::<Date, _>(date)
    .bind::<Integer, _>(next.number)
    .execute(conn)?;
    Ok((lines > 0).then_some(next.number))
}

/// Stores the head of a file of a date with its sums, whom it leaves out, and the SHA-256 of its bytes.
pub(in crate::accounting) fn insert_bank_file(
    conn: &mut PgConnection,
    head: &FileHead,
    number: i32,
    sha256: &[u8],
    by: Option<Uuid>,
) -> AppResult<()> {
    sql_query(format!(
        "insert into accounting.bank_files (business_date, message_id, made_at, made_by, execute_on, currency, debtor_name,
           debtor_iban, debtor_bic, number, payments, amount_minor, left_out, left_out_minor, left_out_people, sha256)
         select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, count(l.employee_id), sum(l.amount_minor),
           count(*) filter (where l.employee_id is null), coalesce(sum(p.amount_minor) filter (where l.employee_id is null), 0),
           coalesce(array_agg(p.employee_id) filter (where l.employee_id is null), '{{}}'), $11
         from accounting.payouts p left join accounting.bank_file_lines l
           on l.business_date = p.business_date and l.employee_id = p.employee_id and l.file_number = $10
         where p.business_date = $1 and (l.employee_id is not null or {UNORDERED})"
    ))
    .bind::<Date, _>(head.business_date)
    .bind::<Text, _>(&head.message_id)
    .bind::<Timestamptz, _>(head.made_at)
    .bind::<Nullable<SqlUuid>, _>(by)
    .bind::<Date, _>(head.execute_on)
    .bind::<Text, _>(&head.currency)
    .bind::<Text, _>(&head.debtor_name)
    .bind::<Text, _>(&head.debtor_iban)
    .bind::<Nullable<Text>, _>(head.debtor_bic.as_deref())
    .bind::<Integer, _>(number)
    .bind::<Binary, _>(sha256)
    .execute(conn)?;
    Ok(())
}
