//! Pressing the shuffle.

use serde_json::json;
use uuid::Uuid;

use super::fresh_seed;
use crate::auth::{Actor, Operation};
use crate::platform::db::Tx;
use crate::platform::error::{AppError, AppResult, Message};
use crate::platform::ids::ShuffleId;
use crate::tasks::draw::commitment_of;
use crate::tasks::store::{self, NewShuffle};

/// Seconds after which a press is worth another try when the queue is full.
const QUEUE_PATIENCE: u32 = 30;

/// Stores a press of the shuffle and answers at once; a worker takes all open tasks then (T10 to T12). Each press is a run of its
/// own, also while others wait. `queue_limit` is how many may wait. The seed is drawn here and kept to the end of the run; its
/// digest is told at once and goes into the audit, so that nobody can choose another seed when the outcome is known.
///
/// # Errors
/// 403 without the right, 429 when the queue is full.
pub fn request_shuffle(tx: &mut Tx<'_>, actor: &Actor, queue_limit: i64) -> AppResult<ShuffleId> {
    actor.allow(Operation::Shuffle)?;
    store::lock_shuffle_queue(tx.conn())?;
    let demand = store::count_demand(tx.conn(), queue_limit)?;
    if demand.waiting >= queue_limit {
        return Err(AppError::TooManyRequests {
            message: Message::new("error-shuffle-queue-full"),
            retry_after: QUEUE_PATIENCE,
        });
    }
    let (now, id): (_, ShuffleId) = (tx.now, tx.new_id());
    let press = NewShuffle {
        id,
        seed: fresh_seed(tx),
        requested_by: actor.id,
        total: demand.open,
    };
    store::insert_shuffle(tx.conn(), now, &press)?;
    let commitment = hex::encode(commitment_of(&press.seed));
    let detail =
        json!({ "by": Uuid::from(actor.id), "open_tasks": press.total, "commitment": commitment });
    tx.audit("tasks.shuffle_requested", Some(id.0), &detail)?;
    Ok(id)
}
