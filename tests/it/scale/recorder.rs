//! What the program asks of its database, statement by statement, as diesel tells of it.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

/// The database and the text of each statement.
static SEEN: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

/// What some connection keeps, so that its server parses it once.
static KEPT: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Notes what one connection is asked.
#[derive(Default)]
struct Recorder {
    database: String,
}

impl Instrumentation for Recorder {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartEstablishConnection { url, .. } => {
                self.database = database_of(url).to_owned();
            }
            InstrumentationEvent::StartQuery { query, .. } => {
                let words = query.to_string();
                if !is_of_the_pool(&words) {
                    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
                    seen.push((self.database.clone(), words));
                }
            }
            InstrumentationEvent::CacheQuery { sql, .. } => {
                let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
                kept.insert(sql.to_owned());
            }
            _ => {}
        }
    }
}

/// Whether a connection kept this statement, or it is one that has no plan.
pub fn is_kept(words: &str) -> bool {
    let text = words.split(" -- binds: ").next().unwrap_or_default();
    let unplanned = [
        "begin",
        "commit",
        "savepoint",
        "release savepoint",
        "set local",
        "select pg_advisory_xact_lock",
    ];
    let lower = text.to_lowercase();
    unplanned.iter().any(|word| lower.starts_with(word))
        || KEPT
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(text)
}

fn database_of(url: &str) -> &str {
    let place = url.split('?').next().unwrap_or_default();
    place.rsplit('/').next().unwrap_or_default()
}

/// What a pool asks when it opens a connection or has not heard of one for a while, and what is asked each second whatever happens:
/// whether the server takes changes.
fn is_of_the_pool(words: &str) -> bool {
    words.starts_with("set application_name")
        || words.eq_ignore_ascii_case("select 1")
        || words.starts_with("select pg_is_in_recovery() or")
}

/// Has every connection that is opened from now on tell what it is asked.
pub fn record() {
    set_default_instrumentation(|| Some(Box::new(Recorder::default()))).unwrap();
}

/// What a database was asked during some work, one string a trip to the server.
pub fn asked(database: &str, work: impl FnOnce()) -> Vec<String> {
    take(database);
    work();
    take(database)
}

/// What a database was asked since it was last taken.
fn take(database: &str) -> Vec<String> {
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let (own, others): (Vec<_>, Vec<_>) = seen.drain(..).partition(|(name, _)| name == database);
    *seen = others;
    own.into_iter().map(|(_, words)| words).collect()
}
