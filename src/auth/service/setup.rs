//! The first administrator of a new installation. A page is not enough: it also takes a code that the program prints when it starts, so
//! that the house does not belong to whoever comes first (A47).

use std::sync::atomic::{AtomicBool, Ordering};

use chrono::Duration;
use rand::Rng;
use serde_json::json;

use super::account::NewAccount;
use super::entry::hash_of;
use super::throttle::{Throttle, source_of, too_early};
use super::users::insert;
use crate::auth::password::PasswordGate;
use crate::auth::store;
use crate::auth::{ROLE, Role};
use crate::platform::config::Config;
use crate::platform::db::{Db, Lane, Origin};
use crate::platform::error::{AppError, AppResult};

/// How long a code opens the setup.
const CODE_LIFE: Duration = Duration::hours(24);

/// The letters and figures of a code: none that look alike.
const SIGNS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// Whether this installation can still be set up. One for the process: once there is an administrator, nobody is asked again.
#[derive(Debug)]
pub struct Setup {
    over: AtomicBool,
}

impl Setup {
    /// The setup as the settings have it.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            over: AtomicBool::new(!config.first_run_setup),
        }
    }

    /// Whether there is no administrator yet.
    ///
    /// # Errors
    /// Those of the database.
    pub(in crate::auth) async fn is_open(&self, db: &Db) -> AppResult<bool> {
        if self.over.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let over = db.read(ROLE, store::has_administrator).await?;
        self.over.store(over, Ordering::Relaxed);
        Ok(!over)
    }

    /// Makes the first administrator of whoever has a code.
    ///
    /// # Errors
    /// 404 once there is one; 422 at `code` for a wrong one, and for what is typed wrongly; 429 for a source that tries too often; 503
    /// when too many hash.
    pub(in crate::auth) async fn make_administrator(
        &self,
        db: &Db,
        gate: &PasswordGate,
        origin: Origin,
        code: &str,
        account: NewAccount,
    ) -> AppResult<()> {
        if !self.is_open(db).await? {
            return Err(AppError::NotFound);
        }
        let hash = hash_of(&plain(code));
        let wrong = || AppError::field("code", "field-setup-code");
        let tried = hash.clone();
        let known = db
            .transaction(ROLE, origin.clone(), move |tx| {
                let source = source_of(&tx.origin);
                if let Some(seconds) = Throttle::SETUPS_OF_SOURCE.count(tx, &source)? {
                    return Ok(Err(too_early(seconds)));
                }
                let now = tx.now;
                Ok(Ok(store::is_setup_code(tx.conn(), &tried, now)?))
            })
            .await??;
        if !known {
            return Err(wrong());
        }
        let account = NewAccount {
            roles: vec![Role::Administrator.to_string()],
            ..account
        };
        let (account, password_hash) = account.check_and_hash(gate).await?;
        db.transaction(ROLE, origin, move |tx| {
            let now = tx.now;
            store::lock_users(tx.conn())?;
            if store::has_administrator(tx.conn())? {
                return Err(AppError::NotFound);
            }
            if !store::is_setup_code(tx.conn(), &hash, now)? {
                return Err(wrong());
            }
            store::delete_setup_codes(tx.conn())?;
            let id = insert(tx, &account, &password_hash)?;
            tx.audit("auth.set_up", Some(id.0), &json!({}))
        })
        .await
    }
}

/// A code for an installation without an administrator, to be shown to whoever started the program; none when there is one.
///
/// # Errors
/// Those of the database.
pub fn open_setup(db: &Db, config: &Config) -> AppResult<Option<String>> {
    if !config.first_run_setup {
        return Ok(None);
    }
    db.transaction_blocking(Lane::Worker, ROLE, Origin::system(), |tx| {
        if store::has_administrator(tx.conn())? {
            return Ok(None);
        }
        let mut random = [0_u8; 20];
        tx.rng.fill_bytes(&mut random);
        let signs = random.map(|byte| char::from(SIGNS[usize::from(byte) % SIGNS.len()]));
        let code: String = signs
            .chunks(5)
            .map(String::from_iter)
            .collect::<Vec<_>>()
            .join("-");
        let now = tx.now;
        store::insert_setup_code(tx.conn(), &hash_of(&plain(&code)), now + CODE_LIFE, now)?;
        Ok(Some(code))
    })
}

/// A code as it is compared: capitals and figures alone.
fn plain(code: &str) -> String {
    code.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|sign| sign.to_ascii_uppercase())
        .collect()
}
