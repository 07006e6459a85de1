//! What goes on meanwhile: publishers of numbered events in our own process, and people at the product's servers.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use ates::bus;
use ates::events::{self, AccountDeleted};
use ates::platform::db::{Db, Lane, Origin, Tx};
use ates::platform::error::AppResult;
use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use uuid::Uuid;

use crate::crash::{Acknowledged, complete, create, press};
use crate::support::client::Api;

/// How many keys the publishers share.
const KEYS: u128 = 24;

/// How many tasks people leave open.
const OPEN: usize = 300;

/// Threads that go on until they are told to stop.
pub struct Load {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    pub fn none() -> Self {
        Self {
            stop: Arc::default(),
            threads: Vec::new(),
        }
    }

    /// Publishers: each unit of work takes a few keys, gives each its next number, and publishes it.
    pub fn publish(mut self, db: &Db, seed: u64, publishers: u64) -> Self {
        for publisher in 0..publishers {
            let (db, stop) = (db.clone(), Arc::clone(&self.stop));
            let mut rng = StdRng::seed_from_u64(seed ^ (publisher + 1));
            self.threads.push(std::thread::spawn(move || {
                while !stop.load(Ordering::SeqCst) {
                    let mut keys: Vec<u128> = (0..rng.random_range(1..6))
                        .map(|_| rng.random_range(0..KEYS))
                        .collect();
                    keys.sort_unstable();
                    keys.dedup();
                    let keys: Vec<Uuid> = keys.into_iter().map(Uuid::from_u128).collect();
                    drop(db.transaction_blocking(
                        Lane::Worker,
                        bus::ROLE,
                        Origin::system(),
                        |tx| publish_next(tx, &keys),
                    ));
                }
            }));
        }
        self
    }

    /// People who create and complete at any of the servers, and one who shuffles. They create until there are [`OPEN`] open
    /// tasks and complete above that, so that the work of a shuffle does not grow with the time that they go on.
    pub fn people(
        mut self,
        bases: &[String],
        tokens: &[(String, String)],
        told: &Arc<Mutex<Acknowledged>>,
    ) -> Self {
        for (index, (username, token)) in tokens.iter().enumerate() {
            let apis: Vec<Api> = bases
                .iter()
                .map(|base| Api::with_token(base.clone(), token))
                .collect();
            let (username, told, stop) =
                (username.clone(), Arc::clone(told), Arc::clone(&self.stop));
            self.threads.push(std::thread::spawn(move || {
                let mut turn = index;
                while !stop.load(Ordering::SeqCst) {
                    turn += 1;
                    let api = &apis[turn % apis.len()];
                    let done = if username == "manager" {
                        std::thread::park_timeout(Duration::from_millis(500));
                        press(api, &told)
                    } else if turn % 3 == 0 || open(&told) >= OPEN {
                        complete(api, &told)
                    } else {
                        create(api, &format!("Task {turn} of {username}"), &told)
                    };
                    if !done {
                        std::thread::park_timeout(Duration::from_millis(50));
                    }
                }
            }));
        }
        self
    }

    pub fn end(self) {
        self.stop.store(true, Ordering::SeqCst);
        for thread in self.threads {
            thread.join().unwrap();
        }
    }
}

/// How many of the tasks that people were told of are open.
fn open(told: &Mutex<Acknowledged>) -> usize {
    let told = told.lock().unwrap();
    told.created.len().saturating_sub(told.completed.len())
}

/// Gives each key its next number and publishes it, in one unit of work: either both exist or none.
pub fn publish_next(tx: &mut Tx<'_>, keys: &[Uuid]) -> AppResult<()> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        version: i64,
    }
    for key in keys {
        let row: Row = sql_query(
            "insert into proof.keys values ($1, 1) on conflict (key) do update set version = keys.version + 1 returning version",
        )
        .bind::<SqlUuid, _>(key)
        .get_result(tx.conn())?;
        events::publish(
            tx,
            *key,
            &AccountDeleted {
                version: row.version,
            },
        )?;
    }
    Ok(())
}

/// Tokens of people who are registered.
pub fn tokens(base: &str, usernames: &[String]) -> Vec<(String, String)> {
    let unique: HashSet<&String> = usernames.iter().collect();
    assert_eq!(unique.len(), usernames.len());
    usernames
        .iter()
        .map(|username| {
            let api = Api::log_in(base.to_owned(), username, crate::support::PASSWORD);
            (username.clone(), api.token().unwrap().to_owned())
        })
        .collect()
}

/// That a server takes work: a task can be created at it.
pub fn takes_work(base: &str, token: &str) -> bool {
    let api = Api::with_token(base.to_owned(), token);
    matches!(
        api.try_send(
            "POST",
            "/api/v1/tasks",
            &json!({ "title": "The first task" })
        ),
        Some((201, _))
    )
}
