//! What the proofs add to a database: a place to write down what was heard, and a witness of every move of a cursor.

use diesel::PgConnection;
use diesel::connection::SimpleConnection;

/// Sets the stage in a migrated database. A step in which the breaker trips pauses itself and still ends: only a pause by an
/// earlier transaction counts as one.
pub fn set(conn: &mut PgConnection) {
    conn.batch_execute(
        "create schema proof;
         create table proof.heard (
           id bigint generated always as identity primary key, subscriber text not null, key uuid not null,
           seq bigint not null, item_no integer not null, version bigint
         );
         create index heard_seq_idx on proof.heard (subscriber, seq, item_no);
         create table proof.keys (key uuid primary key, version bigint not null default 0);
         create table proof.moves (
           id bigint generated always as identity primary key, subscriber text not null,
           from_position bigint not null, to_position bigint not null, was_paused boolean not null
         );
         create function proof.note_move() returns trigger language plpgsql security definer as $$
         begin
           insert into proof.moves (subscriber, from_position, to_position, was_paused)
           values (old.name, old.position, new.position, exists (select from bus.pauses p
             where p.subscriber = old.name and pg_xact_status(p.xmin::text::xid8) = 'committed'));
           return null;
         end $$;
         create trigger subscribers_note_move after update on bus.subscribers
           for each row when (old.position <> new.position) execute function proof.note_move();
         grant usage on schema proof to ates_bus, ates_analytics;
         grant select, insert, update, delete on all tables in schema proof to ates_bus, ates_analytics",
    )
    .unwrap();
}

/// Lets every publisher linger for some milliseconds between its append and the end of its commit, which is when an order that
/// rests on luck goes wrong. Under the lock it costs time only.
pub fn linger(conn: &mut PgConnection) {
    conn.batch_execute(
        "create function proof.linger() returns trigger language plpgsql as $$
         begin
           perform pg_sleep(random() * 0.004);
           return null;
         end $$;
         create constraint trigger keys_linger after insert or update on proof.keys
           deferrable initially deferred for each row execute function proof.linger()",
    )
    .unwrap();
}

/// Takes the recorders' cursors away again, as the product's doctor knows none of them.
pub fn strike(conn: &mut PgConnection) {
    let tables = ["bus.parked_items", "bus.pauses", "bus.attempts"];
    let deletes: String = tables
        .map(|table| format!("delete from {table} where subscriber like 'proof.%';"))
        .concat();
    conn.batch_execute(&format!(
        "{deletes} delete from bus.subscribers where name like 'proof.%'"
    ))
    .unwrap();
}
