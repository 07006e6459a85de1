//! Bank accounts as people see them, and how the payment file of a date stands.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Bool, Date, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{EMPLOYEE_NAME, EmployeeRef};
use crate::accounting::bank::{masked, payment_file};
use crate::accounting::store::{self, StoredFile, UNORDERED};
use crate::auth::{Actor, Operation};
use crate::platform::error::{AppError, AppResult};

/// Names of people without a bank account that a page shows at most.
const NAMES: i64 = 50;

/// Where somebody's payouts go.
#[derive(Clone, Debug)]
pub(in crate::accounting) struct BankAccountView {
    /// Whose it is.
    pub employee: EmployeeRef,
    /// The account number, masked; none when there is none.
    pub iban: Option<String>,
    /// The bank.
    pub bic: Option<String>,
    /// When it was entered.
    pub changed_at: Option<DateTime<Utc>>,
}

/// Somebody's bank account: one's own, or anybody's for accountants.
///
/// # Errors
/// Forbidden; 404 for somebody without an account in the ledger.
pub(in crate::accounting) fn show_bank_account(
    conn: &mut PgConnection,
    actor: &Actor,
    employee: Uuid,
) -> AppResult<BankAccountView> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Nullable<Text>)]
        iban: Option<String>,
        #[diesel(sql_type = Nullable<Text>)]
        bic: Option<String>,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        changed_at: Option<DateTime<Utc>>,
    }
    actor.allow(if employee == actor.id.0 {
        Operation::OwnMoney
    } else {
        Operation::RequestCorrections
    })?;
    let row: Option<Row> = sql_query(format!(
        "select {EMPLOYEE_NAME} as name, b.iban, b.bic, b.changed_at
         from accounting.accounts a left join accounting.employees e on e.id = a.id
           left join accounting.bank_accounts b on b.employee_id = a.id
         where a.employee_id = $1"
    ))
    .bind::<SqlUuid, _>(employee)
    .get_result(conn)
    .optional()?;
    let row = row.ok_or(AppError::NotFound)?;
    Ok(BankAccountView {
        employee: EmployeeRef {
            uid: employee,
            name: row.name,
        },
        iban: row.iban.as_deref().map(masked),
        bic: row.bic,
        changed_at: row.changed_at,
    })
}

/// How the payment files of a date stand.
#[derive(Clone, Debug)]
pub(in crate::accounting) struct BankFileView {
    /// Those that were made.
    pub made: Vec<StoredFile>,
    /// People paid that day whom a file that is made now would pay.
    pub ready: i64,
    /// People paid that day who are in no file, and would not be.
    pub missing: i64,
    /// The first of them by name.
    pub names: Vec<EmployeeRef>,
}

/// The condition on a payout `p` under which a file that is made now would pay it.
fn ready() -> String {
    format!(
        "{UNORDERED} and exists (select from accounting.bank_accounts b where b.employee_id = p.employee_id)"
    )
}

/// How the payment files of a settled date stand, with those whom they leave out.
///
/// # Errors
/// Forbidden.
pub(in crate::accounting) fn show_bank_file(
    conn: &mut PgConnection,
    actor: &Actor,
    date: NaiveDate,
) -> AppResult<BankFileView> {
    #[derive(QueryableByName)]
    struct Counts {
        #[diesel(sql_type = BigInt)]
        ready: i64,
        #[diesel(sql_type = BigInt)]
        missing: i64,
    }
    #[derive(QueryableByName)]
    struct Person {
        #[diesel(sql_type = SqlUuid)]
        uid: Uuid,
        #[diesel(sql_type = Text)]
        name: String,
    }
    actor.allow(Operation::Payouts)?;
    let ready = ready();
    let paid = format!(
        "select p.employee_id, {ready} as ready, exists (select from accounting.bank_file_lines l
           where l.business_date = p.business_date and l.employee_id = p.employee_id) as ordered
         from accounting.payouts p where p.business_date = $1"
    );
    let counts: Counts = sql_query(format!(
        "select count(*) filter (where c.ready) as ready, count(*) filter (where not c.ready and not c.ordered) as missing
         from ({paid}) c"
    ))
    .bind::<Date, _>(date)
    .get_result(conn)?;
    let names: Vec<Person> = sql_query(format!(
        "select c.employee_id as uid, {EMPLOYEE_NAME} as name
         from ({paid}) c left join accounting.employees e on e.id = c.employee_id
         where not c.ready and not c.ordered order by 2, 1 limit $2"
    ))
    .bind::<Date, _>(date)
    .bind::<BigInt, _>(NAMES)
    .load(conn)?;
    let person = |row: Person| EmployeeRef {
        uid: row.uid,
        name: row.name,
    };
    Ok(BankFileView {
        made: store::list_bank_files(conn, date)?,
        ready: counts.ready,
        missing: counts.missing,
        names: names.into_iter().map(person).collect(),
    })
}

/// Whether somebody was paid for a date whom a file that is made now would pay.
pub(in crate::accounting) fn is_bank_file_due(
    conn: &mut PgConnection,
    date: NaiveDate,
) -> AppResult<bool> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        due: bool,
    }
    let row: Row = sql_query(format!(
        "select exists (select from accounting.payouts p where p.business_date = $1 and {}) as due",
        ready()
    ))
    .bind::<Date, _>(date)
    .get_result(conn)?;
    Ok(row.due)
}

/// The bytes of a payment file of a date, for those who see the payouts.
///
/// # Errors
/// Forbidden; 404 when it was not made.
pub(in crate::accounting) fn download_bank_file(
    conn: &mut PgConnection,
    actor: &Actor,
    date: NaiveDate,
    number: i32,
) -> AppResult<Vec<u8>> {
    actor.allow(Operation::Payouts)?;
    let made = store::list_bank_files(conn, date)?;
    let stored = made.iter().find(|file| file.number == number);
    read_bank_file(conn, stored.ok_or(AppError::NotFound)?)
}

/// The bytes of a file from what is stored of it, compared with the digest of the first ones.
///
/// # Errors
/// Internal, when they differ.
pub(in crate::accounting) fn read_bank_file(
    conn: &mut PgConnection,
    stored: &StoredFile,
) -> AppResult<Vec<u8>> {
    let lines = store::list_bank_file_lines(conn, stored.business_date, stored.number)?;
    let bytes = payment_file(&stored.head(), &lines);
    if Sha256::digest(&bytes).as_slice() != stored.sha256 {
        return Err(AppError::internal(format!(
            "the payment file of {} would not be the one that was made first",
            stored.business_date
        )));
    }
    Ok(bytes)
}
