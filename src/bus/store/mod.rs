//! The bus's SQL: the log, the cursors and who holds them, the parked items.

mod cursors;
mod log;
mod outlets;
mod parked;

pub(super) use cursors::{
    Cursor, NewCursor, advance, clear_attempts, delete_pause, hold_cursor, insert_pause,
    lock_cursor, note_error, position, record_attempt, update_paused, update_position,
    update_retired, upsert_cursor,
};
pub(super) use log::{
    StoredEvent, get_event, head, list_events, list_events_of, list_logged, list_logged_of, look,
};
pub(super) use outlets::{
    OutletState, get_outlet, hold_outlet, insert_outlet, is_outlet_free, release_outlet,
};
pub(super) use parked::{
    DueItem, NewParked, count_failed_since, held_keys, insert_parked, list_due, resolve,
    skipped_items, unblock_heads, unblock_next, unresolved_items, update_failed,
};
