//! The faults of a build for proofs.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

use crate::platform::error::{AppError, AppResult};

/// The points at which the process can end.
const POINTS: [&str; 20] = [
    "publisher.before_append",
    "publisher.after_append",
    "publisher.after_commit",
    "subscriber.after_lock",
    "subscriber.after_read",
    "subscriber.before_effects",
    "subscriber.after_effects",
    "subscriber.after_cursor",
    "subscriber.after_commit",
    "parked.while_parking",
    "parked.before_done",
    "parked.before_unblock",
    "rebuild.before_switch",
    "settlement.after_begin",
    "settlement.inside_chunk",
    "settlement.after_chunk",
    "settlement.before_close",
    "settlement.after_release",
    "mail.before_send",
    "mail.after_answer",
];

const PLANTS: [&str; 7] = [
    "second_transaction",
    "pause_aside",
    "skip_blocked",
    "wild_price",
    "lost_fee",
    "lost_mail",
    "kept_bytes",
];

#[derive(Debug, Default)]
struct Faults {
    crashes: Vec<(String, f64)>,
    kills: Vec<Uuid>,
    handler_error: f64,
    handler_panic: f64,
    lost_commit: f64,
    plants: Vec<String>,
}

fn faults() -> &'static Faults {
    static FAULTS: OnceLock<Faults> = OnceLock::new();
    FAULTS.get_or_init(|| {
        let text = std::env::var("ATES_FAULTS").unwrap_or_default();
        parse(&text).unwrap_or_default()
    })
}

/// Whether the text of `ATES_FAULTS` can be understood.
///
/// # Errors
/// The entry that cannot.
pub fn check(text: &str) -> Result<(), String> {
    parse(text).map(drop)
}

fn parse(text: &str) -> Result<Faults, String> {
    let mut faults = Faults::default();
    for entry in text
        .split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
    {
        let wrong = || format!("{entry:?} is no fault");
        let (key, value) = entry.split_once('=').ok_or_else(wrong)?;
        let share = |text: &str| {
            text.parse::<f64>()
                .ok()
                .filter(|share| (0.0..=1.0).contains(share))
                .ok_or_else(wrong)
        };
        match key {
            "crash" => {
                let (point, chance) = value.split_once(':').unwrap_or((value, "1"));
                if !POINTS.contains(&point) {
                    return Err(wrong());
                }
                faults.crashes.push((point.to_owned(), share(chance)?));
            }
            "kill" => faults.kills.push(value.parse().map_err(|_| wrong())?),
            "handler_error" => faults.handler_error = share(value)?,
            "handler_panic" => faults.handler_panic = share(value)?,
            "lost_commit" => faults.lost_commit = share(value)?,
            "plant" if PLANTS.contains(&value) => faults.plants.push(value.to_owned()),
            _ => return Err(wrong()),
        }
    }
    Ok(faults)
}

/// Whether something with this probability happens now.
fn happens(chance: f64) -> bool {
    static STATE: AtomicU64 = AtomicU64::new(0);
    if chance <= 0.0 {
        return false;
    }
    let seed = u64::from(std::process::id());
    let count = STATE.fetch_add(1, Ordering::Relaxed);
    let mut mixed = (seed << 32 ^ count).wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    #[expect(clippy::cast_precision_loss, reason = "a probability")]
    let drawn = ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64;
    drawn < chance
}

/// A place at which the process may end.
pub fn point(name: &str) {
    let hit = |(point, chance): &(String, f64)| point == name && happens(*chance);
    if faults().crashes.iter().any(hit) {
        eprintln!("a planted crash at {name}");
        std::process::abort();
    }
}

/// Ends the process at an item that is meant to.
pub fn kill_at(mut subjects: impl Iterator<Item = Uuid>) {
    if subjects.any(|subject| faults().kills.contains(&subject)) {
        eprintln!("a planted crash at an item");
        std::process::abort();
    }
}

/// The end of a handler, which may fail there.
///
/// # Errors
/// A planted one.
///
/// # Panics
/// A planted one.
pub fn handler() -> AppResult<()> {
    assert!(!happens(faults().handler_panic), "a planted panic");
    if happens(faults().handler_error) {
        return Err(AppError::internal("a planted error"));
    }
    Ok(())
}

/// Whether the answer to a commit is lost.
pub fn loses_commit() -> bool {
    happens(faults().lost_commit)
}

/// Whether a guarantee is broken on purpose.
pub fn plants(name: &str) -> bool {
    faults().plants.iter().any(|planted| planted == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_and_nonsense_is_refused() {
        let text = "crash=subscriber.after_effects:0.5, handler_error=0.02,plant=skip_blocked";
        let faults = parse(text).unwrap();
        assert_eq!(
            faults.crashes,
            [("subscriber.after_effects".to_owned(), 0.5)]
        );
        assert_eq!(faults.plants, ["skip_blocked"]);
        for wrong in [
            "crash=nowhere",
            "handler_error=2",
            "plant=tree",
            "kill=me",
            "x",
        ] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }
}
