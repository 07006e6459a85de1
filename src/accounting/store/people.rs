//! The module's own copy of the people (A19, M39).

use diesel::sql_types::{Array, BigInt, Nullable, Text, Uuid as SqlUuid};
use diesel::{RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::events::AccountRecord;
use crate::platform::db::Tx;
use crate::platform::error::AppResult;

/// A person as auth told of them.
pub(in crate::accounting) struct NewEmployee<'a> {
    /// The id.
    pub id: Uuid,
    /// The record.
    pub record: &'a AccountRecord,
}

/// Opens the accounts of new people and stores the records, unless a newer one is there already. Each person at most once. Mails
/// that have not left follow people to new addresses.
pub(in crate::accounting) fn upsert_employees(
    tx: &mut Tx<'_>,
    people: &[NewEmployee<'_>],
) -> AppResult<()> {
    fn column<'a, T>(
        people: &'a [NewEmployee<'a>],
        field: impl Fn(&'a AccountRecord) -> T,
    ) -> Vec<T> {
        people.iter().map(|person| field(person.record)).collect()
    }
    let now = tx.now;
    let ids: Vec<Uuid> = people.iter().map(|person| person.id).collect();
    super::ledger::open_accounts(tx.conn(), &ids, now)?;
    sql_query(
        "insert into accounting.employees as e (id, username, email, name, surname, language, version, roles, record_version, active)
         select p.id, p.username, p.email, p.name, p.surname, p.language, p.version, string_to_array(p.roles, ' '), p.version, true
         from unnest($1, $2, $3, $4, $5, $6, $7, $8) as p(id, username, email, name, surname, language, version, roles)
         order by p.id
         on conflict (id) do update set username = excluded.username, email = excluded.email, name = excluded.name,
           surname = excluded.surname, language = excluded.language, roles = excluded.roles,
           record_version = excluded.record_version,
           version = greatest(e.version, excluded.version), active = e.active or e.version < excluded.version
         where e.record_version < excluded.record_version",
    )
    .bind::<Array<SqlUuid>, _>(&ids)
    .bind::<Array<Text>, _>(column(people, |record| record.username.as_str()))
    .bind::<Array<Text>, _>(column(people, |record| record.email.as_str()))
    .bind::<Array<Text>, _>(column(people, |record| record.name.as_str()))
    .bind::<Array<Text>, _>(column(people, |record| record.surname.as_str()))
    .bind::<Array<Nullable<Text>>, _>(column(people, |record| record.language.as_deref()))
    .bind::<Array<BigInt>, _>(column(people, |record| record.version))
    .bind::<Array<Text>, _>(column(people, |record| record.roles.join(" ")))
    .execute(tx.conn())?;
    super::mails::follow_addresses(tx.conn(), &ids, now)?;
    Ok(())
}

/// Marks somebody as gone, unless a newer record is there; the account and its log stay (A20). Who is not known yet is gone
/// from the start, and a record that comes late only names them (E10).
pub(in crate::accounting) fn deactivate_employee(
    tx: &mut Tx<'_>,
    id: Uuid,
    version: i64,
) -> AppResult<()> {
    let now = tx.now;
    super::ledger::open_accounts(tx.conn(), &[id], now)?;
    sql_query(
        "insert into accounting.employees as e (id, username, email, name, surname, version, active)
         values ($1, '', '', '', '', $2, false)
         on conflict (id) do update set active = e.active and e.version >= excluded.version,
           version = greatest(e.version, excluded.version)",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<BigInt, _>(version)
    .execute(tx.conn())?;
    Ok(())
}
